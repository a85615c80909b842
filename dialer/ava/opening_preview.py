"""AVA's first words to leads of a campaign, filled from their own rows: see what is said before anyone is called."""

from collections.abc import Sequence
from datetime import datetime

from dialer.ava.persona import SessionTexts, compose_session, without_false_claims
from dialer.services.calls.accept_stream import lead_columns_of
from dialer.store.leads import enrollments
from dialer.store.sessions import Session
from dialer.store.tables import Campaign, Lead, Script


async def opening_previews(
    session: Session, campaign: Campaign, now: datetime, most: int = 3
) -> Sequence[tuple[Lead, SessionTexts]]:
    """The next leads to be called, each with what AVA would be told: her first words, and the locked line in them."""
    script = await session.get_one(Script, campaign.script_id)
    found = []
    for in_campaign, lead in await enrollments.list_waiting(session, campaign.id, most):
        told = compose_session(
            without_false_claims(script.persona),
            script.opening,
            business=script.business,
            phone=lead.phone,
            name=lead.name,
            row=await lead_columns_of(session, in_campaign),
            zone=lead.zones[0] if lead.zones else "UTC",
            now=now,
            recorded=campaign.recording,
            language=script.language,
        )
        found.append((lead, told))
    return found
