"""Normalizes when a student wants to start: "September 2027", "Fall 2027" or "2027".

Pure. A month without a year is its next occurrence after the current month, whose admissions are closed.
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
    """Return the canonical intake, relative to `today`; None if the text is not understood."""
    words = " ".join(text.casefold().replace("'", " ").replace("\u2019", " ").split())
    if match := _NUMERIC.fullmatch(words):
        month, year = int(match[1] or match[4]), int(match[2] or match[3])
        return f"{_MONTHS[month - 1].capitalize()} {year}" if 1 <= month <= 12 and _likely(year) else None
    stated_year: int | None = None
    for phrase, ahead in _YEARS_AHEAD.items():
        if re.search(rf"\b{phrase}\b", words):
            words, stated_year = re.sub(rf"\b{phrase}\b", " ", words), today.year + ahead
            break
    words = _NEXT.sub(" ", _NOISE.sub(" ", re.sub(r"[.,\-_/]", " ", words)))
    words = re.sub(r"^\s*(\d{4})\s+([a-z]+)\s*$", r"\2 \1", words)
    match = _WHEN.fullmatch(" ".join(words.split()))
    if match is None or (match[2] and stated_year):
        return None
    if match[2]:
        stated_year = int(match[2]) + (2000 if len(match[2]) == 2 else 0)
    return _format(match[1], stated_year, bare=bool(match[2]) and len(match[2]) == 2, today=today)


def _format(word: str | None, year: int | None, *, bare: bool, today: date) -> str | None:
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
