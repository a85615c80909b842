"""An Excel workbook as rows of text. It loads pandas: only what reads lists may import it, and only when there is one."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError

from dialer.domain.leads.csv_dialect import SAMPLE_LINES, header_at, numbered_names, unique_names
from dialer.services.leads.read_file import (
    MAX_COLUMNS,
    Detected,
    Format,
    ListRow,
    Reading,
    UnreadableListError,
)
from dialer.services.leads.workbook_size import NOT_A_WORKBOOK, refuse_oversized_workbook

MIDNIGHT = " 00:00:00"


def read_workbook(path: Path, said: Format) -> Reading:
    """Open a workbook: the sheet that was named, else the first with anything on it.

    Raises:
        UnreadableListError: no workbook, no such sheet, nothing on it, or it unpacks to far more than it should.
    """
    refuse_oversized_workbook(path)
    try:
        with pd.ExcelFile(path, engine="calamine") as book:
            names = [str(name) for name in book.sheet_names]
            if said.sheet is not None and said.sheet not in names:
                raise UnreadableListError(f"{path} has no sheet {said.sheet!r}; it has {', '.join(names)}")
            for name in [said.sheet] if said.sheet is not None else names:
                frame = pd.read_excel(book, sheet_name=name, dtype=str, keep_default_na=False, header=None)
                if not frame.empty:
                    return _read(path, frame, name, said.header_line)
    except UnreadableListError:
        raise
    except (ValueError, zipfile.BadZipFile, CalamineError, KeyError) as error:
        raise UnreadableListError(f"{path} {NOT_A_WORKBOOK}") from error
    raise UnreadableListError(f"{path} has no rows on its {'first sheet' if len(names) == 1 else 'sheets'}")


def _read(path: Path, frame: pd.DataFrame, sheet: str, line: int | None) -> Reading:
    if line is not None and not 0 <= line <= len(frame):
        raise UnreadableListError(f"{path} has no line {line} on sheet {sheet!r}")
    top = list(_cells(frame.iloc[: max(SAMPLE_LINES, line or 0)]))
    place, headless = header_at(top) if line is None else (max(0, line - 1), line == 0)
    header = numbered_names(top) if headless else unique_names(top[place])
    skipped = place if headless else place + 1
    if len(header) > MAX_COLUMNS:
        raise UnreadableListError(f"{path} has {len(header)} columns; {MAX_COLUMNS} is the most")
    rows = (ListRow(n, cells, False) for n, cells in enumerate(_cells(frame.iloc[skipped:]), 1))
    kept = (row for row in rows if any(cell.strip() for cell in row.cells))
    return Reading(
        header,
        kept,
        Detected("workbook", 0 if headless else place + 1, sheet=sheet),
        path.stat().st_size,
        sample=tuple(top[skipped:]),
    )


def _cells(frame: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    for row in frame.itertuples(index=False, name=None):
        yield tuple(str(cell).removesuffix(MIDNIGHT) for cell in row)
