"""An import taken back: its leads, their places and its rows go, what it changed of others is put back.

Only as long as none of its leads has been called; one transaction, all or nothing.
"""

from dataclasses import dataclass

from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.services.leads.read_file import UnreadableListError
from dialer.store.leads import import_undo, imports
from dialer.store.sessions import Session

MAX_LISTED = 100


@dataclass(frozen=True, slots=True)
class Undone:
    """How many leads are out of the campaign again; a list that was never imported is `discarded`."""

    leads: int
    discarded: bool = False


@dataclass(frozen=True, slots=True)
class AlreadyCalled:
    """It cannot be taken back: these numbers have been called (at most MAX_LISTED of `many`)."""

    many: int
    phones: tuple[str, ...]


async def undo_import(session: Session, actor: Actor, import_id: int) -> Undone | AlreadyCalled:
    """Undo an import, in the caller's transaction.

    Raises:
        ForbiddenError: `actor` may not do this.
        UnreadableListError: there is no such import, it is already undone, or it fixed rows of another.
    """
    actor.require(actions.LIST_UNDO)
    await imports.one_at_a_time(session)
    found = await imports.campaign_of(session, import_id)
    if found is None:
        raise UnreadableListError(f"there is no import {import_id}")
    done, campaign = found
    if done.state == "undone":
        raise UnreadableListError(f"import {import_id} is already undone")
    if done.corrects_import_id is not None and done.state == "done":
        raise UnreadableListError(f"import {import_id} fixed rows of import {done.corrects_import_id}; undo that one")
    discarded = done.state == "checked"
    leads = await import_undo.lock_leads(session, import_id)
    rung = await import_undo.called_phones(session, import_id)
    if rung:
        return AlreadyCalled(len(rung), tuple(rung[:MAX_LISTED]))
    await import_undo.undo(session, import_id)
    what = {"import": import_id, "file": done.file, "campaign": campaign.name, "leads": leads}
    await record(session, actor, actions.LIST_DISCARD if discarded else actions.LIST_UNDO, what)
    return Undone(leads, discarded)
