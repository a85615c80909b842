"""An import taken back: its leads, their places and its rows go, what it changed of others is put back.

Only as long as none of its leads has been rung; one transaction, all or nothing.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.services.leads.read_file import UnreadableListError
from dialer.store.leads import imports
from dialer.store.sessions import Session

MAX_LISTED = 100

# Places that were only told to speak by this list's rows belong to the list that made them.
_OWN = "c.import_id = :id AND NOT EXISTS (SELECT FROM import_change i WHERE i.import_id = :id AND i.campaign_lead_id = c.id)"
_RUNG = text(f"""
SELECT l.phone FROM campaign_lead c JOIN lead l ON l.id = c.lead_id
WHERE {_OWN} AND (c.attempts > 0 OR c.state = 'calling' OR EXISTS (SELECT FROM call k WHERE k.campaign_lead_id = c.id))
ORDER BY l.phone
""")  # noqa: S608 - made of constants
_STEPS = (
    # The oldest of an import's notes on a place or a lead is what stood there before it; a later import's word stays.
    """
    UPDATE campaign_lead c SET import_id = (o.before->>'import_id')::bigint, import_n = (o.before->>'import_n')::int
    FROM (SELECT DISTINCT ON (campaign_lead_id) campaign_lead_id, before FROM import_change
          WHERE import_id = :id AND campaign_lead_id IS NOT NULL ORDER BY campaign_lead_id, id) o
    WHERE c.id = o.campaign_lead_id AND c.import_id = :id
    """,
    """
    UPDATE lead l SET name = b.name, email = b.email, zones = b.zones, zone_source = b.zone_source, state = b.state,
        consent = b.consent, consent_source = b.consent_source, consent_on = b.consent_on
    FROM (SELECT DISTINCT ON (lead_id) lead_id, id, before FROM import_change
          WHERE import_id = :id AND campaign_lead_id IS NULL ORDER BY lead_id, id) o,
    LATERAL jsonb_populate_record(NULL::lead, o.before) b
    WHERE l.id = o.lead_id AND NOT EXISTS (
        SELECT FROM import_change n WHERE n.lead_id = l.id AND n.import_id <> :id AND n.campaign_lead_id IS NULL AND n.id > o.id)
    """,
    "DELETE FROM import_change WHERE import_id = :id",
    "DELETE FROM campaign_lead c WHERE c.import_id = :id",
    "DELETE FROM lead l WHERE l.import_id = :id AND NOT EXISTS (SELECT FROM campaign_lead c WHERE c.lead_id = l.id)",
    "DELETE FROM import_row WHERE import_id = :id",
    "UPDATE lead_import SET state = 'undone' WHERE id = :id",
)


@dataclass(frozen=True, slots=True)
class Undone:
    """How many leads are out of the campaign again; a list that was never imported is `discarded`."""

    leads: int
    discarded: bool = False


@dataclass(frozen=True, slots=True)
class AlreadyCalled:
    """It cannot be taken back: these numbers have been rung (at most MOST_TOLD of `many`)."""

    many: int
    phones: tuple[str, ...]


async def undo_import(session: Session, actor: Actor, import_id: int) -> Undone | AlreadyCalled:
    """Undo an import, in the caller's transaction.

    Raises:
        ForbiddenError: `actor` may not do this.
        UnreadableListError: there is no such import, it is taken back already, or it mended rows of another.
    """
    actor.require(actions.LIST_UNDO)
    await imports.one_at_a_time(session)
    found = await imports.campaign_of(session, import_id)
    if found is None:
        raise UnreadableListError(f"there is no import {import_id}")
    done, campaign = found
    if done.state == "undone":
        raise UnreadableListError(f"import {import_id} is taken back already")
    if done.mends is not None and done.state == "done":
        raise UnreadableListError(f"import {import_id} mended rows of import {done.mends}; take that one back")
    discarded = done.state == "checked"
    which: dict[str, Any] = {"id": import_id}
    # Locked, so that no worker begins with one of them meanwhile.
    locked = await session.execute(text(f"SELECT c.id FROM campaign_lead c WHERE {_OWN} FOR UPDATE"), which)  # noqa: S608 - a constant
    leads = len(locked.all())
    rung = (await session.scalars(_RUNG, which)).all()
    if rung:
        return AlreadyCalled(len(rung), tuple(rung[:MAX_LISTED]))
    for step in _STEPS:
        await session.execute(text(step), which)
    what = {"import": import_id, "file": done.file, "campaign": campaign.name, "leads": leads}
    await record(session, actor, actions.LIST_DISCARD if discarded else actions.LIST_UNDO, what)
    return Undone(leads, discarded)
