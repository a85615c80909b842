"""Maps the headers of a marketer's list to lead fields, from common wordings in English, Hinglish and Hindi.

Pure. Every header is scored for every field; the highest scores are assigned first, and no header is assigned twice.
A column about another person or body (a father, a counselor, a college) is never assigned.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Column: TypeAlias = Literal[
    "phone",
    "name",
    "zone",
    "consent",
    "consent_source",
    "consent_date",
    "email",
    "country",
    "course",
    "intake",
    "budget",
    "state",
]
COLUMNS: tuple[Column, ...] = get_args(Column)


@dataclass(frozen=True, slots=True)
class NoPhoneColumn:
    """No header could be the phone number; `found` are the headers the list has."""

    found: tuple[str, ...]
    says: str


_EXACT: dict[Column, str] = {
    "phone": "phone|mobile|phone number|mobile number|mobile no|phone no|mob no|cell|cell phone|mobile phone"
    "|student phone|"
    "student mobile|contact number|contact no|whatsapp number|whatsapp no|number|landline|"
    "फोन|मोबाइल|फोन नबर|मोबाइल नबर|फोन नम्बर|e164",
    "name": "name|full name|student name|lead name|candidate name|applicant name|students name|student full name"
    "|student|"
    "naam|नाम|छातर का नाम|छात्र का नाम|name of student|name of the student",
    "zone": "timezone|time zone|tz|iana timezone|lead timezone|student timezone|समय क्षेत्र",
    "consent": "consent|opt in|optin|consent given|consent to call|call consent|has consent|consented|permission"
    "|permission to call|"
    "सहमति",
    "consent_source": "consent source|source of consent|consent from|consent channel|opt in source|optin source",
    "consent_date": "consent date|date of consent|consented on|consent on|consent timestamp|opt in date"
    "|optin date|consent time",
    "email": "email|e mail|email id|email address|mail|mail id|e mail id|e mail address|student email|ईमेल",
    "country": "preferred country|country|destination|study destination|preferred destination"
    "|country of interest|target country|"
    "interested country|country preference|desired country|destination country|preferred countries|desh|देश",
    "course": "course|program|programme|course of interest|preferred course|course interested|interested course"
    "|field of study|"
    "subject|course name|desired course|intended course|course preference|कोर्स|पाठ्यक्रम",
    "intake": "intake|target intake|preferred intake|intake month|intake year|intended intake|start term|session"
    "|intake session",
    "budget": "budget|annual budget|total budget|budget range|estimated budget|बजट",
    "state": "state|province|state province|home state|region|rajya|राज्य",
}
_WORDS: dict[Column, str] = {
    "phone": r"phones?|landline|mobiles?|mob|cell|whats ?app|contact|tel|telephone|ph|"
    r"फोन|मोबाइल|number to call|calling number",
    "name": r"name|naam|contact person|नाम",
    "zone": r"time ?zone|tz",
    "consent": r"consent\w*|opt ?in|permission",
    "consent_source": r"(?:consent|opt ?in).*(?:source|from|channel|via)|(?:source|channel).*(?:consent|opt ?in)",
    "consent_date": r"(?:consent|opt ?in).*(?:date|on|time)|date.*(?:consent|opt ?in)",
    "email": r"e ?mail|mail id|ईमेल",
    "country": r"country|countries|destination|desh|देश",
    "course": r"course|program(?:me)?|field of study|कोर्स",
    "intake": r"intake",
    "budget": r"budget|बजट",
    "state": r"state|province|राज्य",
}
_OTHER_PERSON = (
    r"father\w*|mother\w*|parents?|guardian\w*|spouse|husband|wife|emergency|counsell?or|agent|owner|advisor|company|"
    r"campaign|ad|adset|form|file|user|college|university|school|institute|bank|reference|referr\w+|sender"
    r"|assigned|s o|d o|पिता|माता"
)
_EXCLUDED: dict[Column, str] = {
    "phone": r"type|code|verified|valid|status|date|time|id|email|mail|name|person|preference|consent|opt|dnd"
    "|source|attempts|last|"
    r"model|address|country|reason|mode|method|owner",
    "name": r"course|program\w*|country|city|sheet|source|event|middle|nick|product|batch|exam|test|subject|last"
    "|surname|family",
    "zone": r"counsell?or",
    "consent": r"source|date|time|from|channel|timestamp|ip|text|form",
    "consent_source": r"date|time",
    "consent_date": r"source|channel",
    "email": r"verified|valid|status|consent|opt|date|sent",
    "country": r"code|residence|home|birth|origin|current|citizenship|nationality|living|dial\w*|calling|phone"
    "|passport",
    "course": r"current|completed|last|previous|duration|fee|fees|level|id|code|past",
    "intake": r"id|fee|fees",
    "budget": r"approved|currency|spent",
    "state": r"status|machine|call|lead|united",
}
_SECOND_CHOICE: dict[Column, str] = {
    "phone": r"alternat\w*|alt|secondary|second|other|2|home|office|work|landline|residence|std|additional"
    "|backup|extra",
    "name": r"first|given|contact|whats ?app|preferred|display",
    "country": r"second|2|other|alternat\w*|backup",
    "course": r"second|2|other|alternat\w*|backup",
    "email": r"second|2|other|alternat\w*|secondary|backup",
}
_STRENGTH = {"phone": 5, "mobile": 6, "contact": -6, "ph": -4, "tel": -4, "telephone": -3}


def guess_columns(headers: Sequence[str]) -> Mapping[Column, str] | NoPhoneColumn:
    """Return the header (as written) per field; a list without a phone column is refused.

    Between equal scores the leftmost column wins. Fields without a matching header are absent.
    """
    claims = [
        (points, -place, column, header)
        for place, header in enumerate(headers)
        for column in COLUMNS
        if (points := _points(column, _plain(header))) > 0
    ]
    chosen: dict[Column, str] = {}
    for _, _, column, header in sorted(claims, key=lambda claim: claim[:2], reverse=True):
        if column not in chosen and header not in chosen.values():
            chosen[column] = header
    if "phone" not in chosen:
        filled = tuple(header for header in headers if header.strip())
        listed = ", ".join(f'"{header}"' for header in filled) or "no headers at all"
        return NoPhoneColumn(filled, f"No column looks like a phone number; the list has {listed}")
    return chosen


def is_about_another(header: str) -> bool:
    """Whether a column is about someone other than the student, such as a parent or a counselor."""
    return _has(_OTHER_PERSON, _plain(header))


def _points(column: Column, words: str) -> int:
    """Return a header's score for a field: 0 for no match, about 100 for a known wording, about 60 for a keyword.

    Second-choice columns, such as an alternate number, score 30 less.
    """
    if not words or _has(_OTHER_PERSON, words):
        return 0
    if words in _EXACT[column].split("|"):
        points = 100 - _EXACT[column].split("|").index(words)
    elif _has(_WORDS[column], words) and not _has(_EXCLUDED[column], words):
        points = 60 - 2 * words.count(" ")
    else:
        return 0
    if column in _SECOND_CHOICE and _has(_SECOND_CHOICE[column], words):
        points -= 30
    if column == "phone":
        points += sum(bonus for word, bonus in _STRENGTH.items() if _has(word, words))
    return points


def _plain(header: str) -> str:
    """Normalize a header: lower case words of letters and digits, camel case split, without brackets and nasal marks."""
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", header).replace("\ufeff", ""))
    text = re.sub(r"[\u093c\u0901\u0902]", "", text)
    text = re.sub(r"[(\[][^)\]]*[)\]]", " ", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("'", "").replace("\u2019", "")
    chars = (char if unicodedata.category(char)[0] in "LNM" else " " for char in text)
    return " ".join("".join(chars).split()).casefold()


def _has(pattern: str, words: str) -> bool:
    return re.search(rf"(?:^| )(?:{pattern})(?: |$)", words) is not None
