"""What a list's columns hold, told by their values where no heading tells it.

Pure.
"""

import re
from collections.abc import Sequence

from dialer.domain.leads.cell_parsing import is_blank, read_date, tidy
from dialer.domain.leads.headers import is_about_another
from dialer.domain.numbers.phone import Phone, parse_phone

MOSTLY = 0.6
"""The share of a column's filled cells that must be of a kind."""
_NUMBER = re.compile(r"\+?[\d\s().\-]{7,24}")
_LEAST_DIGITS, _MOST_DIGITS = 8, 15


def looks_like_phone(cell: str) -> bool:
    """Whether a cell could be a phone number of some country; a date is none."""
    text = tidy(cell)[0]
    digits = sum(char.isdigit() for char in text)
    if not _LEAST_DIGITS <= digits <= _MOST_DIGITS or read_date(text) is not None:
        return False
    return _NUMBER.fullmatch(text) is not None


def phone_column(header: Sequence[str], rows: Sequence[Sequence[str]], country: str) -> str | None:
    """The column whose values are mostly phone numbers, the clearest first; None where there is none.

    A number without a country code is read as one of `country` (ISO 3166). Columns named for another person, such as
    "Father's mobile", are left out.
    """
    best, most = None, 0.0
    for place, name in enumerate(header):
        cells = [row[place] for row in rows if place < len(row) and not is_blank(row[place].strip())]
        if not cells or is_about_another(name):
            continue
        phones = sum(looks_like_phone(cell) and isinstance(parse_phone(cell, country), Phone) for cell in cells)
        share = phones / len(cells)
        if share >= MOSTLY and share > most:
            best, most = name, share
    return best
