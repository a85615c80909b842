"""A marketer's list as rows of text: CSV or Excel, in chunks, every cell as it was typed.

Nothing is guessed about a cell here: pandas would turn phones into floats and "NA" into nothing, so every column is
text (reliability.md F64–F69).
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import pandas as pd
from python_calamine import CalamineError

CHUNK = 5_000
SNIFF = 64 * 1024
TOO_MANY = "\0too many cells"


class UnreadableListError(ValueError):
    """The file is no list; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row below the header: its number from 1, its cells as many as the header has; `extra` if it had more."""

    n: int
    cells: tuple[str, ...]
    extra: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A list being read: its header at once, its rows as they come. Rows that are wholly empty are left out."""

    header: tuple[str, ...]
    rows: Iterator[ListRow]


def read_list(path: Path) -> Reading:
    """Open a list.

    Raises:
        UnreadableListError: no such file, no text, no Excel workbook, nothing in it.
    """
    try:
        with path.open("rb") as file:
            start = file.read(SNIFF)
    except OSError as error:
        raise UnreadableListError(f"{path}: {error.strerror or error}") from error
    if not start.strip():
        raise UnreadableListError(f"{path} is empty")
    if start.startswith(b"PK\x03\x04"):
        return _read_workbook(path)
    return _read_text(path, start)


def _read_workbook(path: Path) -> Reading:
    try:
        frame = pd.read_excel(path, engine="calamine", dtype=str, keep_default_na=False, header=None)
    except (ValueError, BadZipFile, CalamineError, KeyError) as error:
        raise UnreadableListError(
            f"{path} is not an Excel workbook that can be read; save it as .xlsx or .csv"
        ) from error
    if frame.empty:
        raise UnreadableListError(f"{path} has no rows on its first sheet")
    header = _unique(str(cell) for cell in frame.iloc[0])
    body = frame.iloc[1:].itertuples(index=False, name=None)
    rows = (ListRow(n, tuple(str(cell) for cell in row), False) for n, row in enumerate(body, 1))
    return Reading(header, (row for row in rows if any(cell.strip() for cell in row.cells)))


def _read_text(path: Path, start: bytes) -> Reading:
    encoding = _encoding(path, start)
    try:
        first = start.decode(encoding, errors="ignore")
    except LookupError as error:
        raise UnreadableListError(f"{path} is not text") from error
    if "\0" in first:
        raise UnreadableListError(f"{path} is not a list: it holds binary data; save it as .xlsx or .csv")
    separator = _separator(first)
    try:
        header = _unique(next(csv.reader(first.splitlines(), delimiter=separator)))
    except (StopIteration, csv.Error) as error:
        raise UnreadableListError(f"{path} has no header line") from error
    return Reading(header, _text_rows(path, encoding, separator, header))


def _text_rows(path: Path, encoding: str, separator: str, header: tuple[str, ...]) -> Iterator[ListRow]:
    width = len(header)

    def cut(cells: list[str]) -> list[str]:
        return [*cells[:width], TOO_MANY]

    try:
        chunks = pd.read_csv(
            path,
            sep=separator,
            encoding=encoding,
            names=[*(str(place) for place in range(width)), "extra"],
            header=None,
            skiprows=1,
            dtype=str,
            keep_default_na=False,
            index_col=False,
            engine="python",
            on_bad_lines=cut,
            chunksize=CHUNK,
            skip_blank_lines=False,
        )
        n = 0
        for chunk in chunks:
            for row in chunk.itertuples(index=False, name=None):
                n += 1
                cells = tuple(cell if isinstance(cell, str) else "" for cell in row)
                if any(cell.strip() for cell in cells):
                    yield ListRow(n, cells[:width], bool(cells[width].strip()))
    except pd.errors.EmptyDataError:
        return
    except (pd.errors.ParserError, csv.Error) as error:
        raise UnreadableListError(f"{path} cannot be read as a list: {error}; a quote may be open somewhere") from error
    except UnicodeDecodeError as error:
        raise UnreadableListError(f"{path} is not {encoding} text throughout; save it as UTF-8") from error


def _encoding(path: Path, start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        with path.open(encoding="utf-8-sig") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _separator(text: str) -> str:
    line = text.splitlines()[0]
    return max((",", ";", "\t", "|"), key=line.count)


def _unique(cells: Iterator[str] | list[str]) -> tuple[str, ...]:
    """The header's names, stripped; an empty one is named by its place, a second of the same name by its number."""
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        name = base = cell.strip().lstrip("\ufeff") or f"column {place}"
        count = 1
        while name in names:
            count += 1
            name = f"{base} ({count})"
        names.append(name)
    return tuple(names)
