"""Splits a note off a phone cell, as in "98765 00012 (father)".

Pure. A note that may mean "do not call" is never removed: the row is rejected and a person decides.
"""

import re

_NOTE = re.compile(
    r"(?P<number>[+(\d][\d\s().\-]*\d)"
    r"(?:\s*[(\[](?P<bracketed>[^()\[\]]*[^\W\d_][^()\[\]]*)[)\]]|[\s,;:\-]+(?P<words>[^\W\d_]{2}[^\d/|&\n]*))"
)
_REFUSAL = re.compile(
    r"\b(?:do ?n[o']?t|not|no (?:more )?calls?|never|stop|dnd|dnc|wrong|invalid|block\w*|mat|nahi\w*)\b|नहीं|नही|मत",
    re.I,
)
MAX_DIGITS = 6
"""A note with more digits may contain a second number."""
MAX_SHOWN = 40


def split_note(cell: str) -> tuple[str, str] | None:
    """Return the number and the note after it; None without a note, or with one that a person must review."""
    match = _NOTE.fullmatch(cell)
    if match is None:
        return None
    note = " ".join((match["bracketed"] or match["words"]).split())
    if _REFUSAL.search(note) or sum(char.isdigit() for char in note) > MAX_DIGITS:
        return None
    # Repairs are joined by semicolons, so a note may not contain one.
    return match["number"], note[:MAX_SHOWN].replace(";", ",")
