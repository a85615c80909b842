"""Cells that are safe to open in a spreadsheet program."""

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
    """The cell with an apostrophe before what would be a formula; phones of digits and spaces and plain numbers stay whole."""
    if not _FORMULA.match(cell) or _PLAIN.fullmatch(cell):
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
