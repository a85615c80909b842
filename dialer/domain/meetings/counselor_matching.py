"""Which counselors fit a student, and whose turn it is: fair, and with a reason that a person can read.

Pure. What a counselor does not name they take all of; what a student has not said yet excludes nobody. Of those who fit
and are free, the one with the fewest meetings ahead is next, then the one who was given a meeting longest ago.
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
    """What a counselor covers: countries in the common wording, courses in words, languages as ISO 639-1."""

    countries: tuple[str, ...] = ()
    courses: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a student wants, as it was written down; empty where it is not known."""

    country: str = ""
    course: str = ""
    language: str = ""


ANYTHING, UNKNOWN = Expertise(), Wish()


def why_fits(expertise: Expertise, wish: Wish) -> str | None:
    """Why a counselor fits, in words ("covers Canada and data science, speaks en"); None where they do not."""
    country = _country(expertise, wish)
    course = _course(expertise, wish)
    if country is None or course is None or not _speaks(expertise, wish):
        return None
    about = " and ".join(each for each in (country, course) if each)
    said = [f"covers {about}"] if about else []
    said += [f"speaks {wish.language}"] if expertise.languages and wish.language else []
    return ", ".join(said) or "covers everything"


def turn(meetings_ahead: int, given_at: datetime | None, counselor_id: int) -> tuple[int, datetime, int]:
    """Sorts counselors by whose turn it is, first the next."""
    return meetings_ahead, given_at or _NEVER, counselor_id


def why_turn(meetings_ahead: int, others: int) -> str:
    """The reason of a turn in words; `others` are those who fit and were free as well."""
    if not others:
        return "the only counselor free then"
    return f"{meetings_ahead} upcoming meetings, no more than the {others} others who were free"


def nobody_says(wish: Wish) -> str:
    """That nobody fits, for the people who can change it."""
    wants = [each for each in (wish.country, wish.course, f"in {wish.language}" if wish.language else "") if each]
    return f"no counselor covers {', '.join(wants) or 'students'}"


def _country(expertise: Expertise, wish: Wish) -> str | None:
    if not expertise.countries or _is_open(wish.country):
        return ""
    said = canonical_country(wish.country) or wish.country
    wanted = {each.casefold() for each in _SEVERAL.split(said)}
    return next((each for each in expertise.countries if each.casefold() in wanted), None)


def _course(expertise: Expertise, wish: Wish) -> str | None:
    if not expertise.courses or _is_open(wish.course):
        return ""
    wanted = _words(wish.course)
    return next((each for each in expertise.courses if set(_words(each)) <= set(wanted)), None)


def _speaks(expertise: Expertise, wish: Wish) -> bool:
    return not expertise.languages or not wish.language or wish.language in expertise.languages


def _is_open(text: str) -> bool:
    return " ".join(text.split()).casefold().rstrip(".!") in _UNSURE


def _words(text: str) -> Sequence[str]:
    return _WORD.findall(text.casefold())
