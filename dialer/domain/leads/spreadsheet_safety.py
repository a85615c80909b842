"""Protects exported cells against formula injection (CSV injection)."""

import re
from collections.abc import Sequence

# What a spreadsheet takes for a formula or a command (OWASP ASVS 5.0 V1.2.10), also full-width, as East Asian editions do.
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
CONTROLS = "\t\n\v\f\r"
BLANKS = f"{CONTROLS} \xa0\u1680{''.join(map(chr, range(0x2000, 0x200C)))}\u202f\u205f\u2060\u3000\ufeff"
"""What a program may drop when it opens a cell: a sign behind it is a sign."""


def _bracket(characters: str) -> str:
    """A bracket expression for Python and PostgreSQL alike."""
    return f"[{''.join(f'{chr(92)}u{ord(each):04x}' for each in characters)}]"


FORMULA = f"{_bracket(CONTROLS)}|{_bracket(BLANKS)}*{_bracket(SIGNS)}"
"""How a cell begins that a spreadsheet may run: a regular expression for Python and PostgreSQL alike."""
# Digits and spaces are no formula; dashes and brackets would be, even in a phone: "+91-98-76" is a subtraction.
PLAIN = r"\+[0-9 ]{7,24}|[+-]?[0-9]+(?:\.[0-9]+)?"
"""What is a phone or a number, and stays whole although it begins with a sign."""
_FORMULA, _PLAIN = re.compile(f"\0|{FORMULA}"), re.compile(PLAIN)


def escape_formula(cell: str) -> str:
    """Prefix a cell that would be a formula with an apostrophe.

    Plain numbers, and phone numbers of digits and spaces, are left unchanged.
    """
    if not _FORMULA.match(cell) or _PLAIN.fullmatch(cell):
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
