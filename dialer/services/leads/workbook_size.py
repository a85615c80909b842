"""Refuse a workbook that would take far more memory than a list, before a reader opens it.

Readers hold a sheet as a dense rectangle: two cells, one in A1 and one in XFD1048576, are 17 billion cells for them
(python-calamine as well as others). The cells are counted here by streaming through each sheet's XML.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from dialer.services.leads.read_file import MAX_FILE_BYTES, UnreadableListError

MAX_COMPRESSION_RATIO = 200
MAX_CELLS = 20_000_000
"""Cells of a sheet's rectangle; a million rows of twenty columns."""
MAX_SPARSE_CELLS = 1_000_000
"""A larger rectangle must be filled to at least one part in MAX_SPARSITY."""
MAX_SPARSITY = 20
CHUNK = 1 << 18
NOT_A_WORKBOOK = "is not an Excel workbook that can be read. Open it in Excel and save it as .xlsx, or as .csv"


def refuse_oversized_workbook(path: Path) -> None:
    """Check a workbook's sizes.

    Raises:
        UnreadableListError: it unpacks to far more than it should, spans far more cells than it fills, or is no workbook.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            infos = packed.infolist()
            if not any(info.filename.startswith("xl/") for info in infos):
                raise UnreadableListError(
                    f"{path} is a packed folder, not a workbook; unpack it and upload the list inside"
                )
            size = sum(info.file_size for info in infos)
            if size > MAX_FILE_BYTES or size > MAX_COMPRESSION_RATIO * max(path.stat().st_size, 100_000):
                raise UnreadableListError(
                    f"{path} unpacks to {size // 1024**2} MB, far more than a list; save it as .csv"
                )
            for info in infos:
                with packed.open(info) as part:
                    _check(path, SheetExtent.of(iter(lambda: part.read(CHUNK), b"")))
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise UnreadableListError(f"{path} {NOT_A_WORKBOOK}") from error


def _check(path: Path, extent: "SheetExtent") -> None:
    spanned = extent.rows * extent.columns
    if spanned > MAX_CELLS or spanned > max(MAX_SPARSE_CELLS, MAX_SPARSITY * extent.filled):
        raise UnreadableListError(
            f"{path} spans {extent.rows:,} rows × {extent.columns:,} columns, but only {extent.filled:,} cells hold a"
            " value. Delete the empty rows and columns around the list, or save it as .csv"
        )


@dataclass(slots=True)
class SheetExtent:
    """The rectangle that a sheet's cells span, and how many cells there are. Zero for a part that is no sheet."""

    rows: int = 0
    columns: int = 0
    filled: int = 0

    @classmethod
    def of(cls, chunks: Iterator[bytes]) -> "SheetExtent":
        """Count a workbook part's cells; what is not a worksheet's XML has none."""
        extent = cls()
        parser = expat.ParserCreate()
        parser.StartElementHandler = _Counter(extent).start
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            for chunk in chunks:
                parser.Parse(chunk, False)
        except (expat.ExpatError, _NotASheetError):
            pass  # not XML (an image), not a sheet, or broken XML, which the reader refuses
        return extent


class _NotASheetError(Exception):
    """Another part of the workbook."""


def _refuse_doctype(*_: object) -> None:
    raise UnreadableListError(f"The workbook {NOT_A_WORKBOOK}")  # entities could expand to gigabytes


class _Counter:
    """Counts the cells of one sheet as expat reports its elements."""

    def __init__(self, extent: SheetExtent) -> None:
        self._extent, self._is_sheet, self._row, self._column = extent, False, 0, 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle the start of an element. A row or a cell without a reference follows the one before it."""
        tag = name.rpartition(":")[2]
        if not self._is_sheet:
            if tag != "worksheet":
                raise _NotASheetError
            self._is_sheet = True
        elif tag == "row":
            reference = attributes.get("r", "")
            self._row = int(reference) if reference.isdecimal() and len(reference) < 12 else self._row + 1
            self._column = 0
        elif tag == "c":
            column, row = _place(attributes.get("r", ""))
            self._column = column or self._column + 1
            self._row = row or self._row
            extent = self._extent
            extent.filled += 1
            extent.rows, extent.columns = max(extent.rows, self._row), max(extent.columns, self._column)


def _place(reference: str) -> tuple[int, int]:
    """Read a reference such as `XFD20`: column and row, each from 1, or 0 where it is missing."""
    letters = reference.rstrip("0123456789")
    digits = reference[len(letters) :]
    column = 0
    for letter in letters.upper()[:6]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return max(0, column), int(digits[:12] or 0)
