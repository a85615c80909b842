"""Detects a list's encoding, separator and header row.

Pure: bytes and rows in, a guess out. Every guess is shown to the marketer, who can override it.
"""

import codecs
import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dialer.domain.leads.column_values import looks_like_phone
from dialer.domain.leads.headers import NoPhoneColumn, guess_columns

SEPARATORS = (",", ";", "\t", "|")
SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
SAMPLE_LINES = 20
"""The number of first lines that are inspected."""
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
_HEIF = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(start: bytes) -> str | None:
    """Return the encoding shown by a byte order mark or by the zero bytes of UTF-16; None if neither is there."""
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    pairs = len(start) // 2
    if pairs >= 4:
        high, low = start[0 : 2 * pairs : 2].count(0), start[1 : 2 * pairs : 2].count(0)
        if low > 0.6 * pairs and high < 0.1 * pairs:
            return "utf-16-le"
        if high > 0.6 * pairs and low < 0.1 * pairs:
            return "utf-16-be"
    return None


def separator_of(text: str) -> str:
    """Return the separator of a list: the one that splits its lines consistently and yields a phone column, if any."""
    lines = text.splitlines()[:SAMPLE_LINES]
    if declared := said_by_excel(lines[0] if lines else ""):
        return declared
    return max(SEPARATORS, key=lambda separator: _fit(lines, separator))


def said_by_excel(line: str) -> str | None:
    """Return the separator that Excel's first line "sep=;" declares; None for any other line."""
    line = line.lstrip("\ufeff").strip("\r\n")
    return line[4] if len(line) == 5 and line[:4].casefold() == "sep=" else None


def _fit(lines: Sequence[str], separator: str) -> tuple[bool, int, int]:
    rows = [row for row in csv.reader(lines, delimiter=separator) if any(row)]
    widths = Counter(len(row) for row in rows)
    width, alike = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
    return width > 1 and any(_names_a_phone(row) for row in rows), alike if width > 1 else 0, width


class HeaderPlace(NamedTuple):
    """The header row; if the header `is_missing`, the first row of data."""

    row: int
    is_missing: bool


def header_at(rows: Sequence[Sequence[str]]) -> HeaderPlace:
    """Find the header among the first rows: the first that names a phone column, else the first of the widest rows.

    This skips a title above the header ("Leads of the fair"). If the widest row contains a phone number, it is data and
    the list has no header.
    """
    for place, row in enumerate(rows):
        if _names_a_phone(row):
            return HeaderPlace(place, is_missing=False)
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    widest = max(filled, default=0)
    place = next((place for place, count in enumerate(filled) if count == widest), 0) if widest > 1 else 0
    first = next((place for place, row in enumerate(rows) if any(map(looks_like_phone, row))), None)
    if first is not None and first <= place:
        above = first - 1
        return (
            HeaderPlace(above, is_missing=False) if first and filled[above] > 1 else HeaderPlace(first, is_missing=True)
        )
    return HeaderPlace(place, is_missing=False)


def _names_a_phone(row: Sequence[str]) -> bool:
    """Whether a row could be a header: it names a phone column and contains no phone number."""
    if any(sum(char.isdigit() for char in cell) > 6 for cell in row):
        return False
    return not isinstance(guess_columns(row), NoPhoneColumn)


def numbered_names(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return column names for a list without a header."""
    return tuple(f"Column {place}" for place in range(1, max(map(len, rows), default=0) + 1))


def wrong_kind(start: bytes) -> str | None:
    """Return what is wrong and what to do if the first bytes are of a picture, a PDF or an .xls file; else None."""
    if start.startswith(_PICTURES) or start[4:12] in _HEIF or (start[:4] == b"RIFF" and start[8:12] == b"WEBP"):
        return "is a picture. Upload the list itself, saved as .xlsx or .csv"
    if start.startswith(b"%PDF"):
        return "is a PDF. Upload the list that it was made from, saved as .xlsx or .csv"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return "is an old Excel file (.xls). Open it in Excel and save it as .xlsx"
    return None


def unique_names(cells: Iterable[str]) -> tuple[str, ...]:
    """Return stripped, unique header names; empty ones are named by position, repeated ones are numbered."""
    names: dict[str, None] = {}
    for place, cell in enumerate(cells, 1):
        name = base = " ".join(cell.replace("\0", "").lstrip("\ufeff").split()) or f"column {place}"
        count = 1
        while name in names:
            count += 1
            name = f"{base} ({count})"
        names[name] = None
    return tuple(names)
