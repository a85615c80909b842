"""What the gate looks at, for people of several places, as the tests of the gate need it."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from dialer.domain.compliance.gate import Eligibility, EligibilityFacts, RuleResult, evaluate
from dialer.domain.compliance.hours import Window
from dialer.domain.compliance.rules import rules_for

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
INDIA, LONDON, NEW_YORK, MIAMI, SYDNEY, LOS_ANGELES, BERLIN, DUBAI = (
    "+919812000001",
    "+442079460990",
    "+12125550190",
    "+13055550106",
    "+61287654321",
    "+13105550106",
    "+493012345678",
    "+971501234567",
)
OWN = Window.uniform(time(10), time(19), range(6))
"""A campaign's hours where nobody chose others."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person lives, and what the law there says, written down a second time for the tests.

    `hours` is by weekday (Monday 0) the law's first and last wall time; `holidays` are calendars of the `holidays`
    package.
    """

    phone: str
    zone: str
    hours: dict[int, tuple[time, time]]
    holidays: tuple[str, ...] = ()


def _week(weekday: tuple[int, int], saturday: tuple[int, int] | None, sunday: tuple[int, int] | None) -> Any:
    spans = {**dict.fromkeys(range(5), weekday), 5: saturday, 6: sunday}
    return {day: (time(span[0]), time(span[1])) for day, span in spans.items() if span}


PLACES = (
    Place(INDIA, "Asia/Kolkata", _week((9, 21), (9, 21), (9, 21))),
    Place(NEW_YORK, "America/New_York", _week((8, 21), (8, 21), (8, 21))),
    Place(LONDON, "Europe/London", _week((9, 20), (10, 17), None), ("GB-ENG", "GB-NIR", "GB-SCT", "GB-WLS")),
    Place(SYDNEY, "Australia/Sydney", _week((9, 20), (9, 17), None), ("AU",)),
    Place(LOS_ANGELES, "America/Los_Angeles", _week((8, 21), (8, 21), (8, 21))),
    Place(BERLIN, "Europe/Berlin", _week((9, 20), (10, 16), None), ("DE",)),
)


@functools.cache
def _on_the_wall(name: str, year: int) -> frozenset[date]:
    country, _, part = name.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))


def by_the_clock(place: Place, now: datetime, zones: Iterable[str], own: Window | None) -> list[str]:
    """What speaks against ringing now by the clock and the calendar on the wall, reckoned as a person does it.

    `own` are the campaign's hours; None for a promised call-back, which keeps the law's alone.
    """
    found = []
    for zone in zones:
        there = now.astimezone(ZoneInfo(zone))
        shut, minute = (time(0), time(0)), there.hour * 60 + there.minute
        hours = [place.hours.get(there.weekday(), shut)]
        hours += [own.spans.get(there.weekday(), shut)] if own else []
        for opens, closes in hours:
            end = closes.hour * 60 + closes.minute
            if not opens.hour * 60 + opens.minute <= minute < end:
                found.append("hours")
            elif minute >= end - (10 if own else 1):
                found.append("closing")
        if any(there.date() in _on_the_wall(name, there.year) for name in place.holidays):
            found.append("holiday")
    return found


def at(zone: str, *when: int) -> datetime:
    """The UTC instant of a wall time."""
    return datetime(*when, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[misc,arg-type]


TUESDAY_11 = at("Asia/Kolkata", 2026, 2, 10, 11)


def facts(**changes: Any) -> EligibilityFacts:
    """A lead in India whom every rule lets ring, at eleven on a Tuesday; `changes` are what is otherwise."""
    phone = changes.get("phone", INDIA)
    ordinary: dict[str, Any] = {
        "now": TUESDAY_11,
        "phone": phone,
        "campaign_state": "running",
        "campaign_why": None,
        "halted": None,
        "listed": (),
        "registered": (),
        "registry_ages": (),
        "consent": None,
        "consent_source": None,
        "zones": ("Asia/Kolkata",),
        "rules": rules_for(phone),
        "own_window": OWN,
        "carrier": "twilio",
        "carrier_on_loopback": False,
        "live": False,
        "lead_state": "ready",
        "last_outcome": None,
        "next_attempt_at": None,
        "promised": False,
        "attempts": 0,
        "max_attempts": 4,
        "rung": (),
        "calls_per_day": 2,
        "cool_down": 10 * MINUTE,
        "live_calls": 0,
        "concurrency": 10,
        "bridges_up": 1,
        "bridges_free": 10,
        "tokens": 1.0,
        "spent": Decimal(0),
        "held": Decimal(0),
        "reserve": Decimal("0.50"),
        "spend_cap": None,
        "number_cap": 5,
        "day_committed": Decimal(0),
        "day_cap": Decimal(1000),
    }
    return EligibilityFacts(**(ordinary | changes))


def at_home(place: Place, now: datetime, **changes: Any) -> EligibilityFacts:
    """A person of that place who agreed in writing to be called."""
    ordinary = {"phone": place.phone, "zones": (place.zone,), "consent": True, "consent_source": "web form"}
    return facts(now=now, **(ordinary | changes))


def answer(verdict: Eligibility, rule: str) -> RuleResult:
    """What one rule said."""
    return next(each for each in verdict.answers if each.rule == rule)


def refusals(given: EligibilityFacts) -> list[RuleResult]:
    """Every refusal, in order."""
    return [each for each in evaluate(given).answers if not each.ok]
