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
from tests.support.workbooks import XML, far_cell, text_cell, workbook


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
async def test_a_child_beyond_its_limits_is_stopped(
    plain_start: None, settings: Settings, tmp_path: Path, limits: Limits
) -> None:
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


@pytest.mark.parametrize("cell", ["XFD1048576", "XFD20000", "B1048576000"])
async def test_a_tiny_workbook_with_a_far_cell_is_refused_before_it_is_opened(
    settings: Settings, tmp_path: Path, cell: str
) -> None:
    path = far_cell(tmp_path / "list.xlsx", cell)
    assert path.stat().st_size < 1_600
    with pytest.raises(TaskError, match="but only 2 cells hold a value"):
        await preview(settings, path)


async def test_a_workbook_that_declares_entities_is_refused(settings: Settings, tmp_path: Path) -> None:
    path = workbook(tmp_path / "list.xlsx", "")
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("xl/styles.xml", f'{XML}<!DOCTYPE s [<!ENTITY a "aaaa">]><s>&a;</s>')
    with pytest.raises(TaskError, match="not an Excel workbook"):
        await preview(settings, path)
