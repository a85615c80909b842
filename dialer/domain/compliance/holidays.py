"""Public holidays per jurisdiction.

Pure: the data of the pinned `holidays` release. A holiday that is observed on another day counts on both days, so that
it is never missed. A calendar is named "AU" or, for a subdivision, "US-LA".
"""

import functools
from collections.abc import Iterable
from datetime import date, timedelta

from holidays import country_holidays

_YEAR = timedelta(days=365)


def is_holiday_in(calendars: tuple[str, ...], day: date) -> bool:
    """Whether `day` is a public holiday in any of the calendars. Raises NotImplementedError for an unknown calendar."""
    return any(day in days_of(calendar, day.year) for calendar in calendars)


@functools.lru_cache(maxsize=1024)
def days_of(calendar: str, year: int) -> frozenset[date]:
    """Return every public holiday in one calendar year. Raises NotImplementedError for an unknown calendar."""
    country, _, part = calendar.partition("-")
    # The following year is included: its 1 January may be observed on 31 December.
    days = country_holidays(country, subdiv=part or None, years=(year, year + 1), expand=False, observed=True)
    return frozenset(day for day in days if day.year == year)


def gaps(calendars: Iterable[str], today: date) -> list[str]:
    """Return the calendars without a holiday in the 365 days from `today` (the data has run out), sorted."""
    return sorted(
        calendar
        for calendar in set(calendars)
        if not any(
            today <= day < today + _YEAR for year in (today.year, today.year + 1) for day in days_of(calendar, year)
        )
    )
