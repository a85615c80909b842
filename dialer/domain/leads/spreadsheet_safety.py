"""Cells that are safe to open in a spreadsheet program."""

import re
from collections.abc import Sequence

# What a spreadsheet takes for a formula or a command (OWASP ASVS 5.0 V1.2.10).
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
# Digits and spaces are no formula; dashes and brackets would be, even in a phone: "+91-98-76" is a subtraction.
_PLAIN = re.compile(r"\+[\d ]{7,24}|[+-]?\d+(?:\.\d+)?")


def escape_formula(cell: str) -> str:
    """The cell with an apostrophe before what would be a formula; phones of digits and spaces and plain numbers stay whole."""
    if not cell.startswith(_STARTS) or _PLAIN.fullmatch(cell):
        return cell
    return f"'{cell}"


FIX_COLUMNS = ("problem", "suggestion")
"""What a fix-and-upload file has at the right of the marketer's own columns."""
OUR_LEAD_COLUMNS = (
    *("phone", "campaign", "state", "attempts", "outcome", "next_attempt", "why", "name", "inspiration", "country"),
    *("course", "intake", "budget", "funding", "qualification", "grades", "english_test", "career_goal"),
    *("preferences", "meeting", "counselor"),
)
"""What an export of leads has at the right of the marketer's own columns."""


def our_columns(own: Sequence[str]) -> tuple[str, ...]:
    """Our columns beside these: a name that the marketer already uses gets `ava_` before it."""
    taken = {column.casefold() for column in own}
    names = []
    for name in OUR_LEAD_COLUMNS:
        while name.casefold() in taken:
            name = f"ava_{name}"
        names.append(name)
        taken.add(name.casefold())
    return tuple(names)


def own_columns(header: Sequence[str]) -> tuple[str, ...] | None:
    """The marketer's own columns of an export of leads; None for a list that is none, or that has none of its own."""
    own = tuple(header[: -len(OUR_LEAD_COLUMNS)])
    return own if own and tuple(header[len(own) :]) == our_columns(own) else None


def unescape_formula(cell: str) -> str:
    """A cell before `neutral` put an apostrophe in front of it; any other cell as it is."""
    return cell[1:] if cell[:1] == "'" and escape_formula(cell[1:]) == cell else cell
