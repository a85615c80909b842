"""On which days a jurisdiction rests.

Pure: a fixed table of the pinned `holidays` release, with days kept and days on which they are observed both counted,
so that a rest day which moves is kept twice rather than missed. A calendar is named "AU" or, for a part of a country,
"US-LA". Public holidays only.
"""

import functools
from collections.abc import Iterable
from datetime import date, timedelta

from holidays import country_holidays

_YEAR = timedelta(days=365)


def is_holiday_in(calendars: tuple[str, ...], day: date) -> bool:
    """Whether `day` is a public holiday in any of the calendars; an unknown calendar raises NotImplementedError."""
    return any(day in days_of(calendar, day.year) for calendar in calendars)


@functools.lru_cache(maxsize=1024)
def days_of(calendar: str, year: int) -> frozenset[date]:
    """Every public holiday of one calendar year; NotImplementedError where the calendar is not known."""
    country, _, part = calendar.partition("-")
    found = country_holidays(country, subdiv=part or None, years=(year, year + 1), expand=False, observed=True)
    return frozenset(day for day in found if day.year == year)


def gaps(calendars: Iterable[str], today: date) -> list[str]:
    """Those of the calendars that know no holiday in the 365 days from `today` on, sorted."""
    return sorted(
        calendar
        for calendar in set(calendars)
        if not any(
            today <= day < today + _YEAR for year in (today.year, today.year + 1) for day in days_of(calendar, year)
        )
    )
