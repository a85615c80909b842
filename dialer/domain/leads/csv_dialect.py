"""What kind of text a list is: its encoding, its separator, the line its header stands on.

Pure: bytes and rows in, a guess out. Every guess is shown to the marketer and can be overruled.
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
"""So many rows tell where the header is."""
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
    """The encoding that the first bytes give away, by a byte order mark or by UTF-16's zeros; None if they do not."""
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
    """The separator of a list's first lines: the one that parts them alike and leaves a phone column, if any does."""
    lines = text.splitlines()[:SAMPLE_LINES]
    if told := said_by_excel(lines[0] if lines else ""):
        return told
    return max(SEPARATORS, key=lambda separator: _fit(lines, separator))


def said_by_excel(line: str) -> str | None:
    """The separator of the line "sep=;" that Excel understands above a list; None for any other line."""
    line = line.lstrip("\ufeff").strip("\r\n")
    return line[4] if len(line) == 5 and line[:4].casefold() == "sep=" else None


def _fit(lines: Sequence[str], separator: str) -> tuple[bool, int, int]:
    rows = [row for row in csv.reader(lines, delimiter=separator) if any(row)]
    widths = Counter(len(row) for row in rows)
    width, alike = max(widths.items(), key=lambda each: (each[1], each[0]), default=(1, 0))
    return width > 1 and any(_names_a_phone(row) for row in rows), alike if width > 1 else 0, width


class HeaderPlace(NamedTuple):
    """Which row is the header; of a list without one, which row is the first with data."""

    row: int
    is_missing: bool


def header_at(rows: Sequence[Sequence[str]]) -> HeaderPlace:
    """Which of the first rows is the header: the first with a phone column, else the first that is as wide as most.

    A title above the header ("Leads of the fair") has one cell or none that is a column's name. A row as wide as most
    that holds a phone number itself is data: the list has no header.
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
    """Whether a row could be a header: it names a phone column and holds no number itself."""
    if any(sum(char.isdigit() for char in cell) > 6 for cell in row):
        return False
    return not isinstance(guess_columns(row), NoPhoneColumn)


def numbered_names(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Names for the columns of a list without a header."""
    return tuple(f"Column {place}" for place in range(1, max(map(len, rows), default=0) + 1))


def wrong_kind(start: bytes) -> str | None:
    """What a file is by its first bytes, and what to do instead, where it is a known kind that is no list."""
    if start.startswith(_PICTURES) or start[4:12] in _HEIF or (start[:4] == b"RIFF" and start[8:12] == b"WEBP"):
        return "is a picture. Upload the list itself, saved as .xlsx or .csv"
    if start.startswith(b"%PDF"):
        return "is a PDF. Upload the list that it was made from, saved as .xlsx or .csv"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return "is an old Excel file (.xls). Open it in Excel and save it as .xlsx"
    return None


def unique_names(cells: Iterable[str]) -> tuple[str, ...]:
    """A header's names, stripped; an empty one is named by its place, a second of the same name by its number."""
    names: dict[str, None] = {}
    for place, cell in enumerate(cells, 1):
        name = base = " ".join(cell.replace("\0", "").lstrip("\ufeff").split()) or f"column {place}"
        count = 1
        while name in names:
            count += 1
            name = f"{base} ({count})"
        names[name] = None
    return tuple(names)
