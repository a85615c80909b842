"""Reads an RRULE (RFC 5545) and refuses what cannot be expanded: invalid, more often than daily, or never. Pure."""

import re

from dialer.domain.meetings.recurrence import MONTHS_OF_YEAR, Frequency, Numbers, Recurrence, RecurrenceError
from dialer.domain.meetings.recurrence_days import DayFilter, WeekDay

_WEEKDAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_WEEKDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_LIMITS = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYSETPOS": (-366, 366),
}
_TIME = {"BYHOUR": 24, "BYMINUTE": 60, "BYSECOND": 60}
_TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
_KNOWN = frozenset({"FREQ", "UNTIL", "COUNT", "INTERVAL", "BYDAY", "WKST", *_LIMITS, *_TIME})
LONGEST_MONTHS = dict(zip(MONTHS_OF_YEAR, (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True))


def parse_rule(text: str) -> Recurrence:
    """Read an RRULE; its UNTIL is left to the caller.

    Raises:
        RecurrenceError: it is invalid, repeats more often than daily, or never matches.
    """
    parts: dict[str, str] = {}
    for part in text.upper().strip().rstrip(";").split(";"):
        name, _, value = part.partition("=")
        if name not in _KNOWN or not value or name in parts:
            raise RecurrenceError(f"the rule has an unknown part: {part[:40]}")
        parts[name] = value
    often = parts.get("FREQ", "")
    if often in _TOO_OFTEN:
        raise RecurrenceError("it repeats more often than daily")
    if often not in Frequency.__members__:
        raise RecurrenceError(f"the rule has no known frequency: {often[:40]}")
    week_start = parts.get("WKST", "MO")
    if week_start not in _WEEKDAYS:
        raise RecurrenceError(f"the week does not start on a weekday: {week_start[:40]}")
    limited = {name: _numbers(name, parts[name], *limits) for name, limits in _LIMITS.items() if name in parts}
    months, month_days = tuple(sorted(set(limited.get("BYMONTH", ())))), limited.get("BYMONTHDAY", ())
    if month_days and not any(
        abs(day) <= LONGEST_MONTHS[month] for month in months or MONTHS_OF_YEAR for day in month_days
    ):
        raise RecurrenceError("it repeats on a day that no month has")
    days = DayFilter(
        months,
        month_days,
        limited.get("BYYEARDAY", ()),
        limited.get("BYWEEKNO", ()),
        tuple(_weekday(said) for said in parts["BYDAY"].split(",")) if "BYDAY" in parts else (),
        _WEEKDAYS[week_start],
    )
    return Recurrence(
        Frequency[often],
        _at_least_one("INTERVAL", parts.get("INTERVAL", "1")),
        _at_least_one("COUNT", parts["COUNT"]) if "COUNT" in parts else None,
        days,
        limited.get("BYSETPOS", ()),
        _WEEKDAYS[week_start],
        *(_one_time(name, parts[name], most) if name in parts else None for name, most in _TIME.items()),
    )


def _numbers(name: str, said: str, least: int, most: int) -> Numbers:
    found = tuple(_number(name, each) for each in said.split(","))
    if any(not least <= number <= most or number == 0 for number in found):
        raise RecurrenceError(f"{name}={said[:40]} is out of range")
    return found


def _number(name: str, said: str) -> int:
    if not _NUMBER.fullmatch(said):
        raise RecurrenceError(f"{name}={said[:40]} is not a number")
    return int(said)


def _at_least_one(name: str, said: str) -> int:
    number = _number(name, said)
    if number < 1:
        raise RecurrenceError(f"{name}={number} is less than 1")
    return number


def _one_time(name: str, said: str, most: int) -> int:
    if "," in said:
        raise RecurrenceError(f"it repeats more often than daily: {name}={said[:40]}")
    number = _number(name, said)
    if not 0 <= number < most:
        raise RecurrenceError(f"{name}={number} is out of range")
    return number


def _weekday(said: str) -> WeekDay:
    found = _WEEKDAY.fullmatch(said)
    if found is None:
        raise RecurrenceError(f"BYDAY={said[:40]} is not a weekday")
    nth = int(found[1] or 0)
    if found[1] and not 1 <= abs(nth) <= 53:
        raise RecurrenceError(f"BYDAY={said[:40]} is out of range")
    return WeekDay(_WEEKDAYS[found[2]], nth)
