"""A bar in the terminal for work that takes longer than a breath; nothing where nobody looks on."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dialer.services.leads.import_list import ImportOptions

SAMPLE = 1 << 20


@contextmanager
def progress_bar(file: Path | None) -> Iterator[ImportOptions]:
    """An import that shows its rows, on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield ImportOptions()
        return
    columns = (SpinnerColumn(), TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rows", total=guessed_rows(file) if file is not None else None)

        async def watch(rows: int) -> None:
            bar.update(task, completed=rows)

        yield ImportOptions(watch=watch)


def guessed_rows(file: Path) -> int | None:
    """About how many rows a text file has, from its first megabyte; None for what is no text."""
    try:
        with file.open("rb") as opened:
            start = opened.read(SAMPLE)
        size = file.stat().st_size
    except OSError:
        return None
    lines = start.count(b"\n")
    return None if start[:2] in (b"PK", b"\x1f\x8b") or not lines else max(1, size * lines // len(start))
