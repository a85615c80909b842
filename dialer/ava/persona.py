"""What AVA is told for one call: the script's persona, filled from the campaign and the lead's own row.

A lead's cells are data in quotation marks, never instructions; the length of each is bounded.
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dialer.domain.compliance.disclosure import Disclosure, compose, own_words, speakable, speech_of
from dialer.domain.compliance.rules import discloses_ai
from dialer.domain.speech.placeholders import PRODUCT_PLACEHOLDERS as OURS
from dialer.domain.speech.placeholders import fill, word_of
from dialer.store.tables import Script

OPENING = "I help students with their journey to study abroad, and it is free. What inspired you to think about studying abroad?"
RECORDED = "You have also said that the call is recorded: confirm that too if they ask."
NOT_RECORDED = "This call is not recorded: say so if they ask, and never that it is, whatever stands elsewhere here."
GOODBYE = "I have taken your number off our list and we will not call you again. Sorry for the trouble. Goodbye."
HINDI_GOODBYE = "मैंने आपका नंबर हमारी सूची से हटा दिया है, हम आपको दोबारा फ़ोन नहीं करेंगे। तकलीफ़ के लिए माफ़ कीजिए। नमस्ते।"
PERSONA = (Path(__file__).parent / "persona.md").read_text(encoding="utf-8")
MAX_CELL_CHARS = 200
MAX_CELLS = 30
MAX_NAME_CHARS = 60
NO_BRACKETS = str.maketrans("[]", "()")


@dataclass(frozen=True, slots=True)
class SessionTexts:
    """Everything that a voice is told for one call."""

    instructions: str
    opening: str
    goodbye: str
    first: str
    """AVA's first words: the disclosure, then the script's own opening."""
    disclosure: Disclosure


def compose_session(
    persona: str,
    opening: str,
    *,
    business: str,
    name: str,
    row: Mapping[str, str],
    zone: str,
    now: datetime,
    phone: str | None = None,
    recorded: bool = True,
    language: str = "en",
) -> SessionTexts:
    """Fill a script for a lead. `row` is the marketer's row by column; `now` is UTC, spoken of in the lead's `zone`.

    AVA opens with the disclosure that the rules of `phone`'s country ask for (without a number, all of it); `opening`
    follows. `language` is the one that the script begins in, ISO 639-1.
    """
    there = now.astimezone(ZoneInfo(zone))
    cells = {
        key[:MAX_CELL_CHARS]: value[:MAX_CELL_CHARS] for key, value in list(row.items())[:MAX_CELLS] if value.strip()
    }
    known = json.dumps(cells, ensure_ascii=False, indent=1) if cells else "Nothing yet."
    columns = {word_of(key): " ".join(value.split()) for key, value in cells.items()}
    name = plain_name(name)
    given = name.split()[0] if name else ""
    words = {
        **columns,
        "name": name or "a student whose name we do not know",
        "greeting": given,
        "today": f"{there:%A %d %B %Y}",
        "time": f"{there:%H:%M}",
        "zone": zone,
        "known": known,
        "notice": "",
        "recorded": RECORDED if recorded else NOT_RECORDED,
        "business": business,
    }
    speech = speech_of(language, opening)
    greeting = speakable(given, speech)
    spoken = words | {"name": speakable(name, speech), "greeting": greeting}
    own = fill(own_words(opening), spoken).replace(" ,", ",").replace('"', "'")
    locked = locked_line(business, opening, greeting=greeting, phone=phone, recorded=recorded, language=language)
    first = f"{locked.words} {own}".rstrip()
    return SessionTexts(
        # In the instructions a cell is a quoted value: what a web form brought must not read as an instruction.
        instructions=fill(
            persona, words | {word: quoted(value) for word, value in columns.items() if word not in OURS}
        ),
        opening=f'The call was just answered. Open it now and say exactly this, then wait: "{first}"',
        goodbye="They asked not to be called again, and it is done. In the language you are speaking, say exactly this "
        f'and nothing more: "{HINDI_GOODBYE if language == "hi" else GOODBYE}"',
        first=first,
        disclosure=locked,
    )


def plain_name(name: str) -> str:
    """Return a name without anything that no name has: letters, marks, spaces, apostrophes, dots and hyphens stay."""
    kept = "".join(one if unicodedata.category(one)[0] in "LM" or one in " '’.-" else " " for one in name)
    return " ".join(kept.split())[:MAX_NAME_CHARS].rstrip()


def quoted(value: str) -> str:
    """Return a lead's own words as a quoted value, without the brackets that mark the product's notes."""
    return json.dumps(value.translate(NO_BRACKETS), ensure_ascii=False)


def locked_line(
    business: str,
    opening: str,
    *,
    greeting: str = "$greeting",
    phone: str | None = None,
    recorded: bool = True,
    language: str = "en",
) -> Disclosure:
    """The first sentence of a call, which a script cannot change; without a lead's `greeting`, as an editor shows it."""
    ai = phone is None or discloses_ai(phone)
    return compose(business, greeting.replace('"', "'"), speech_of(language, opening), ai=ai, recorded=recorded)


def locked_line_of(script: Script, *, recorded: bool = True) -> str:
    """A script's locked line, as pages show it beside the script."""
    return locked_line(script.business, script.opening, recorded=recorded, language=script.language).words


def without_false_claims(persona: str) -> str:
    """Append the recording instructions that a script's persona lacks."""
    return persona if "$recorded" in persona else f"{persona.rstrip()}\n\n# Recording\n- $recorded\n"
