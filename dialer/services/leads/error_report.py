"""The fix-and-upload file: rejected rows in the marketer's own columns, with `problem` and `suggestion`, to be fixed."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from dialer.domain.leads.spreadsheet_safety import FIX_COLUMNS, escape_formula
from dialer.services.leads.validate import ValidatedRow

MAX_SHOWN = 100


class ErrorReport:
    """Written row by row as rows are rejected; it appears under its name when it is whole, if there were any.

    `first` are the first of them, to be shown.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._path, self._header, self._file, self._writer = path, header, None, None
        self.first: list[ValidatedRow] = []
        self._half = path.with_name(f".{path.name}.half")

    _file: IO[str] | None
    _writer: Any

    def add(self, row: ValidatedRow) -> None:
        """Write one row."""
        if len(self.first) < MAX_SHOWN:
            self.first.append(row)
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._half.open("w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*map(escape_formula, self._header), *FIX_COLUMNS])
        cells = [cell.replace("\0", "") for cell in row.row.cells[: len(self._header)]]
        cells += [""] * (len(self._header) - len(cells))
        self._writer.writerow(
            [*map(escape_formula, cells), row.says or row.reason or "", escape_formula(row.suggestion or "")]
        )

    def keep(self) -> Path | None:
        """Give it its name; None if no row was rejected."""
        if self._file is None:
            return None
        self._file.close()
        self._half.replace(self._path)
        return self._path

    def drop(self) -> None:
        """Forget it: nothing was imported."""
        if self._file is not None:
            self._file.close()
            self._half.unlink(missing_ok=True)
