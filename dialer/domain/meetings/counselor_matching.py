"""Matches counselors to a student and picks whose turn it is, with a readable reason.

Pure. An empty field of a counselor's expertise matches everything; an unknown field of the student's wish excludes no
counselor. Of the matching counselors who are free, the one with the fewest upcoming meetings is next, then the one who
was least recently assigned one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dialer.domain.numbers.country import canonical_country

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_WORD = re.compile(r"\w+")
_SEVERAL = re.compile(r"\s*(?:[/,;]|\bor\b|\band\b)\s*", re.IGNORECASE)
_UNSURE = frozenset({"", "not sure", "undecided", "any", "anything", "anywhere", "abroad", "unknown"})


@dataclass(frozen=True, slots=True)
class Expertise:
    """What a counselor covers: canonical country names, course names, languages (ISO 639-1). Empty covers all."""

    countries: tuple[str, ...] = ()
    courses: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a student wants, as captured; empty if unknown."""

    country: str = ""
    course: str = ""
    language: str = ""


ANYTHING, UNKNOWN = Expertise(), Wish()


def why_fits(expertise: Expertise, wish: Wish) -> str | None:
    """Return why a counselor matches ("covers Canada and data science, speaks en"); None if they do not."""
    country = _country(expertise, wish)
    course = _course(expertise, wish)
    if country is None or course is None or not _speaks(expertise, wish):
        return None
    about = " and ".join(part for part in (country, course) if part)
    reasons = [f"covers {about}"] if about else []
    reasons += [f"speaks {wish.language}"] if expertise.languages and wish.language else []
    return ", ".join(reasons) or "covers everything"


def turn(meetings_ahead: int, given_at: datetime | None, counselor_id: int) -> tuple[int, datetime, int]:
    """Return the sort key of counselors by turn; the smallest is next."""
    return meetings_ahead, given_at or _NEVER, counselor_id


def why_turn(meetings_ahead: int, others: int) -> str:
    """Return why it is a counselor's turn; `others` counts the other matching counselors who were free."""
    if not others:
        return "the only counselor free then"
    return f"{meetings_ahead} upcoming meetings, no more than the {others} others who were free"


def nobody_says(wish: Wish) -> str:
    """Return the message that no counselor matches, for the operators."""
    wants = [part for part in (wish.country, wish.course, f"in {wish.language}" if wish.language else "") if part]
    return f"no counselor covers {', '.join(wants) or 'students'}"


def _country(expertise: Expertise, wish: Wish) -> str | None:
    if not expertise.countries or _is_open(wish.country):
        return ""
    countries = canonical_country(wish.country) or wish.country
    wanted = {country.casefold() for country in _SEVERAL.split(countries)}
    return next((country for country in expertise.countries if country.casefold() in wanted), None)


def _course(expertise: Expertise, wish: Wish) -> str | None:
    if not expertise.courses or _is_open(wish.course):
        return ""
    wanted = _words(wish.course)
    return next((course for course in expertise.courses if set(_words(course)) <= set(wanted)), None)


def _speaks(expertise: Expertise, wish: Wish) -> bool:
    return not expertise.languages or not wish.language or wish.language in expertise.languages


def _is_open(text: str) -> bool:
    return " ".join(text.split()).casefold().rstrip(".!") in _UNSURE


def _words(text: str) -> Sequence[str]:
    return _WORD.findall(text.casefold())
