"""Parses what people enter for a counselor: weekly hours, days off and profile fields.

Pure. Invalid input raises InvalidInputError with a one-line message; nothing is guessed.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialer.domain.compliance.holidays import gaps
from dialer.domain.compliance.hours import to_instant
from dialer.domain.compliance.rules import destination
from dialer.domain.numbers.country import canonical_country
from dialer.domain.numbers.phone import BadPhone, parse_phone
from dialer.domain.speech.spoken_email import parse_email

Span: TypeAlias = tuple[time, time]
"""(opens, closes) in the counselor's own zone; closing at 00:00 is midnight at the end of the day."""
Week: TypeAlias = Mapping[int, Sequence[Span]]
"""Sorted spans by weekday (Monday is 0); a weekday without spans has no meetings."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LIMITS = {
    "slot_minutes": (5, 480),
    "notice_minutes": (0, 60 * 24 * 14),
    "buffer_before_minutes": (0, 240),
    "buffer_after_minutes": (0, 240),
    "max_per_day": (0, 100),
}
"""Minimum and maximum of each number; 0 meetings per day means no limit."""
LONGEST_WORDS, MOST_WORDS, LONGEST_WHY, LONGEST_ADDRESS = 200, 100, 500, 2000
YEARS = range(2000, 2101)
_CLOCK = re.compile(r"(\d{1,2})(?::?([0-5]\d))?", re.ASCII)
_CALENDAR = re.compile(r"[A-Z]{2}(?:-[A-Za-z0-9]{1,8})?", re.ASCII)
_CONTROL = ("Cc", "Cs")
"""Categories of control characters; the joiners of Indic scripts are not among them."""
_MIDNIGHT, _DAY = time(0), timedelta(days=1)


class InvalidInputError(ValueError):
    """The input is invalid; the message says why in one line."""


def read_spans(text: str) -> list[Span]:
    """Parse a day's spans such as "10:00-13:00, 14:00-18:00" (24:00 is the end of the day); [] for an empty text."""
    spans = sorted(_span(part, text) for part in text.split(",")) if text.strip() else []
    for (_, before), (after, _) in pairwise(spans):
        if before > after or before == _MIDNIGHT:
            raise InvalidInputError(f"the hours {text} overlap")
    return spans


def read_week(texts: Mapping[str, str]) -> dict[int, list[Span]]:
    """Parse spans by weekday from texts by day ("mon": "10:00-18:00"); days not given are absent."""
    week = {}
    for day, text in texts.items():
        if day not in DAYS:
            raise InvalidInputError(f"a day is one of {', '.join(DAYS)}, not {day!r}")
        number = DAYS.index(day)
        try:
            week[number] = read_spans(text)
        except InvalidInputError as error:
            raise InvalidInputError(f"{DAY_NAMES[number]}: {error}") from error
    return week


def read_weekdays(text: str) -> list[int]:
    """Parse weekdays such as mon-fri or mon,wed,fri; a range may wrap around, as in fri-mon."""
    chosen: set[int] = set()
    for part in text.lower().split(","):
        first, _, last = part.strip().partition("-")
        ends = [day.strip()[:3] for day in (first, last or first)]
        if not set(ends) <= set(DAYS):
            raise InvalidInputError(f"write days as mon-fri or mon,wed,fri, not {text!r}")
        start, end = (DAYS.index(day) for day in ends)
        chosen.update(range(start, end + 1) if start <= end else [*range(start, 7), *range(end + 1)])
    return sorted(chosen)


def spans_text(spans: Iterable[Span]) -> str:
    """Format spans in the form that `read_spans` parses."""
    return ", ".join(f"{opens:%H:%M}-{_closing(closes)}" for opens, closes in spans)


def read_days_off(first: str, last: str, zone: str) -> tuple[datetime, datetime]:
    """Return the UTC span from the start of `first` to the end of `last`: days (2026-03-02) or times (2026-03-02T14:00).

    Both are in the counselor's own zone (IANA); an empty `last` means `first`.
    """
    place = ZoneInfo(zone)
    try:
        since = _moment(first, place, last_one=False)
        until = _moment(last or first, place, last_one=True)
    except ValueError as error:
        raise InvalidInputError(f"write a day as 2026-03-02, a time as 2026-03-02T14:00: {error}") from error
    if since >= until:
        raise InvalidInputError(f"{last or first} is not after {first}")
    return since, until


def read_zone(text: str) -> str:
    """Validate the name of an IANA zone."""
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(f"{text!r} is not a time zone; use one such as Asia/Kolkata") from error


def read_fields(given: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Parse the given fields of a counselor into column values.

    Lists may be comma-separated texts; an empty text is None or []. `today` is needed to check the holiday calendar.
    """
    return {name: _field(name, value, today) for name, value in given.items()}


def _field(name: str, value: Any, today: date) -> Any:
    match name:
        case "name":
            return _words(value)
        case "zone":
            return read_zone(value)
        case "email":
            return _email(value) if value else None
        case "phone":
            return _phone(value) if value else None
        case "countries":
            return _several(value, _country)
        case "courses":
            return _several(value, lambda course: _words(course).lower())
        case "languages":
            return _several(value, _language)
        case "holidays":
            return _holidays(value, today) if value else None
        case "calendar_url":
            return _address(value) if value else None
        case "takes_transfers":
            return bool(value)
        case _:
            return _number(name, value)


def _span(part: str, text: str) -> Span:
    ends = [_CLOCK.fullmatch(end.strip()) for end in part.replace("–", "-").split("-")]
    clocks = [(int(match[1]), int(match[2] or 0)) for match in ends if match]
    if len(ends) != 2 or len(clocks) != 2 or clocks[0][0] > 23 or clocks[1] > (24, 0):
        raise InvalidInputError(f"write hours as 10:00-13:00, 14:00-18:00, not {text!r}")
    opens, closes = (time(hour % 24, minute) for hour, minute in clocks)
    if closes != _MIDNIGHT and opens >= closes:
        raise InvalidInputError(f"hours must end after they start, not {text}")
    return opens, closes


def _closing(closes: time) -> str:
    return "24:00" if closes == _MIDNIGHT else f"{closes:%H:%M}"


def _moment(text: str, place: ZoneInfo, *, last_one: bool) -> datetime:
    wall = datetime.fromisoformat(text) if "T" in text else None
    day = date.fromisoformat(text) if wall is None else wall.date()
    if wall is not None and wall.tzinfo is not None:
        raise ValueError("leave out the UTC offset; times are in the counselor's own zone")
    if day.year not in YEARS:
        raise ValueError(f"the year must be from {YEARS[0]} to {YEARS[-1]}")
    if wall is not None:
        return to_instant(day, wall.time(), place)
    return to_instant(day + _DAY if last_one else day, _MIDNIGHT, place)


def _several(value: str | Iterable[str], read: Any) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else value
    values = list(dict.fromkeys(read(part.strip()) for part in parts if part.strip()))
    if len(values) > MOST_WORDS:
        raise InvalidInputError(f"enter at most {MOST_WORDS} values, not {len(values)}")
    return values


def _words(text: str) -> str:
    words = " ".join(text.split())
    if not words or len(words) > LONGEST_WORDS or any(unicodedata.category(char) in _CONTROL for char in words):
        raise InvalidInputError(f"a name has 1 to {LONGEST_WORDS} characters in one line, not {text[:50]!r}")
    return words


def _email(text: str) -> str:
    address = parse_email(text)
    if address is None:
        raise InvalidInputError(f"{text!r} is not an email address")
    return address


def _phone(text: str) -> str:
    phone = parse_phone(text, "IN")
    if isinstance(phone, BadPhone):
        raise InvalidInputError(f"{text!r}: {phone.says}")
    can_call, says = destination(phone.e164)
    if not can_call:  # a transfer bills a call to this number: no premium rate, no satellite
        raise InvalidInputError(f"{text!r} cannot take transfers: {says}")
    return phone.e164


def _country(text: str) -> str:
    country = canonical_country(text)
    if country is None or " or " in country:
        raise InvalidInputError(f"{text!r} is not a known country")
    return country


def _language(text: str) -> str:
    if len(text) != 2 or not text.isascii() or not text.isalpha():
        raise InvalidInputError(f"a language is two letters such as en or hi, not {text!r}")
    return text.lower()


def _holidays(text: str, today: date) -> str:
    try:
        if not _CALENDAR.fullmatch(text):
            raise NotImplementedError(text)
        gaps([text], today)
    except NotImplementedError as error:
        raise InvalidInputError(f"there are no public holidays for {text!r}; use IN, or US-CA for a state") from error
    return text


def _address(text: str) -> str:
    if len(text) > LONGEST_ADDRESS or not text.isprintable():
        raise InvalidInputError("the calendar URL is too long or not a URL")
    return text


def _number(name: str, value: int) -> int | None:
    least, most = LIMITS[name]
    if not least <= value <= most:
        raise InvalidInputError(f"{name.replace('_', ' ')} must be {least} to {most}, not {value}")
    return None if name == "max_per_day" and not value else value
