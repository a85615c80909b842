"""A marketer's list as rows of text: CSV or Excel, as it streams in, every cell as it was typed.

Nothing is guessed about a cell here: every column is text (reliability.md F64-F70). What is guessed about the file (its
encoding, separator, header line, sheet) is told in `Detected`, and a `Format` of the caller's overrules it.
"""

import codecs
import csv
import gzip
import hashlib
import importlib
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from dialer.domain.leads.csv_dialect import (
    SAMPLE_LINES,
    SEPARATOR_NAMES,
    HeaderPlace,
    encoding_of,
    header_at,
    numbered_names,
    said_by_excel,
    separator_of,
    unique_names,
    wrong_kind,
)

SNIFF = 64 * 1024
MAX_FILE_BYTES = 2 * 1024**3
"""So many bytes a packed list may unpack to."""
MAX_COLUMNS = 1_000
FILL_IT = "Choose a file with one student per row"
_END = "\0the end\0"
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


class UnreadableListError(ValueError):
    """The file is no list; the message is one line that says what to do."""


class ListRow(NamedTuple):
    """A row below the header: its number from 1, its cells as many as the header has; more only where `extra`.

    A tuple, because a million of them are made.
    """

    n: int
    cells: tuple[str, ...]
    extra: bool


@dataclass(frozen=True, slots=True)
class Format:
    """What the marketer says about a file; None is guessed. `header_line` counts from 1; 0 says there is none."""

    encoding: str | None = None
    separator: str | None = None
    header_line: int | None = None
    sheet: str | None = None

    @classmethod
    def parse(
        cls,
        encoding: str | None = None,
        separator: str | None = None,
        header_line: int | str | None = None,
        sheet: str | None = None,
    ) -> "Format":
        """Read what a user typed: an empty value is detected, a separator may be a word such as "tab".

        Raises:
            UnreadableListError: the separator is more than one character, or the header line is not a number.
        """
        words = {"\\t": "\t", **{name: separator for separator, name in SEPARATOR_NAMES.items()}}
        separator = words.get(separator, separator) if separator else None
        if separator is not None and len(separator) != 1:
            raise UnreadableListError(f"A separator is one character, not {separator!r}.")
        if header_line is not None and header_line != "" and not str(header_line).isdecimal():
            raise UnreadableListError(f"The header line is a number, not {header_line!r}.")
        line = int(header_line) if header_line not in (None, "") else None
        return cls(encoding or None, separator, line, sheet or None)


@dataclass(frozen=True, slots=True)
class Detected:
    """How a file was read; for text an encoding and a separator, for a workbook a sheet. No header is line 0."""

    kind: str
    header_line: int
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    packed: bool = False

    def line(self) -> str:
        """For people."""
        how = f"sheet {self.sheet!r}" if self.sheet is not None else f"{self.encoding}, {self.named_separator}"
        where = f"header in line {self.header_line}" if self.header_line else "no header row"
        return f"{'gzip, ' if self.packed else ''}{self.kind}, {how}, {where}"

    @property
    def named_separator(self) -> str:
        """The separator as a word."""
        return SEPARATOR_NAMES.get(self.separator or "", repr(self.separator))


@dataclass(frozen=True, slots=True)
class Reading:
    """A list being read: its header at once, its rows as they come. Rows that are wholly empty are left out.

    `at` says how many of the file's `size` bytes have been read; `sample` are the cells of the first rows.
    """

    header: tuple[str, ...]
    rows: Iterator[ListRow]
    detected: Detected = Detected("rows", 0)
    size: int = 0
    at: Callable[[], int] = lambda: 0
    sample: tuple[tuple[str, ...], ...] = ()

    @property
    def has_header(self) -> bool:
        """Whether the columns' names come from the file."""
        return self.detected.header_line > 0 or self.detected.kind == "rows"


DETECT_ALL = Format()


def read_list(path: Path, said: Format = DETECT_ALL) -> Reading:
    """Open a list.

    Raises:
        UnreadableListError: no such file, no text, no Excel workbook, nothing in it; or `said` names what is not there.
    """
    try:
        with path.open("rb") as file:
            start = file.read(SNIFF)
        size = path.stat().st_size
    except OSError as error:
        raise UnreadableListError(f"{path}: {error.strerror or error}") from error
    if not start.strip():
        raise UnreadableListError(f"{path} is empty. {FILL_IT}")
    if kind := wrong_kind(start):
        raise UnreadableListError(f"{path} {kind}")
    if start.startswith(_ZIP):
        # Loaded now: pandas costs two seconds, and a web or bridge process must never pay them.
        reading: Reading = importlib.import_module("dialer.services.leads.read_workbook").read_workbook(path, said)
        return reading
    packed = start.startswith(_GZIP)
    if packed:
        with _open(path, packed)[0] as file:
            start = file.read(SNIFF)
        if start.startswith(_ZIP):
            raise UnreadableListError(f"{path} is a packed workbook; unpack it first")
    return _read_text(path, size, start, packed, said)


def file_hash(path: Path) -> str:
    """What tells the same file again.

    Raises:
        UnreadableListError: there is no such file, or it may not be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableListError(f"{path}: {error.strerror or error}") from error


def _read_text(path: Path, size: int, start: bytes, packed: bool, said: Format) -> Reading:
    encoding = _encoding(path, start, packed, said.encoding)
    first = codecs.getincrementaldecoder(encoding)(errors="ignore").decode(start)
    if "\0" in first:
        raise UnreadableListError(f"{path} is not a list: it holds binary data. Save the list as .xlsx or .csv")
    if not first.strip("\ufeff \r\n\t"):
        raise UnreadableListError(f"{path} is empty. {FILL_IT}")
    separator = said.separator or separator_of(first)
    how = Detected("text", 0, encoding=encoding, separator=separator, packed=packed)
    # The header is told from what could be decoded: a list without a phone column is refused as that, whatever follows.
    beginning = csv.reader(first.lstrip("\ufeff").splitlines(keepends=True), delimiter=separator)
    top = list(islice(beginning, max(SAMPLE_LINES, said.header_line or 0)))
    place, headless = _header_place(path, top, separator, said.header_line)
    header = numbered_names(top[place:]) if headless else unique_names(top[place])
    skipped = place if headless else place + 1
    if len(header) > MAX_COLUMNS:
        raise UnreadableListError(f"{path} has {len(header)} columns; {MAX_COLUMNS} is the most")
    opened: list[Callable[[], int]] = [lambda: 0]
    below = islice(_records(path, how, opened), skipped, None)
    how = replace(how, header_line=0 if headless else place + 1)
    sample = tuple(map(tuple, top[skipped:]))
    return Reading(header, _rows(below, len(header)), how, size, lambda: opened[0](), sample)


def _header_place(path: Path, top: list[list[str]], separator: str, line: int | None) -> HeaderPlace:
    if line == 0:
        return HeaderPlace(0, is_missing=True)
    if line is not None:
        if not 1 <= line <= len(top):
            raise UnreadableListError(f"{path} has no line {line}")
        return HeaderPlace(line - 1, is_missing=False)
    skipped = 1 if top and said_by_excel(separator.join(top[0])) else 0
    place, is_missing = header_at(top[skipped:])
    return HeaderPlace(skipped + place, is_missing)


def _rows(records: Iterator[list[str]], width: int) -> Iterator[ListRow]:
    """Number the records and bring them to the header's width."""
    for n, cells in enumerate(records, 1):
        if len(cells) == width and cells[0].strip():
            yield ListRow(n, tuple(cells), False)
        elif "".join(cells).strip():
            extra = any(cell.strip() for cell in cells[width:])
            kept = cells if extra else cells[:width] + [""] * (width - len(cells))
            yield ListRow(n, tuple(kept), extra)


def _records(path: Path, how: Detected, opened: list[Callable[[], int]]) -> Iterator[list[str]]:
    """Every record; a last line of our own tells whether a quote was still open at the end.

    The file is opened with the first record; `opened` is then told how to ask for the position in it.
    """
    source, opened[0] = _open(path, how.packed)
    began = 1
    try:
        with io.TextIOWrapper(source, encoding=how.encoding, newline="") as text:
            reader = csv.reader(chain(text, ("\n", _END)), delimiter=how.separator or ",")
            held = next(reader)
            for record in reader:
                yield held
                held, began = record, began + 1
            if held != [_END]:
                raise UnreadableListError(f"{path}: a quote that opens in row {began} is never closed; close it there")
    except csv.Error as error:
        raise UnreadableListError(
            f"{path} cannot be read as a list from row {began} on: {error}; a quote may be open there"
        ) from error
    except UnicodeError as error:
        raise UnreadableListError(f"{path} is not {how.encoding} text throughout; save it as UTF-8") from error


def _encoding(path: Path, start: bytes, packed: bool, said: str | None) -> str:
    if said is not None:
        try:
            return codecs.lookup(said).name
        except LookupError as error:
            raise UnreadableListError(f"{said!r} is not a known encoding; try utf-8, utf-16 or cp1252") from error
    if told := encoding_of(start):
        return told

    decode = codecs.getincrementaldecoder("utf-8")()
    with _open(path, packed)[0] as file:
        try:
            while piece := file.read(1 << 20):
                decode.decode(piece)
            decode.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


class _Unpacked(io.RawIOBase):
    """A gzip file's content, as far as it is not a bomb."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file, self._inner, self._total = path, file, gzip.GzipFile(fileobj=file), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            count = self._inner.readinto(buffer)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise UnreadableListError(f"{self._path} is a broken gzip file: {error}") from error
        self._total += count
        if self._total > MAX_FILE_BYTES:
            raise UnreadableListError(f"{self._path} unpacks to more than {MAX_FILE_BYTES // 1024**2} MB; split it")
        return count

    def close(self) -> None:
        self._inner.close()
        self._file.close()
        super().close()


def _open(path: Path, packed: bool) -> tuple[BinaryIO, Callable[[], int]]:
    """The file's text as bytes, and how far the file itself was read."""
    file = path.open("rb")
    size = path.stat().st_size

    def position() -> int:
        return size if file.closed else file.tell()

    return (cast(BinaryIO, io.BufferedReader(_Unpacked(path, file), 1 << 17)) if packed else file), position
