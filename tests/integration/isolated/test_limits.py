"""A child process that reads a hostile file is stopped by its limits, and the user gets one clear line."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dialer.isolated import tasks
from dialer.isolated.limits import Limits
from dialer.isolated.runner import TaskBusyError, TaskError, TaskTimeoutError, run_isolated
from dialer.isolated.tasks import PREVIEW_LIST, ActorModel, PreviewRequest
from dialer.settings import Settings
from tests.support.actors import ADMIN
from tests.support.lists import students, write_list
from tests.support.people import phone_of


async def preview(settings: Settings, file: Path, task: Any = PREVIEW_LIST) -> Any:
    return await run_isolated(task, PreviewRequest(file=file, country="IN"), settings)


async def test_a_list_is_previewed_in_a_child(settings: Settings, tmp_path: Path) -> None:
    seen = await preview(settings, write_list(tmp_path / "list.csv", students(1, 2)))
    assert seen["columns"] == {"name": "Student Name", "phone": "Mobile No."}
    assert [row["name"] for row in seen["rows"]] == ["Student 1", "Student 2"]


async def test_an_unreadable_list_is_refused_with_its_reason(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"")
    with pytest.raises(TaskError, match="is empty"):
        await preview(settings, tmp_path / "list.csv")


@pytest.mark.parametrize("limits", [Limits(memory_mb=420, cpu_s=60), Limits(memory_mb=1024, cpu_s=1)])
async def test_a_child_beyond_its_limits_is_stopped(settings: Settings, tmp_path: Path, limits: Limits) -> None:
    row = "".join(text_cell("", phone_of(column)) for column in range(10))
    path = workbook(tmp_path / "list.xlsx", f"<row>{row}</row>" * 120_000, zipfile.ZIP_STORED)
    with pytest.raises(TaskError, match="more memory or time than is allowed"):
        await preview(settings, path, replace(PREVIEW_LIST, limits=limits))


async def test_a_child_that_takes_too_long_is_stopped(settings: Settings, tmp_path: Path) -> None:
    slow = replace(PREVIEW_LIST, timeout_s=0.05)
    with pytest.raises(TaskTimeoutError, match="took too long"):
        await preview(settings, write_list(tmp_path / "list.csv", students(1)), slow)


async def test_only_so_many_children_run_at_a_time(settings: Settings, tmp_path: Path) -> None:
    full = replace(PREVIEW_LIST, max_concurrent=0)
    with pytest.raises(TaskBusyError, match="Try again in a moment"):
        await preview(settings, write_list(tmp_path / "list.csv", students(1)), full)


def test_the_session_key_of_an_actor_stays_in_the_parent() -> None:
    actor = replace(ADMIN, key_hash="secret")
    assert "secret" not in ActorModel.of(actor).model_dump_json()
    assert ActorModel.of(actor).actor() == replace(actor, key_hash="")


def test_every_task_has_limits() -> None:
    assert all(0 < task.limits.memory_mb <= 4096 and 0 < task.limits.cpu_s <= 600 for task in tasks.TASKS.values())


PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
XML = '<?xml version="1.0"?>'


def relationship(kind: str, target: str) -> str:
    found = f'<Relationship Id="rId1" Type="{OFFICE}/relationships/{kind}" Target="{target}"/>'
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{found}</Relationships>'


def workbook(path: Path, rows: str, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a workbook whose only sheet has these rows, as XML."""
    types = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="application/vnd.openxmlformats-officedocument'
        f'.spreadsheetml.{kind}+xml"/>'
        for part, kind in (("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"))
    )
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    files = {
        "[Content_Types].xml": f'{XML}<Types xmlns="{PACKAGE}/content-types">{rels}{types}</Types>',
        "_rels/.rels": relationship("officeDocument", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": relationship("worksheet", "worksheets/sheet1.xml"),
        "xl/workbook.xml": f'{XML}<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}/relationships"><sheets>'
        '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f'{XML}<worksheet xmlns="{SHEET}"><sheetData>{rows}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w", compression) as book:
        for name, text in files.items():
            book.writestr(name, text)
    return path


def text_cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


@pytest.mark.parametrize("cell", ["XFD1048576", "XFD20000", "B1048576000"])
async def test_a_tiny_workbook_with_a_far_cell_is_refused_before_it_is_opened(
    settings: Settings, tmp_path: Path, cell: str
) -> None:
    far = f'<row r="{cell.lstrip("BDFX")}">{text_cell(cell, "1")}</row>'
    path = workbook(tmp_path / "list.xlsx", f'<row r="1">{text_cell("A1", "Phone")}</row>{far}')
    assert path.stat().st_size < 1_600
    with pytest.raises(TaskError, match="but only 2 cells hold a value"):
        await preview(settings, path)


async def test_a_workbook_that_declares_entities_is_refused(settings: Settings, tmp_path: Path) -> None:
    path = workbook(tmp_path / "list.xlsx", "")
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("xl/styles.xml", f'{XML}<!DOCTYPE s [<!ENTITY a "aaaa">]><s>&a;</s>')
    with pytest.raises(TaskError, match="not an Excel workbook"):
        await preview(settings, path)
