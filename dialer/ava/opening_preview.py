"""AVA's first words to leads of a campaign, filled from their own rows: see what is said before anyone is called."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.ava.persona import Told, honest, tell
from dialer.services.calls.accept_stream import lead_columns_of
from dialer.store.tables import Campaign, CampaignLead, Lead, Script


async def openings(
    session: AsyncSession, campaign: Campaign, now: datetime, most: int = 3
) -> Sequence[tuple[Lead, Told]]:
    """The next leads to be called, each with what AVA would be told: her first words, and the locked line in them."""
    script = await session.get_one(Script, campaign.script_id)
    query = (
        select(CampaignLead, Lead)
        .join(Lead, Lead.id == CampaignLead.lead_id)
        .where(CampaignLead.campaign_id == campaign.id, CampaignLead.state.in_(("ready", "waiting")))
        .order_by(CampaignLead.id)
        .limit(most)
    )
    found = []
    for in_campaign, lead in (await session.execute(query)).all():
        told = tell(
            honest(script.persona),
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
