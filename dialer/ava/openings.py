"""AVA's first words to leads of a campaign, filled from their own rows: what is said is seen before anybody is rung."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.ava.persona import honest, tell
from dialer.flows.answer_call import row_of
from dialer.store.tables import Campaign, CampaignLead, Lead, Script


async def openings(
    session: AsyncSession, campaign: Campaign, now: datetime, most: int = 3
) -> Sequence[tuple[Lead, str]]:
    """The next leads to be rung, each with the words that AVA would open with."""
    script = await session.get_one(Script, campaign.script_id)
    persona, opening = honest(script.persona, script.opening, recorded=campaign.recording)
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
            persona,
            opening,
            name=lead.name,
            row=await row_of(session, in_campaign),
            zone=lead.zones[0] if lead.zones else "UTC",
            now=now,
            recorded=campaign.recording,
            language=script.language,
        )
        found.append((lead, told.first))
    return found
