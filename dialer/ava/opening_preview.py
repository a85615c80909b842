"""AVA's first words to leads of a campaign, filled from their own rows: see what is said before anyone is called."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from dialer.ava.persona import SessionTexts, compose_session, without_false_claims
from dialer.services.calls.accept_stream import lead_columns_of
from dialer.store.sessions import Session
from dialer.store.tables import Campaign, Enrollment, Lead, Script


async def opening_previews(
    session: Session, campaign: Campaign, now: datetime, most: int = 3
) -> Sequence[tuple[Lead, SessionTexts]]:
    """The next leads to be called, each with what AVA would be told: her first words, and the locked line in them."""
    script = await session.get_one(Script, campaign.script_id)
    query = (
        select(Enrollment, Lead)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .where(Enrollment.campaign_id == campaign.id, Enrollment.state.in_(("ready", "waiting")))
        .order_by(Enrollment.id)
        .limit(most)
    )
    found = []
    for in_campaign, lead in (await session.execute(query)).all():
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
