"""The review of a checked list: choose what becomes of duplicates, then import it in the background."""

from collections.abc import Sequence

from dialer.services import actions, jobs
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.leads import imports
from dialer.store.sessions import Session
from dialer.store.tables import Campaign


class NotInReviewError(ValueError):
    """There is no such list, or it was imported or discarded already."""


async def choose_rows(session: Session, actor: Actor, import_id: int, rows: Sequence[int], choice: str) -> int:
    """Choose for single duplicates of a checked list; how many of the rows are such.

    Raises:
        ForbiddenError, NotInReviewError.
    """
    actor.require(actions.LIST_CHOOSE)
    await _in_review(session, import_id)
    chosen = await imports.choose(session, import_id, rows, choice)
    await record(session, actor, actions.LIST_CHOOSE, {"import": import_id, "rows": chosen, "choice": choice})
    return chosen


async def request_commit(session: Session, actor: Actor, import_id: int) -> tuple[int, Campaign]:
    """Queue the import of a checked list: the job's id, and its campaign. Raises ForbiddenError, NotInReviewError."""
    campaign = await _in_review(session, import_id)
    details = {"import": import_id, "campaign": campaign.name}
    job_id = await jobs.enqueue(session, actor, actions.LIST_COMMIT, "commit", {"import_id": import_id}, details)
    return job_id, campaign


async def _in_review(session: Session, import_id: int) -> Campaign:
    found = await imports.campaign_of(session, import_id)
    if found is None or found[0].state != "checked":
        raise NotInReviewError("This list was imported or discarded already.")
    return found[1]
