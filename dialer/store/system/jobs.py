"""Long work asked for through the API: claimed by one worker, alive by its heartbeat, taken over when that stops."""

from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Job

HEARTBEAT_TTL = timedelta(seconds=30)
"""A job without a heartbeat for this long has lost its process: its transaction is rolled back, and it starts again."""
MAX_TRIES = 3
"""A job that lost its process this often is set aside: what it reads may be what ends the process."""
SET_ASIDE = (
    f"This job was stopped {MAX_TRIES} times before it finished, and will not start again. "
    "The file may be too large or damaged: split it, or save it as .csv."
)


async def enqueue(session: AsyncSession, kind: str, asked: dict[str, Any], by: str) -> int:
    """Ask for a piece of work; its id."""
    job = Job(kind=kind, arguments=asked, requested_by=by)
    session.add(job)
    await session.flush()
    return job.id


async def claim(session: AsyncSession) -> int | None:
    """Claim the oldest job that no process works on; None if there is none, or it was cancelled or set aside."""
    free = or_(Job.state == "queued", and_(Job.state == "running", Job.heartbeat_at < func.now() - HEARTBEAT_TTL))
    query = select(Job).where(free).order_by(Job.id).limit(1).with_for_update(skip_locked=True)
    job = (await session.scalars(query)).one_or_none()
    if job is None:
        return None
    if job.cancel:
        job.state, job.ended_at = "cancelled", func.now()
        return None
    if job.tries >= MAX_TRIES:
        job.state, job.message, job.ended_at = "failed", SET_ASIDE, func.now()
        return None
    job.state, job.heartbeat_at, job.done, job.tries = "running", func.now(), 0, job.tries + 1
    return job.id


async def heartbeat(session: AsyncSession, job_id: int, done: int) -> bool:
    """A sign of life; whether the work is still wanted."""
    told = await session.execute(
        update(Job).where(Job.id == job_id).values(heartbeat_at=func.now(), done=done).returning(Job.cancel)
    )
    return told.scalar_one() is False


async def end(session: AsyncSession, job_id: int, state: str, says: str | None, result: dict[str, Any] | None) -> None:
    """What came of it."""
    ended = {"state": state, "message": says, "result": result, "ended_at": func.now()}
    await session.execute(update(Job).where(Job.id == job_id, Job.state == "running").values(**ended))


async def cancel(session: AsyncSession, job_id: int) -> Job | None:
    """Ask that a piece of work be stopped; one that nobody began is stopped at once."""
    job = await session.get(Job, job_id, with_for_update=True)
    if job is not None and job.state in ("queued", "running"):
        job.cancel = True
        if job.state == "queued":
            job.state, job.ended_at = "cancelled", func.now()
        await session.flush()
        await session.refresh(job)
    return job


async def check_of(session: AsyncSession, import_id: int) -> Job | None:
    """The newest check of an uploaded file that made this list."""
    made = Job.result["import_id"].as_integer() == import_id
    query = select(Job).where(Job.kind == "import", Job.state == "done", made, Job.arguments["dry"].as_boolean())
    return (await session.scalars(query.order_by(Job.id.desc()).limit(1))).one_or_none()


async def check_of_file(session: AsyncSession, file: str) -> Job | None:
    """The newest check that was asked for an uploaded file."""
    query = select(Job).where(Job.kind == "import", Job.arguments["file"].as_string() == file)
    return (await session.scalars(query.order_by(Job.id.desc()).limit(1))).one_or_none()


def as_json(job: Job) -> dict[str, Any]:
    """A piece of work, for JSON."""
    return {
        "job_id": job.id,
        "kind": job.kind,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "says": job.message,
        "result": job.result,
        "asked_at": job.requested_at.isoformat(),
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
    }
