"""The enquiry: the twelve fields that AVA captures from a student, their normalization, and which are missing.

Pure. A value that cannot be normalized keeps the student's wording.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias, get_args

from dialer.domain.meetings.intake import canonical_intake
from dialer.domain.meetings.money import canonical_money
from dialer.domain.numbers.country import canonical_country

Field: TypeAlias = Literal[
    "name",
    "inspiration",
    "country",
    "course",
    "intake",
    "budget",
    "funding",
    "qualification",
    "grades",
    "english_test",
    "career_goal",
    "preferences",
]
FIELDS: tuple[Field, ...] = get_args(Field)
FIRST_ROUND: tuple[Field, ...] = ("name", "inspiration", "country", "course", "intake", "budget", "funding")
QUALIFYING: tuple[Field, ...] = ("country", "course", "intake", "budget")


@dataclass(frozen=True, slots=True)
class Value:
    """A captured value: the normalized text and the original."""

    text: str
    original: str


_UNSAID = frozenset(
    ["", "-", "--", "n/a", "unknown", "null", "not provided", "not mentioned", "not specified", "not asked"]
)
_UNDECIDED = frozenset(
    [
        *_UNSAID,
        "na",
        "none",
        "not sure",
        "not sure yet",
        "unsure",
        "undecided",
        "not decided",
        "not decided yet",
        "don't know",
        "dont know",
        "i don't know",
        "no idea",
        "any",
        "anything",
        "anywhere",
        "pata nahi",
        "to be decided",
        "tbd",
    ]
)
_TESTS = {"ielts": "IELTS", "toefl": "TOEFL", "pte": "PTE", "duolingo": "Duolingo", "gre": "GRE", "gmat": "GMAT"}
_NAMED, _SCORE = "|".join(_TESTS), r"(\d{1,3}(?:\.\d)?)"
_TEST = re.compile(
    rf"(?:({_NAMED})(?: (?:ibt|academic))?|{_SCORE}(?: bands?)?(?: in)? ({_NAMED}))"
    rf"(?:[ :,\-=]*(?:score |overall |band |of )*{_SCORE})?(?: bands?| overall| score)*"
)


def normalize(field: Field, value: str, today: date) -> Value:
    """Normalize a value; `today` is the date in the student's zone, to which "next year" is relative."""
    text = " ".join(value.split())
    match field:
        case "country":
            canonical = canonical_country(text)
        case "intake":
            canonical = canonical_intake(text, today)
        case "budget":
            canonical = canonical_money(text)
        case "english_test":
            canonical = _english_test(text)
        case _:
            canonical = None
    return Value(canonical or text, value)


def missing(values: Mapping[str, str]) -> list[Field]:
    """Return the first-round fields without an answer, in the order to ask them; "not sure" is an answer."""
    return [field for field in FIRST_ROUND if _plain(values.get(field, "")) in _UNSAID]


def is_qualified(values: Mapping[str, str]) -> bool:
    """Whether country, course, intake and budget are known; "not sure" is not."""
    return all(_plain(values.get(field, "")) not in _UNDECIDED for field in QUALIFYING)


def _plain(text: str) -> str:
    return " ".join(text.replace("\u2019", "'").split()).casefold().rstrip(".!")


def _english_test(text: str) -> str | None:
    """Normalize to "IELTS 7.0" or "TOEFL 100"; None unless the text is one test with at most one valid score."""
    match = _TEST.fullmatch(text.casefold())
    if match is None or (match[2] and match[4]):
        return None
    name = _TESTS[match[1] or match[3]]
    score = match[2] or match[4]
    if score is None:
        return name
    if name == "IELTS":
        return f"IELTS {float(score):.1f}" if float(score) <= 9 and float(score) * 2 % 1 == 0 else None
    return f"{name} {score}" if "." not in score else None
