"""When a student wants to start, in one wording: "September 2027", "Fall 2027" or "2027".

Pure. A month without a year is the next one to come (this month has passed for admissions). What is not understood is
left to the caller.
"""

import re
from datetime import date

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SEASONS = {
    "fall": ("Fall", 9),
    "autumn": ("Fall", 9),
    "spring": ("Spring", 1),
    "summer": ("Summer", 5),
    "winter": ("Winter", 0),
}
_YEARS_AHEAD = {
    "this year": 0,
    "is saal": 0,
    "current year": 0,
    "next year": 1,
    "agle saal": 1,
    "coming year": 1,
    "in a year": 1,
    "year after next": 2,
    "in two years": 2,
    "in 2 years": 2,
}
_NOISE = re.compile(r"\b(?:intakes?|semester|session|term|batch|in|of|the|for|maybe|around|probably|by|year)\b")
_NEXT = re.compile(r"\b(?:next|coming|upcoming|this)\b")
_WHEN = re.compile(r"([a-z]+)?\s*(\d{4}|\d{2})?")
_NUMERIC = re.compile(r"(\d{1,2})[/.-](\d{4})|(\d{4})[/-](\d{1,2})(?:-\d{1,2})?(?: 00:00:00)?")


def canonical_intake(text: str, today: date) -> str | None:
    """The intake in one wording, counted from `today`; None if it is not understood."""
    words = " ".join(text.casefold().replace("'", " ").replace("\u2019", " ").split())
    if found := _NUMERIC.fullmatch(words):
        month, year = int(found[1] or found[4]), int(found[2] or found[3])
        return f"{_MONTHS[month - 1].capitalize()} {year}" if 1 <= month <= 12 and _likely(year) else None
    year_said: int | None = None
    for phrase, ahead in _YEARS_AHEAD.items():
        if re.search(rf"\b{phrase}\b", words):
            words, year_said = re.sub(rf"\b{phrase}\b", " ", words), today.year + ahead
            break
    words = _NEXT.sub(" ", _NOISE.sub(" ", re.sub(r"[.,\-_/]", " ", words)))
    words = re.sub(r"^\s*(\d{4})\s+([a-z]+)\s*$", r"\2 \1", words)
    found = _WHEN.fullmatch(" ".join(words.split()))
    if found is None or (found[2] and year_said):
        return None
    if found[2]:
        year_said = int(found[2]) + (2000 if len(found[2]) == 2 else 0)
    return _say(found[1], year_said, bare=bool(found[2]) and len(found[2]) == 2, today=today)


def _say(word: str | None, year: int | None, *, bare: bool, today: date) -> str | None:
    if year is not None and not _likely(year):
        return None
    if word is None:
        return str(year) if year and not bare else None
    if word in _SEASONS:
        name, starts = _SEASONS[word]
        if year is None and not starts:
            return None
        return f"{name} {year or _next(starts, today)}"
    months = [number for number, name in enumerate(_MONTHS, 1) if len(word) >= 3 and name.startswith(word)]
    if len(months) != 1:
        return None
    return f"{_MONTHS[months[0] - 1].capitalize()} {year or _next(months[0], today)}"


def _next(month: int, today: date) -> int:
    return today.year if month > today.month else today.year + 1


def _likely(year: int) -> bool:
    return 2000 <= year <= 2100
