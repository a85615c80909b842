"""`dialer job ID`: one piece of long work, in a process of its own that a worker starts; it ends with its worker."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.progress import guessed_rows
from dialer.cli.rehearsal.process import run_rehearsal
from dialer.domain.access.roles import Role
from dialer.isolated.limits import Limits
from dialer.isolated.parent import end_with_parent
from dialer.isolated.runner import TOO_MUCH
from dialer.services.actor import Actor
from dialer.services.exports.results import export_for
from dialer.services.leads.import_file import NoCampaignError, import_file
from dialer.services.leads.import_list import ImportOptions, commit_import
from dialer.services.leads.read_file import Format, UnreadableListError
from dialer.settings import Settings
from dialer.store.sessions import DatabaseError
from dialer.store.system import jobs
from dialer.store.tables import Campaign, Job, LeadImport
from dialer.wiring.stores import Store

HEARTBEAT_S = 1.0
LIMITS = {
    "import": Limits(memory_mb=2_048, cpu_s=1_800),
    "commit": Limits(memory_mb=2_048, cpu_s=1_800),
    "export": Limits(memory_mb=2_048, cpu_s=1_800),
}
"""What a job's process may use. A rehearsal starts servers of its own, reads no foreign file, and has no limit."""


def job_actor(asked_by: str) -> Actor:
    """Return the actor that a job works as: the account that queued it, whose permission was checked then."""
    return Actor(0, asked_by, Role.ADMIN)


def forget_upload(file: Path) -> None:
    """Delete an uploaded list with its folder, once its rows are imported."""
    file.unlink(missing_ok=True)
    with suppress(OSError):
        file.parent.rmdir()


def job(job_id: int) -> None:
    end_with_parent()

    async def work(settings: Settings, store: Store) -> None:
        await JobProcess(settings, store, job_id, LIMITS).run()

    with_store(work)


class JobProcess:
    """A piece of work, its heartbeat, and whoever wants it stopped."""

    def __init__(
        self, settings: Settings, store: Store, job_id: int, limits: Mapping[str, Limits] = MappingProxyType({})
    ) -> None:
        self._settings, self._store, self._job, self._done = settings, store, job_id, 0
        self._asked_by = ""
        self._limits = limits

    async def run(self) -> None:
        """Do it, and write down what came of it; work that is stopped leaves nothing."""
        async with self._store.sessions.begin() as session:
            row = await session.get_one(Job, self._job)
            asked, kind, self._asked_by = dict(row.arguments), row.kind, row.requested_by
            row.total = await self._total(session, kind, asked)
        if limits := self._limits.get(kind):
            limits.apply()
        doing = asyncio.ensure_future(self._work(kind)(asked))
        beating = asyncio.create_task(self._beat(doing))
        state, says, result = "done", None, None
        try:
            result = await doing
        except asyncio.CancelledError:
            state, says = "cancelled", "stopped; nothing of it is left"
        except MemoryError:
            state, says = "failed", TOO_MUCH
        except (CommandError, NoCampaignError, UnreadableListError, ValueError, OSError) as error:
            file = str(asked.get("file") or "")
            state, says = "failed", str(error).replace(file, Path(file).name) if file else str(error)
        finally:
            beating.cancel()
        async with self._store.sessions.begin() as session:
            await jobs.heartbeat(session, self._job, self._done)
            await jobs.end(session, self._job, state, says, result)

    async def _total(self, session: Any, kind: str, asked: dict[str, Any]) -> int:
        if kind == "import":
            return guessed_rows(Path(asked["file"])) or 0
        if kind == "commit":
            record = await session.get(LeadImport, asked["import_id"])
            return int(record.counts.get("rows", 0)) if record else 0
        return 0

    async def _beat(self, doing: "asyncio.Future[Any]") -> None:
        """Record progress every second, and cancel the work once if the job was cancelled.

        Only once: a second cancellation would interrupt the work's own clean-up, which may take longer than a second.
        """
        is_cancelled = False
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            with suppress(DatabaseError, OSError):  # a database that is away ends the work by itself
                async with self._store.sessions.begin() as session:
                    goes_on = await jobs.heartbeat(session, self._job, self._done)
                if not goes_on and not is_cancelled:
                    is_cancelled = doing.cancel()

    async def _watch(self, rows: int) -> None:
        self._done = rows

    async def _rehearse(self, asked: dict[str, Any]) -> dict[str, Any]:
        async with self._store.sessions() as session:
            campaign = await session.get_one(Campaign, asked["campaign_id"])
        return await run_rehearsal(campaign.name, asked["leads"], self._settings, self._watch_of)

    async def _watch_of(self, done: int, total: int) -> None:
        self._done = done
        async with self._store.sessions.begin() as session:
            (await session.get_one(Job, self._job)).total = total

    def _work(self, kind: str) -> Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]:
        known = {"import": self._import, "commit": self._commit, "export": self._export, "rehearse": self._rehearse}
        return known[kind]

    async def _import(self, asked: dict[str, Any]) -> dict[str, Any]:
        how = ImportOptions(dry=asked["dry"], duplicates=asked["duplicates"], only_mapped="phone" in asked["mapping"])
        how = replace(how, watch=self._watch)
        said = Format.parse(**asked.get("format", {}))
        file = Path(asked["file"])
        done = await import_file(
            self._store.sessions,
            job_actor(self._asked_by),
            file,
            asked["campaign"],
            data_dir=self._settings.dialer_data_dir,
            mapping=asked["mapping"],
            said=said,
            options=how,
            is_queued=True,
        )
        if not asked["dry"]:
            await asyncio.to_thread(forget_upload, file)
        return done.in_full()

    async def _commit(self, asked: dict[str, Any]) -> dict[str, Any]:
        async with self._store.sessions.begin() as session:
            done = await commit_import(session, asked["import_id"], ImportOptions(watch=self._watch), by=self._asked_by)
            checked = await jobs.check_of(session, asked["import_id"])
        if checked is not None:
            await asyncio.to_thread(forget_upload, Path(checked.arguments["file"]))
        return {**done.counts.as_dict(), "import_id": done.import_id, "notes": dict(done.counts.notes)}

    async def _export(self, asked: dict[str, Any]) -> dict[str, Any]:
        path = self._settings.dialer_data_dir / "exports" / f"{asked['what']}-{self._job}.{asked['form']}"
        rows = await export_for(
            self._store.sessions,
            job_actor(self._asked_by),
            asked["what"],
            path,
            form=asked["form"],
            campaign=asked.get("campaign"),
        )
        self._done = rows
        return {"rows": rows, "file": str(path)}
