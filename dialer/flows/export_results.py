"""Results as a spreadsheet: CSV or XLSX, one header row, phones as text, times with their offset, no formulas.

CSV is written by the database in one COPY (store.copy_out); a workbook row by row from one query, both of one snapshot.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import rustpy_xlsxwriter
import xlsxwriter
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store import copy_out, exports

What = Literal["leads", "calls", "bookings", "transcripts", "dnc"]
Format = Literal["csv", "xlsx"]
WIDEST = 60
LONGEST_XLSX_CELL = 32_767
MOST_XLSX_ROWS = 1_048_575
LOT = 1_000
_WIDTHS = {"transcript": 60, "words": 60, "recording": 40, "call_id": 38, "why": 40}


class TooManyRowsError(ValueError):
    """A sheet cannot hold so many rows; the message says what to do."""


async def export_results(session: AsyncSession, what: What, path: Path, *, form: Format, campaign: str | None) -> int:
    """Write a whole export; how many rows. A file of that name is replaced only when the new one is complete.

    Raises:
        TooManyRowsError: more rows than a sheet of a workbook holds.
    """
    header = await header_of(session, what, campaign)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        if form == "csv":
            count = await copy_out.copy_csv(session, what, Path(half), header, campaign)
        else:
            count = await _write_xlsx(Path(half), what, header, _rows(session, what, header, campaign))
        Path(half).chmod(0o644)
        Path(half).replace(path)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise
    return count


async def header_of(session: AsyncSession, what: What, campaign: str | None) -> Sequence[str]:
    """The names of a sheet's columns."""
    match what:
        case "calls":
            return exports.CALLS
        case "bookings":
            return exports.BOOKINGS
        case "transcripts":
            return exports.TRANSCRIPTS
        case "dnc":
            return exports.DNC
        case "leads":
            return exports.lead_header(await exports.lead_columns(session, campaign))


def _rows(
    session: AsyncSession, what: What, header: Sequence[str], campaign: str | None
) -> AsyncIterator[tuple[Any, ...]]:
    match what:
        case "calls":
            return exports.calls(session, campaign)
        case "bookings":
            return exports.bookings(session, campaign)
        case "transcripts":
            return exports.transcripts(session, campaign)
        case "dnc":
            return exports.numbers(session)
        case "leads":
            return exports.leads(session, campaign, header[: len(header) - len(exports.LEADS)])


async def _write_xlsx(path: Path, what: What, header: Sequence[str], rows: AsyncIterator[tuple[Any, ...]]) -> int:
    """Every text is written as a string cell, so that nothing in it can be a formula or a number.

    The writer runs in a thread and asks for the rows lot by lot: neither side holds more than a lot.
    """
    loop = asyncio.get_running_loop()
    count = 0

    async def lot() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        async for row in rows:
            found.append(dict(zip(header, map(_cell, row), strict=True)))
            if len(found) == LOT:
                break
        return found

    def records() -> Iterator[dict[str, Any]]:
        nonlocal count
        while some := asyncio.run_coroutine_threadsafe(lot(), loop).result():
            count += len(some)
            if count > MOST_XLSX_ROWS:
                raise TooManyRowsError(f"a sheet holds {MOST_XLSX_ROWS:,} rows, these are more; export as csv")
            yield from some

    def write() -> None:
        every = records()
        first = next(every, None)
        if first is None:
            _header_only(path, header)
            return
        rustpy_xlsxwriter.write_worksheet(
            chain([first], every),
            str(path),
            sheet_name=what,
            freeze_row=1,
            autofilter=True,
            bold_headers=True,
            column_widths={name: float(_width(name)) for name in header},
            url_columns=["recording"] if what == "calls" else None,
        )

    await asyncio.to_thread(write)
    return count


def _header_only(path: Path, header: Sequence[str]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(header):
            sheet.set_column(column, column, _width(name))
            sheet.write_string(0, column, name, bold)
        sheet.autofilter(0, 0, 0, len(header) - 1)


def _width(name: str) -> int:
    return _WIDTHS.get(name, min(WIDEST, max(12, len(name) + 2)))


def _cell(cell: Any) -> str | float | None:
    """What a cell of a workbook is: a number, a text, or nothing."""
    if isinstance(cell, str):
        return cell[:LONGEST_XLSX_CELL] or None
    if cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)):
        return cell
    if isinstance(cell, Decimal):
        return float(cell)
    return _text(cell)[:LONGEST_XLSX_CELL] or None


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.isoformat(timespec="seconds")
        case Enum():
            return str(cell.value)
        case Decimal():
            return f"{cell.normalize():f}"
        case _:
            return str(cell)
