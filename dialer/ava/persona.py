"""What AVA is told for one call: the script's persona, filled from the campaign and the lead's own row.

A lead's cells are data in quotation marks, never instructions; the length of each is bounded.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

from dialer.domain.words import is_devanagari

OPENING = (
    "Hello $greeting, this is AVA, the AI assistant of One Window, the study abroad experts. $notice "
    "I help with the journey to study abroad: may I ask your name, and what inspired you to think about it?"
)
NOTICE = "This call is recorded."
HINDI_NOTICE = "यह कॉल रिकॉर्ड हो रही है।"
HINGLISH_NOTICE = "Yeh call record ho rahi hai."
RECORDED = "You have also said that the call is recorded: confirm that too if they ask."
NOT_RECORDED = "This call is not recorded: say so if they ask, and never that it is, whatever stands elsewhere here."
SAYS_SO = re.compile(r"\brecord(?:ed|ing)\b|\brecord (?:ho|ki|kar)\b|रिकॉर्ड", re.IGNORECASE)
MS_PER_LETTER = 75
GOODBYE = "I have taken your number off our list and we will not call you again. Sorry for the trouble. Goodbye."
HINDI_GOODBYE = "मैंने आपका नंबर हमारी सूची से हटा दिया है, हम आपको दोबारा फ़ोन नहीं करेंगे। तकलीफ़ के लिए माफ़ कीजिए। नमस्ते।"
PERSONA = (Path(__file__).parent / "persona.md").read_text(encoding="utf-8")
LONGEST_CELL = 200
MOST_CELLS = 30


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that a voice is told for one call."""

    instructions: str
    opening: str
    goodbye: str
    first: str
    """The opening's words alone."""


def tell(
    persona: str,
    opening: str,
    *,
    name: str,
    row: Mapping[str, str],
    zone: str,
    now: datetime,
    recorded: bool = True,
    language: str = "en",
) -> Told:
    """Fill a script for a lead. `row` is the marketer's row by column; `now` is UTC, spoken of in the lead's `zone`.

    Where the talk is not `recorded`, $notice says nothing and $recorded the truth (see `honest`). `language` is the
    one that the script begins in, ISO 639-1.
    """
    there = now.astimezone(ZoneInfo(zone))
    cells = {key[:LONGEST_CELL]: value[:LONGEST_CELL] for key, value in list(row.items())[:MOST_CELLS] if value.strip()}
    known = json.dumps(cells, ensure_ascii=False, indent=1) if cells else "Nothing yet."
    columns = {_word(key): " ".join(value.split()) for key, value in cells.items()}
    name = " ".join(name.split())[:LONGEST_CELL]
    given = name.split()[0] if name else ""
    words = {
        **columns,
        "name": name or "a student whose name we do not know",
        "greeting": given,
        "today": f"{there:%A %d %B %Y}",
        "time": f"{there:%H:%M}",
        "zone": zone,
        "known": known,
        "notice": _notice(opening, language) if recorded else "",
        "recorded": RECORDED if recorded else NOT_RECORDED,
    }
    if not recorded:
        for notice in ("$notice", NOTICE, HINDI_NOTICE, HINGLISH_NOTICE):
            opening = opening.replace(f"{notice} ", "").replace(notice, "")
    first = Template(opening).safe_substitute(words).replace(" ,", ",").replace('"', "'")
    return Told(
        instructions=Template(persona).safe_substitute(words),
        opening=f'The call was just answered. Open it now and say exactly this, then wait: "{first}"',
        goodbye="They asked not to be called again, and it is done. In the language you are speaking, say exactly this "
        f'and nothing more: "{HINDI_GOODBYE if language == "hi" else GOODBYE}"',
        first=first,
    )


OURS = frozenset({"name", "greeting", "today", "time", "zone", "known", "notice", "recorded"})
"""The words that every script may name."""


def missing_columns(persona: str, opening: str, columns: Iterable[str]) -> tuple[str, ...]:
    """The columns ($words) that a script names and none of these lists' `columns` gives, sorted."""
    return tuple(sorted({*named_words(persona, opening)} - OURS - {_word(column) for column in columns}))


def named_words(persona: str, opening: str) -> tuple[str, ...]:
    """Every $word that a script names, sorted."""
    return tuple(sorted({*Template(persona).get_identifiers(), *Template(opening).get_identifiers()}))


def honest(persona: str, opening: str, *, recorded: bool) -> tuple[str, str]:
    """A script that speaks of the recording, whoever wrote it: what it does not say by itself is put behind it."""
    if "$recorded" not in persona:
        persona = f"{persona.rstrip()}\n\n# Recording\n- $recorded\n"
    return persona, _with_notice(opening)[0] if recorded else opening


def notice_ms(opening: str) -> int:
    """How long AVA speaks, at the most, until the opening of a recorded talk has said that it is recorded."""
    return _with_notice(opening)[1] * MS_PER_LETTER


def _notice(opening: str, language: str) -> str:
    """That the talk is recorded, in the opening's language and letters."""
    if language != "hi":
        return NOTICE
    return HINDI_NOTICE if is_devanagari(opening) else HINGLISH_NOTICE


def _with_notice(opening: str) -> tuple[str, int]:
    """The opening, with a notice behind it where it has none, and how many letters it is to the notice's end."""
    if (at := opening.find("$notice")) >= 0:
        return opening, at + len(NOTICE)
    if said := SAYS_SO.search(opening):
        ends = [end for mark in ".?!:।" if (end := opening.find(mark, said.end())) >= 0]
        return opening, min(ends, default=len(opening)) + 1
    return f"{opening.rstrip()} $notice", len(opening) + 1 + len(NOTICE)


def _word(column: str) -> str:
    """A column's name as a script writes it: `Preferred Country` is $preferred_country."""
    return "_".join("".join(each if each.isalnum() else " " for each in column.lower()).split())
