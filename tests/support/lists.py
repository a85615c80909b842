"""Lists as marketers send them, and their import by the service that commands, pages and jobs share."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import openpyxl

from dialer.services.campaigns.create import create_campaign
from dialer.services.leads.import_file import ImportReport, import_file
from dialer.services.leads.import_list import DEFAULT_OPTIONS, ImportOptions
from dialer.services.leads.read_file import DETECT_ALL, Format
from dialer.settings import Settings
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.people import phone_of

SAMPLE = Path(__file__).parents[2] / "sample_leads.csv"
HEADER = ("Student Name", "Mobile No.")
Rows = Sequence[Sequence[object]]


def students(*numbers: int) -> list[list[object]]:
    """Rows under HEADER for these students."""
    return [[f"Student {n}", phone_of(n)] for n in numbers]


def as_text(rows: Rows, header: Iterable[str] = HEADER, separator: str = ",") -> str:
    """A list as CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(list(header))
    writer.writerows(rows)
    return text.getvalue()


def write_list(path: Path, rows: Rows, header: Iterable[str] = HEADER) -> Path:
    """Write a list as CSV."""
    path.write_text(as_text(rows, header), encoding="utf-8")
    return path


def write_workbook(path: Path, rows: Rows, header: Iterable[str] = HEADER) -> Path:
    """Write a list as an Excel workbook, numbers as numbers."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (list(header), *rows):
        sheet.append(list(row))
    book.save(path)
    return path


async def campaign(store: Store, name: str = "Spring") -> int:
    """A draft campaign."""
    async with store.sessions.begin() as session:
        return (await create_campaign(session, ADMIN, name)).id


async def bring(
    settings: Settings,
    store: Store,
    path: Path,
    into: str = "Spring",
    mapping: dict[str, str] | None = None,
    said: Format = DETECT_ALL,
    asked: ImportOptions = DEFAULT_OPTIONS,
) -> ImportReport:
    """Import a list into a campaign."""
    return await import_file(
        store.sessions, ADMIN, path, into, data_dir=settings.dialer_data_dir, mapping=mapping, said=said, options=asked
    )
