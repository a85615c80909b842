"""What AVA finds out from a student: twelve fields, their wording, and what is still to ask.

Pure. A value that cannot be brought to the common wording keeps the student's own; nothing is ever lost or invented.
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
    """One captured value: the wording everybody reads, and what was given."""

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
    """The value in its common wording; `today` is the student's own date, from which "next year" counts."""
    text = " ".join(value.split())
    match field:
        case "country":
            said = canonical_country(text)
        case "intake":
            said = canonical_intake(text, today)
        case "budget":
            said = canonical_money(text)
        case "english_test":
            said = _english_test(text)
        case _:
            said = None
    return Value(said or text, value)


def missing(values: Mapping[str, str]) -> list[Field]:
    """What of the first round has not been answered, in asking order; "not sure" is an answer."""
    return [field for field in FIRST_ROUND if _plain(values.get(field, "")) in _UNSAID]


def is_qualified(values: Mapping[str, str]) -> bool:
    """True if country, course, intake and budget are known; "not sure" is not known."""
    return all(_plain(values.get(field, "")) not in _UNDECIDED for field in QUALIFYING)


def _plain(text: str) -> str:
    return " ".join(text.replace("\u2019", "'").split()).casefold().rstrip(".!")


def _english_test(text: str) -> str | None:
    """ "IELTS 7.0", "TOEFL 100"; None for anything but one test with one score that the test can give."""
    found = _TEST.fullmatch(text.casefold())
    if found is None or (found[2] and found[4]):
        return None
    name = _TESTS[found[1] or found[3]]
    score = found[2] or found[4]
    if score is None:
        return name
    if name == "IELTS":
        return f"IELTS {float(score):.1f}" if float(score) <= 9 and float(score) * 2 % 1 == 0 else None
    return f"{name} {score}" if "." not in score else None
