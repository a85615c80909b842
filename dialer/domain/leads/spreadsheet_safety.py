"""Protects exported cells against formula injection (CSV injection)."""

import re
from collections.abc import Sequence

# First characters that a spreadsheet may read as a formula or command (OWASP ASVS 5.0, V1.2.10).
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
# Digits and spaces are safe; dashes and brackets are not, even in a phone number: "+91-98-76" is a subtraction.
_PLAIN = re.compile(r"\+[\d ]{7,24}|[+-]?\d+(?:\.\d+)?")


def escape_formula(cell: str) -> str:
    """Prefix a cell that would be a formula with an apostrophe.

    Plain numbers, and phone numbers of digits and spaces, are left unchanged.
    """
    if not cell.startswith(_STARTS) or _PLAIN.fullmatch(cell):
        return cell
    return f"'{cell}"


FIX_COLUMNS = ("problem", "suggestion")
"""The columns of an error report, to the right of the marketer's own columns."""
OUR_LEAD_COLUMNS = (
    *("phone", "campaign", "state", "attempts", "outcome", "next_attempt", "why", "name", "inspiration", "country"),
    *("course", "intake", "budget", "funding", "qualification", "grades", "english_test", "career_goal"),
    *("preferences", "meeting", "counselor"),
)
"""The columns of a lead export, to the right of the marketer's own columns."""


def our_columns(own: Sequence[str]) -> tuple[str, ...]:
    """Return `OUR_LEAD_COLUMNS`, with the prefix `ava_` on names that the marketer's columns already use."""
    taken = {column.casefold() for column in own}
    names = []
    for name in OUR_LEAD_COLUMNS:
        while name.casefold() in taken:
            name = f"ava_{name}"
        names.append(name)
        taken.add(name.casefold())
    return tuple(names)


def own_columns(header: Sequence[str]) -> tuple[str, ...] | None:
    """Return the marketer's own columns if the header is that of a lead export; None if it is not or has none."""
    own = tuple(header[: -len(OUR_LEAD_COLUMNS)])
    return own if own and tuple(header[len(own) :]) == our_columns(own) else None


def unescape_formula(cell: str) -> str:
    """Undo `escape_formula`; any other cell is returned unchanged."""
    return cell[1:] if cell[:1] == "'" and escape_formula(cell[1:]) == cell else cell
