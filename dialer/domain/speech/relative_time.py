"""Parses callback times such as "call me tomorrow after six".

Pure. Understands ISO local time, English and Hinglish (kal, parso, subah, dopahar, shaam, raat; Devanagari too). Bare
hours from one to seven are p.m. unless the morning is named. Text that is not understood gives None, so that AVA asks
again; AVA reads an understood time back, so that the student can correct it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dialer.domain.compliance.hours import to_instant
from dialer.domain.speech.text_normalize import Part, part_of_day, plain_words

_DEFAULT_TIME = time(10)
_PART_TIMES: dict[Part, time] = {
    "morning": time(10),
    "noon": time(12),
    "afternoon": time(14),
    "evening": time(18),
    "night": time(20),
}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NOT_TODAY = re.compile(r"\bnot (?:today|now|right now|tonight)\b|\b(?:aaj|abhi) nahin?\b")
_REFUSED = re.compile(r"\b(?:not|don't|dont|never|mat|nahin?|before|pehle|yesterday|last|ago)\b")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[t ]\d{1,2}:\d{2}(?::\d{2})?(?:z|[+-]\d{2}:?\d{2})?)?")
_AHEAD = re.compile(
    r"\b(\d{1,3}(?:\.\d)?|half an?|an?|aadhe|(?:a )?couple of) ?(min|h(?:ou)?r|ghant)[a-z]*(?: and a (half))?\b"
)
_DAYS_AHEAD = re.compile(r"\b(\d{1,2}|an?) ?(day|din|week|haft)[a-z]*\b")
_WEEKDAY = re.compile(
    r"\b(?:(next week) )?(?:next |this |coming )?"
    r"(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur|urs)?(?:day)?\b(?: (next week))?"
)
_MONTH = (
    r"(jan(?=uary\b|\b)|feb(?=ruary\b|\b)|mar(?=ch\b|\b)|apr(?=il\b|\b)|may(?=\b)|jun(?=e\b|\b)|jul(?=y\b|\b)"
    r"|aug(?=ust\b|\b)|sep(?=t\b|tember\b|\b)|oct(?=ober\b|\b)|nov(?=ember\b|\b)|dec(?=ember\b|\b))[a-z]*"
)
_DAY_MONTH = re.compile(
    rf"\b(?:(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}|{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?)\b(?:,? (\d{{4}}))?"
)
_DAY_ALONE = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b")
_CLOCK = re.compile(r"(?<![\d:/.-])(\d{1,2})(?:[:.](\d{2}))?(?![\d:/])\s*(a\.?m\b|p\.?m\b)?")
_RELATIVE = (
    (re.compile(r"\bday after (?:tomorrow|tmrw)\b|\bparson?\b"), 2),
    (re.compile(r"\b(?:tomorrow|tomorow|tommorow|tommorrow|tmrw|tmr|kal)\b"), 1),
    (re.compile(r"\b(?:today|aaj|this(?= (?:morning|afternoon|evening))|(?=tonight))\b"), 0),
)


@dataclass(frozen=True, slots=True)
class _Day:
    date: date
    named: bool
    """The text named the day, so a time that has passed is not moved to the next day."""
    rest: str
    """The text without the words that named the day."""


def parse_when(text: str, now_utc: datetime, zone: str) -> datetime | None:
    """Return the time (UTC) meant by `text` in the zone (IANA); None if not understood, past, or years away.

    A day without a time means 10:00; a time without a day means its next occurrence.
    """
    words = _NOT_TODAY.sub(" ", plain_words(text))
    place = ZoneInfo(zone)
    if _ISO.fullmatch(words):
        moment = _iso(words, now_utc, place)
    elif _REFUSED.search(words):
        moment = None
    elif match := _AHEAD.search(words):
        moment = now_utc + _length(match)
    else:
        moment = _in_words(words, now_utc, place)
    return moment if moment is not None and moment > now_utc else None


def _iso(words: str, now_utc: datetime, place: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(words.upper().replace(" ", "T"))
    except ValueError:
        return None
    if not now_utc.year - 1 <= moment.year <= now_utc.year + 1:
        return None
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    return to_instant(moment.date(), moment.time() if ":" in words else _DEFAULT_TIME, place)


def _length(match: re.Match[str]) -> timedelta:
    count = match[1].removeprefix("a ")
    hours = {"a": 1.0, "an": 1.0, "half a": 0.5, "half an": 0.5, "aadhe": 0.5, "couple of": 2.0}.get(count)
    amount = (hours if hours is not None else float(count)) + (0.5 if match[3] else 0)
    return timedelta(minutes=amount) if match[2] == "min" else timedelta(hours=amount)


def _in_words(words: str, now_utc: datetime, place: ZoneInfo) -> datetime | None:
    day = _day(words, now_utc.astimezone(place).date())
    wall = _time(day.rest) if day else None
    if day is None or (wall is None and (not day.named or _CLOCK.search(day.rest))):
        return None
    moment = to_instant(day.date, wall or _DEFAULT_TIME, place)
    if moment <= now_utc and not day.named:
        moment = to_instant(day.date + timedelta(days=1), wall or _DEFAULT_TIME, place)
    return moment


def _day(words: str, today: date) -> _Day | None:
    """Return the named day, else today; None for a day that does not exist."""
    for pattern, ahead in _RELATIVE:
        if match := pattern.search(words):
            return _Day(today + timedelta(days=ahead), True, _without(words, match))
    if match := _DAYS_AHEAD.search(words):
        count = (1 if match[1].startswith("a") else int(match[1])) * (7 if match[2] in ("week", "haft") else 1)
        return _Day(today + timedelta(days=count), True, _without(words, match))
    if match := _WEEKDAY.search(words):
        return _Day(_weekday(match, today), True, _without(words, match))
    if match := re.search(r"\bnext week\b", words):
        return _Day(today + timedelta(days=7 - today.weekday()), True, _without(words, match))
    if match := _DAY_MONTH.search(words) or _DAY_ALONE.search(words):
        exact = _calendar_day(match, today)
        return _Day(exact, True, _without(words, match)) if exact else None
    return _Day(today, False, words)


def _weekday(match: re.Match[str], today: date) -> date:
    weekday = _WEEKDAYS.index(match[2])
    if match[1] or match[3]:
        return today + timedelta(days=7 - today.weekday() + weekday)
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def _calendar_day(match: re.Match[str], today: date) -> date | None:
    """Return the next such calendar day; None if it does not exist, or its stated year is past or more than one ahead."""
    try:
        if match.re is _DAY_ALONE:
            day = int(match[1])
            month_start = today.replace(day=1) if day >= today.day else (today.replace(day=1) + timedelta(days=32))
            return month_start.replace(day=day)
        month = _MONTHS.index(match[2] or match[3]) + 1
        exact = date(int(match[5] or today.year), month, int(match[1] or match[4]))
        if match[5]:
            return exact if today <= exact <= today + timedelta(days=366) else None
        return exact if exact >= today else exact.replace(year=today.year + 1)
    except ValueError:
        return None


def _time(words: str) -> time | None:
    """Return the wall time in the text; the start of a range such as "5 to 6 pm"."""
    part = part_of_day(words)
    clocks = list(_CLOCK.finditer(words))
    if not clocks:
        return _PART_TIMES[part] if part else None
    hour, minute = int(clocks[0][1]), int(clocks[0][2] or 0)
    half = clocks[0][3]
    if half is None and len(clocks) > 1 and hour % 12 <= int(clocks[1][1]) % 12:
        half = clocks[1][3]
    exact = _hour(hour, half, part)
    return time(exact, minute) if exact is not None and minute < 60 else None


def _hour(hour: int, half: str | None, part: Part | None) -> int | None:
    """Return the hour of the day, 0 to 23; None if contradictory or ambiguous ("twelve at night")."""
    if hour > 23 or (half and not 1 <= hour <= 12):
        return None
    if half:
        return hour % 12 + (12 if half.startswith("p") else 0)
    if hour > 12 or hour == 0:
        return hour
    match part:
        case "morning":
            return hour if hour < 12 else None
        case "noon" | "afternoon":
            return hour if hour >= 10 else hour + 12
        case "evening":
            return hour + 12 if hour < 12 else None
        case "night":
            return hour + 12 if 6 <= hour < 12 else None
        case None:
            return hour + 12 if hour <= 7 else hour


def _without(words: str, match: re.Match[str]) -> str:
    return f"{words[: match.start()]} {words[match.end() :]}"
