"""Long work that was asked for through the API: done by workers, followed, stopped, begun again when its process dies."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from dialer.cli.processes import job as job_process
from dialer.settings import Settings
from dialer.store.system import jobs
from dialer.store.tables import Job, Lead
from dialer.wiring.stores import Store
from tests.support.lists import as_text, campaign, students, write_list
from tests.support.people import row_counts, sql
from tests.support.web import serving
from workers.job_runner import JobRunner


async def worked(settings: Settings, store: Store, until: Callable[[], Awaitable[bool]]) -> None:
    """Let a worker do what there is, until something is so."""
    ctx: Any = {"parts": SimpleNamespace(sessions=store.sessions)}
    work = JobRunner(settings)
    try:
        while not await until():
            await work.begin_next(ctx)
            await asyncio.sleep(0.05)
    finally:
        await work.stop()


async def state(store: Store, job_id: int) -> str:
    async with store.sessions() as session:
        return (await session.get_one(Job, job_id)).state


async def test_a_list_is_checked_chosen_about_brought_in_and_taken_back_over_the_api(
    settings: Settings, store: Store
) -> None:
    await campaign(store)
    text = as_text([*students(1, 2, 1), ["Devi", "98765"]])
    async with serving(settings) as client:
        files = {"data": ("list.csv", text.encode())}
        asked = {"dry_run": "true", "background": "true"}
        answer = await client.post("/api/campaigns/Spring/leads", files=files, params=asked)
        assert answer.status_code == 200, answer.text
        job = answer.json()["job_id"]

        async def over() -> bool:
            return (await client.get(f"/api/jobs/{job}")).json()["state"] not in ("queued", "running")

        await worked(settings, store, over)
        said = (await client.get(f"/api/jobs/{job}")).json()
        assert said["state"] == "done", said
        number = said["result"]["import_id"]
        assert (said["result"]["imported"], said["done"]) == (2, 4)
        assert await sql(store.sessions, "SELECT count(*) FROM lead") == 0
        rows = (await client.get(f"/api/imports/{number}/rows", params={"which": "duplicate_in_file"})).json()
        assert [row["n"] for row in rows] == [3]
        assert (await client.get(f"/api/imports/{number}/rows", params={"which": "x"})).status_code == 422
        chosen = await client.post(f"/api/imports/{number}/choices", json={"rows": [3, 1], "choice": "fill"})
        assert chosen.json() == {"chosen": 1}
        job = (await client.post(f"/api/imports/{number}/commit")).json()["job_id"]
        await worked(settings, store, over)
        assert (await client.get(f"/api/imports/{number}")).json()["state"] == "done"
        assert (await client.post(f"/api/imports/{number}/commit")).status_code == 409
        job = (await client.post("/api/exports", json={"what": "leads", "form": "xlsx"})).json()["job_id"]
        await worked(settings, store, over)
        result = (await client.get(f"/api/jobs/{job}")).json()["result"]
        assert result["rows"] == 2
        assert Path(result["file"]).read_bytes().startswith(b"PK")
        assert (await client.delete(f"/api/imports/{number}")).json() == {"import_id": number, "leads": 2}
        assert (await client.delete(f"/api/imports/{number}")).status_code == 409
        assert (await client.get("/api/imports/99")).status_code == 404
        assert (await client.post("/api/jobs/99/cancel")).status_code == 404


async def ask(store: Store, path: Path) -> int:
    asked = {"file": str(path), "campaign": "Spring", "dry": False, "duplicates": "skip", "mapping": {}}
    async with store.sessions.begin() as session:
        return await jobs.enqueue(session, "import", asked, "test")


GROWN = "SELECT pg_relation_size('lead') > 1000000"


async def test_work_that_is_stopped_leaves_nothing(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    job = await ask(store, write_list(tmp_path / "list.csv", students(*range(100_000))))
    stopped = False

    async def over() -> bool:
        nonlocal stopped
        if not stopped and await sql(store.sessions, GROWN):
            async with store.sessions.begin() as session:
                await jobs.cancel(session, job)
            stopped = True
        return await state(store, job) not in ("queued", "running")

    await worked(settings, store, over)
    assert await state(store, job) == "cancelled"
    assert await sql(store.sessions, "SELECT count(*) FROM lead") == 0
    waiting = await ask(store, tmp_path / "list.csv")
    async with store.sessions.begin() as session:
        await jobs.cancel(session, waiting)
    assert await state(store, waiting) == "cancelled", "what nobody began is stopped at once"


async def test_work_whose_process_is_killed_is_begun_again_and_imported_once(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    before = await row_counts(store.sessions)
    job = await ask(store, write_list(tmp_path / "list.csv", students(*range(100_000))))
    async with store.sessions.begin() as session:
        assert await jobs.claim(session) == job
    environment = {**os.environ, "DIALER_DATABASE_URL": settings.dialer_database_url or ""}
    environment["DIALER_REDIS_URL"] = settings.dialer_redis_url or ""
    words = [sys.executable, "-m", "dialer", "job", str(job)]
    process = await asyncio.to_thread(subprocess.Popen, words, env=environment)
    while not await sql(store.sessions, GROWN):
        assert process.poll() is None
        await asyncio.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.wait)
    assert await row_counts(store.sessions) == {**before, "job": 1}
    async with store.sessions.begin() as session:
        assert await jobs.claim(session) is None, "its silence is still short"
    await sql(store.sessions, "UPDATE job SET heartbeat_at = now() - interval '1 minute'")

    async def over() -> bool:
        return await state(store, job) == "done"

    await worked(settings, store, over)
    async with store.sessions() as session:
        assert len((await session.scalars(select(Lead.id))).all()) == 100_000


async def test_a_job_that_keeps_losing_its_process_is_set_aside(store: Store, tmp_path: Path) -> None:
    await campaign(store)
    job = await ask(store, write_list(tmp_path / "list.csv", students(1)))
    for _ in range(jobs.MAX_TRIES):
        async with store.sessions.begin() as session:
            assert await jobs.claim(session) == job
        await sql(store.sessions, "UPDATE job SET heartbeat_at = now() - interval '1 minute'")
    async with store.sessions.begin() as session:
        assert await jobs.claim(session) is None
    async with store.sessions() as session:
        row = await session.get_one(Job, job)
    assert (row.state, row.tries) == ("failed", 3)
    assert "will not start again" in (row.message or "")


async def test_work_that_fails_says_why(settings: Settings, store: Store, tmp_path: Path) -> None:
    await campaign(store)
    job = await ask(store, write_list(tmp_path / "list.csv", [["x", "Pune"]], ("A", "B")))

    async def over() -> bool:
        return await state(store, job) not in ("queued", "running")

    await worked(settings, store, over)
    async with store.sessions() as session:
        row = await session.get_one(Job, job)
    assert row.state == "failed"
    assert row.message == "no column looks like a phone number (found: A, B); choose the column that holds it"


def test_no_process_that_serves_people_loads_pandas() -> None:
    modules = (
        "dialer.web.app",
        "dialer.bridge.server",
        "workers.main",
        "dialer.services.leads.read_file",
        "dialer.services.leads.import_file",
        "dialer.isolated.runner",
    )
    code = f"import sys, {', '.join(modules)}; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_work_that_is_cancelled_is_left_to_clean_up(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_process, "HEARTBEAT_S", 0.02)
    async with store.sessions.begin() as session:
        job_id = await jobs.enqueue(session, "rehearse", {}, "a test")
        (await session.get_one(Job, job_id)).state = "running"
    cleaned = asyncio.Event()

    class Slow(job_process.JobProcess):
        def _work(self, kind: str) -> Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]:
            async def work(asked: dict[str, Any]) -> dict[str, Any]:
                async with store.sessions.begin() as session:
                    (await session.get_one(Job, job_id)).cancel = True
                try:
                    return await asyncio.sleep(60, {})
                finally:
                    await asyncio.sleep(0.3)  # many heartbeats
                    cleaned.set()

            return work

    await Slow(settings, store, job_id).run()
    assert cleaned.is_set()
    assert await state(store, job_id) == "cancelled"
