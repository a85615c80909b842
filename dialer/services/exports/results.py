"""Results as a spreadsheet: CSV or XLSX, one header row, phones as text, times with their offset, no formulas.

The database writes the rows in one COPY (store.copy_out), so that all are of one moment; a workbook is made of them.
"""

import asyncio
import csv
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import rustpy_xlsxwriter
import xlsxwriter

from dialer.services.audit.access import EXPORT, Reader, record_access_now
from dialer.store.sessions import Session, Sessions
from dialer.store.system import copy_csv, exports

What = Literal["leads", "calls", "bookings", "transcripts", "dnc"]
Format = Literal["csv", "xlsx"]
MAX_COLUMN_WIDTH = 60
MAX_XLSX_CELL_CHARS = 32_767
MAX_XLSX_ROWS = 1_048_575
_WIDTHS = {"transcript": 60, "words": 60, "recording": 40, "call_id": 38, "why": 40}


class TooManyRowsError(ValueError):
    """A sheet cannot hold so many rows; the message says what to do."""


async def export_for(
    sessions: Sessions, reader: Reader, what: What, path: Path, *, form: Format, campaign: str | None
) -> int:
    """Write an export that `reader` asked for; the access log gets their name before anything is written. See below."""
    await record_access_now(sessions, reader, EXPORT, what=what, format=form, campaign=campaign)
    async with sessions() as session:
        return await export_results(session, what, path, form=form, campaign=campaign)


async def export_results(session: Session, what: What, path: Path, *, form: Format, campaign: str | None) -> int:
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
            count = await copy_csv.copy_csv(session, what, Path(half), header, campaign)
        else:
            count = await _workbook(session, what, Path(half), header, campaign)
        Path(half).replace(path)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise
    return count


async def _workbook(session: Session, what: What, path: Path, header: Sequence[str], campaign: str | None) -> int:
    """The same rows, by way of a file of text: neither the database nor we hold them all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.", suffix=".rows") as rows:
        name = Path(rows.name)
        count = await copy_csv.copy_csv(session, what, name, header, campaign, copy_csv.as_it_is)
        if count > MAX_XLSX_ROWS:
            raise TooManyRowsError(f"a sheet holds {MAX_XLSX_ROWS:,} rows and these are {count:,}; export as csv")
        if count:
            await asyncio.to_thread(_write_xlsx, path, what, header, name)
        else:
            await asyncio.to_thread(_header_only, path, header)
    return count


async def header_of(session: Session, what: What, campaign: str | None) -> Sequence[str]:
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


def _write_xlsx(path: Path, what: What, header: Sequence[str], rows: Path) -> None:
    """Make a workbook of a CSV file: every text a string cell, so that nothing in it can be a formula or a number."""
    own = len(header) - len(exports.LEADS) if what == "leads" else 0
    numbers = [place >= own and name in exports.NUMBERS for place, name in enumerate(header)]
    with rows.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        records = (
            {
                name: (float(cell) if number else cell[:MAX_XLSX_CELL_CHARS]) if cell else None
                for name, number, cell in zip(header, numbers, row, strict=True)
            }
            for row in reader
        )
        rustpy_xlsxwriter.write_worksheet(
            records,
            str(path),
            sheet_name=what,
            freeze_row=1,
            autofilter=True,
            bold_headers=True,
            column_widths={name: float(_width(name)) for name in header},
            url_columns=["recording"] if what == "calls" else None,
        )


def _header_only(path: Path, header: Sequence[str]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(header):
            sheet.set_column(column, column, _width(name))
            sheet.write_string(0, column, name, bold)
        sheet.autofilter(0, 0, 0, len(header) - 1)


def _width(name: str) -> int:
    return _WIDTHS.get(name, min(MAX_COLUMN_WIDTH, max(12, len(name) + 2)))
