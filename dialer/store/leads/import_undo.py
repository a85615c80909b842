"""Undoing an import: its leads and rows are deleted, what it changed of others is put back."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Places that were only told to speak by this list's rows belong to the list that made them.
_OWN = "c.import_id = :id AND NOT EXISTS (SELECT FROM import_change i WHERE i.import_id = :id AND i.campaign_lead_id = c.id)"
_CALLED = text(f"""
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
    UPDATE lead l SET name = b.name, email = b.email, email_by_voice = b.email_by_voice, zones = b.zones,
        zone_source = b.zone_source, state = b.state, consent = b.consent, consent_source = b.consent_source, consent_on = b.consent_on
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
_LOCK = text(f"SELECT c.id FROM campaign_lead c WHERE {_OWN} FOR UPDATE")  # noqa: S608 - made of constants


async def lock_leads(session: AsyncSession, import_id: int) -> int:
    """Lock the leads that an import brought, so that no worker starts a call to them; how many."""
    return len((await session.execute(_LOCK, {"id": import_id})).all())


async def called_phones(session: AsyncSession, import_id: int) -> Sequence[str]:
    """The numbers of its leads that were called, or are being called; in order."""
    return (await session.scalars(_CALLED, {"id": import_id})).all()


async def undo(session: AsyncSession, import_id: int) -> None:
    """Undo an import; the caller has locked its leads and found none called."""
    for step in _STEPS:
        await session.execute(text(step), {"id": import_id})
