"""Detects the phone column by its values, for lists whose header does not name it. Pure."""

import re
from collections.abc import Sequence

from dialer.domain.leads.cell_parsing import is_blank, read_date, tidy
from dialer.domain.leads.headers import is_about_another
from dialer.domain.numbers.phone import Phone, parse_phone

MOSTLY = 0.6
"""The share of a column's filled cells that must be phone numbers."""
_NUMBER = re.compile(r"\+?[\d\s().\-]{7,24}")
_MIN_DIGITS, _MAX_DIGITS = 8, 15


def looks_like_phone(cell: str) -> bool:
    """Whether a cell could be a phone number of some country and is not a date."""
    text = tidy(cell)[0]
    digits = sum(char.isdigit() for char in text)
    if not _MIN_DIGITS <= digits <= _MAX_DIGITS or read_date(text) is not None:
        return False
    return _NUMBER.fullmatch(text) is not None


def phone_column(header: Sequence[str], rows: Sequence[Sequence[str]], country: str) -> str | None:
    """Return the column with the highest share of phone numbers; None if no column is mostly phone numbers.

    Numbers without a country code are parsed as numbers of `country` (ISO 3166). Columns about another person, such as
    "Father's mobile", are ignored.
    """
    best, highest = None, 0.0
    for place, name in enumerate(header):
        cells = [row[place] for row in rows if place < len(row) and not is_blank(row[place].strip())]
        if not cells or is_about_another(name):
            continue
        phones = sum(looks_like_phone(cell) and isinstance(parse_phone(cell, country), Phone) for cell in cells)
        share = phones / len(cells)
        if share >= MOSTLY and share > highest:
            best, highest = name, share
    return best
