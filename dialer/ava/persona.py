"""What AVA is told for one call: the script's persona, filled from the campaign and the lead's own row.

A lead's cells are data in quotation marks, never instructions; the length of each is bounded.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

OPENING = (
    "Hello $greeting, this is AVA, the AI assistant of One Window, the study abroad experts. This call is recorded. "
    "I help with the journey to study abroad: may I ask your name, and what inspired you to think about it?"
)
GOODBYE = "I have taken your number off our list and we will not call you again. Sorry for the trouble. Goodbye."
PERSONA = (Path(__file__).parent / "persona.md").read_text(encoding="utf-8")
LONGEST_CELL = 200
MOST_CELLS = 30


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that a voice is told for one call."""

    instructions: str
    opening: str
    goodbye: str


def tell(persona: str, opening: str, *, name: str, row: Mapping[str, str], zone: str, now: datetime) -> Told:
    """Fill a script for a lead. `row` is the marketer's row by column; `now` is UTC, spoken of in the lead's `zone`."""
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
    }
    first = Template(opening).safe_substitute(words).replace("Hello ,", "Hello,").replace('"', "'")
    return Told(
        instructions=Template(persona).safe_substitute(words),
        opening=f'The call was just answered. Open it now and say exactly this, then wait: "{first}"',
        goodbye=f'They asked not to be called again, and it is done. Say exactly this and nothing more: "{GOODBYE}"',
    )


def _word(column: str) -> str:
    """A column's name as a script writes it: `Preferred Country` is $preferred_country."""
    return "_".join("".join(each if each.isalnum() else " " for each in column.lower()).split())
