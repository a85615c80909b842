"""Sheets that go out and come back: nothing changes by it, and what was edited in between changes, and nothing else."""

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as some
from sqlalchemy import select, text

from dialer.domain.leads.spreadsheet_safety import escape_formula
from dialer.services.calls.accept_stream import lead_columns_of
from dialer.services.exports.results import Format, export_results
from dialer.services.leads.import_file import ImportReport
from dialer.services.leads.import_list import ImportOptions, commit_import
from dialer.settings import Settings
from dialer.store.sessions import Sessions
from dialer.store.system.copy_csv import escape_formula_sql
from dialer.store.tables import Enrollment, Lead
from dialer.wiring.stores import Store, open_store
from tests.support.lists import as_text, bring, campaign, write_list
from tests.support.people import phone_of, sql

HEADER = ("Student Name", "Mobile No.", "Note", "Preferred Country")
FORMS = pytest.mark.parametrize("form", ["csv", "xlsx"])


async def export(store: Store, path: Path, form: Format, of: str = "Spring") -> Path:
    async with store.sessions() as session:
        await export_results(session, "leads", path, form=form, campaign=of)
    return path


async def own_rows(store: Store) -> dict[str, dict[str, str]]:
    """Every lead's own columns, by number."""
    async with store.sessions() as session:
        query = select(Enrollment, Lead.phone).join(Lead, Lead.id == Enrollment.lead_id)
        return {phone: await lead_columns_of(session, place) for place, phone in await session.execute(query)}


def read(path: Path) -> list[list[str]]:
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).active
        assert sheet is not None
        return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def write(path: Path, rows: list[list[str]]) -> Path:
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for n, row in enumerate(rows, 1):
            for place, cell in enumerate(row, 1):
                sheet.cell(
                    n, place, cell
                ).data_type = "s"  # as a spreadsheet program keeps a text that looks like a formula
        book.save(path)
        return path
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


async def tried(settings: Settings, store: Store, path: Path) -> ImportReport:
    return await bring(settings, store, path, "Spring", {}, asked=ImportOptions(dry=True))


@FORMS
async def test_an_edited_export_changes_only_the_cells_that_were_edited(
    settings: Settings, store: Store, tmp_path: Path, form: Format
) -> None:
    await campaign(store)
    rows = [
        ["Asha", "0" + phone_of(1)[3:], "=1+1", "Canda"], ["Bela", phone_of(2), "-", "UK"], ["Chitra", phone_of(3), "", ""],
    ]  # fmt: skip
    await bring(settings, store, write_list(tmp_path / "list.csv", rows, HEADER))
    before = await own_rows(store)
    table = read(await export(store, tmp_path / f"leads.{form}", form))
    assert table[0][:4] == list(HEADER)
    table[2][2], table[3][0] = "rang her father", "Chitra Sen"
    path = write(tmp_path / f"edited.{form}", table)
    seen = await tried(settings, store, path)
    assert seen.imported.counts.already_here == 3
    assert seen.imported.counts.notes["changed"] == 2
    assert await own_rows(store) == before, "the preview changes nothing"
    async with store.sessions.begin() as session:
        done = await commit_import(session, seen.imported.import_id, ImportOptions(), by="test")
    assert (done.counts.already_here, done.counts.notes["changed"]) == (3, 2)
    after = await own_rows(store)
    changed = {
        (phone, name): cell
        for phone, row in after.items()
        for name, cell in row.items()
        if before[phone].get(name, "") != cell
    }
    assert changed == {(phone_of(2), "Note"): "rang her father", (phone_of(3), "Student Name"): "Chitra Sen"}
    assert await sql(store.sessions, "SELECT name FROM lead WHERE phone = :phone", phone=phone_of(3)) == "Chitra Sen"
    assert await sql(store.sessions, "SELECT count(*) FROM campaign_lead") == 3
    assert read(await export(store, tmp_path / f"again.{form}", form))[0] == table[0], "no column is added"


async def test_an_export_of_several_lists_finds_everybody_by_our_own_phone_column(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    await bring(settings, store, write_list(tmp_path / "a.csv", [["Asha", phone_of(1)]], ("Name", "Phone")))
    await bring(settings, store, write_list(tmp_path / "b.csv", [["Bela", phone_of(2)]], ("Student", "Cell")))
    done = await bring(settings, store, await export(store, tmp_path / "leads.csv", "csv"))
    counts = done.imported.counts
    assert (counts.rows, counts.already_here, counts.notes["changed"]) == (2, 2, 0)


CELL = some.one_of(
    some.text(some.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=12),
    some.sampled_from(
        ["=1+1", "'=1", "''=1", "+1-1", "-", "@x", "007", "1.0", "NA", "a,b", 'a "b"', "1e5", "NULL", "\\N"]
    ),
)


@FORMS
async def test_random_lists_survive_import_export_and_import_unchanged(
    settings: Settings, tmp_path: Path, form: Format
) -> None:
    lists: list[list[tuple[str, str, str]]] = []

    @hypothesis_settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(some.lists(some.tuples(CELL, CELL, CELL), min_size=1, max_size=8))
    def collect(rows: list[tuple[str, str, str]]) -> None:
        lists.append(rows)

    collect()
    async with open_store(settings) as store:
        await campaign(store, "Spring")
        for place, cells in enumerate(lists):
            phones = [phone_of(place * 10 + n) for n in range(len(cells))]
            rows = [[name, phone, note, country] for (name, note, country), phone in zip(cells, phones, strict=True)]
            path = tmp_path / f"{place}.csv"
            path.write_text(as_text(rows, HEADER), encoding="utf-8")
            assert (await bring(settings, store, path)).imported.counts.imported == len(rows)
            before = await own_rows(store)
            assert {phone: before[phone]["Note"] for phone in phones} == {
                phone: row[2] for phone, row in zip(phones, rows, strict=True)
            }
            done = await bring(settings, store, await export(store, tmp_path / f"out-{place}.{form}", form))
            counts = done.imported.counts
            assert (counts.already_here, counts.notes["changed"]) == (counts.rows, 0)
            assert await own_rows(store) == before


async def test_the_database_and_python_take_the_same_cells_for_formulas(sessions: Sessions) -> None:
    cells: list[str] = []

    @hypothesis_settings(max_examples=400, deadline=None, database=None)
    @given(some.from_regex(r"[=+@\-\t\r\n' ]?[0-9A-Za-z+ .\-\n]{0,12}", fullmatch=True))
    def collect(cell: str) -> None:
        cells.append(cell)

    collect()
    query = text(
        f"SELECT {escape_formula_sql('c')} FROM unnest(CAST(:cells AS text[])) WITH ORDINALITY u(c, n) ORDER BY n"
    )
    async with sessions() as session:
        found: Any = (await session.scalars(query, {"cells": cells})).all()
    assert dict(zip(cells, found, strict=True)) == {cell: escape_formula(cell) for cell in cells}
