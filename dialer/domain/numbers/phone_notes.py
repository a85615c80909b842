"""Remarks behind a phone number in its cell, as in "98765 00012 (father)".

Pure. A remark that may mean that the number must not be called is never split off: a person decides.
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
"""A remark with more digits than this may hold a second number."""
MAX_SHOWN = 40


def split_note(cell: str) -> tuple[str, str] | None:
    """The number and the remark behind it; None for a cell without a remark, or with one that a person must read."""
    found = _NOTE.fullmatch(cell)
    if found is None:
        return None
    note = " ".join((found["bracketed"] or found["words"]).split())
    if _REFUSAL.search(note) or sum(char.isdigit() for char in note) > MAX_DIGITS:
        return None
    # Repairs are joined by semicolons.
    return found["number"], note[:MAX_SHOWN].replace(";", ",")
