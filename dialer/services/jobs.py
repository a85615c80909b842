"""Long work in the background: an import, an export, a rehearsal. A worker runs it in a process of its own."""

from typing import Any

from dialer.services import actions
from dialer.services.actions import Action
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.sessions import Session
from dialer.store.system import jobs
from dialer.store.tables import Job


async def enqueue(
    session: Session, actor: Actor, action: Action, kind: str, options: dict[str, Any], details: dict[str, Any]
) -> int:
    """Queue a job and record who asked for it; its id. `details` go to the audit log. Raises ForbiddenError."""
    actor.require(action)
    job_id = await jobs.enqueue(session, kind, options, actor.email)
    await record(session, actor, action, {"job": job_id, **details})
    return job_id


async def cancel_job(session: Session, actor: Actor, job_id: int) -> Job | None:
    """Cancel a job; what it has not committed is rolled back.

    Returns:
        The job as it is now, over where it was over already; None where there is none.

    Raises:
        ForbiddenError: `actor` may not do this.
    """
    actor.require(actions.JOB_CANCEL)
    job = await jobs.cancel(session, job_id)
    if job is not None:
        await record(session, actor, actions.JOB_CANCEL, {"job": job_id, "kind": job.kind})
    return job
