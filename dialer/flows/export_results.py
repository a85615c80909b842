"""Results as a spreadsheet: CSV or XLSX, one header row, phones as text, times with their offset, no formulas."""

import csv
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import xlsxwriter
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.sheet import neutral
from dialer.store import exports

What = Literal["leads", "calls", "bookings"]
Format = Literal["csv", "xlsx"]
WIDEST = 60
LONGEST_XLSX_CELL = 32_767


async def export_results(session: AsyncSession, what: What, path: Path, *, form: Format, campaign: str | None) -> int:
    """Write a whole export; how many rows. A file of that name is replaced only when the new one is complete."""
    header, rows = await _rows(session, what, campaign)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        count = await (_write_csv if form == "csv" else _write_xlsx)(Path(half), header, rows)
        Path(half).chmod(0o644)
        Path(half).replace(path)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise
    return count


async def _rows(
    session: AsyncSession, what: What, campaign: str | None
) -> tuple[Sequence[str], AsyncIterator[tuple[Any, ...]]]:
    match what:
        case "calls":
            return exports.CALLS, exports.calls(session, campaign)
        case "bookings":
            return exports.BOOKINGS, exports.bookings(session, campaign)
        case "leads":
            own = await exports.lead_columns(session, campaign)
            return exports.lead_header(own), exports.leads(session, campaign, own)


async def _write_csv(path: Path, header: Sequence[str], rows: AsyncIterator[tuple[Any, ...]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(neutral, header))
        async for row in rows:
            writer.writerow([neutral(_text(cell)) for cell in row])
            count += 1
    return count


async def _write_xlsx(path: Path, header: Sequence[str], rows: AsyncIterator[tuple[Any, ...]]) -> int:
    """Every text is written as a string cell, so that nothing in it can be a formula, a link or a number."""
    count = 0
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_urls": False}) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(header):
            sheet.set_column(column, column, min(WIDEST, max(12, len(name) + 2)))
            sheet.write_string(0, column, name, bold)
        async for row in rows:
            count += 1
            for column, cell in enumerate(row):
                _write_cell(sheet.write_number, sheet.write_string, count, column, cell)
        sheet.autofilter(0, 0, count, len(header) - 1)
    return count


def _write_cell(
    number: Callable[[int, int, float], int], string: Callable[[int, int, str], int], row: int, column: int, cell: Any
) -> None:
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        number(row, column, float(cell))
    elif text := _text(cell):
        string(row, column, text[:LONGEST_XLSX_CELL])


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
