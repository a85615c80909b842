"""One call as people read it: who, what was said, what was done, what is known from it and by which words."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.calls import transcripts
from dialer.store.tables import Call, Campaign, EnquiryValue, Enrollment, Lead, Script, ToolUse, Turn


@dataclass(frozen=True, slots=True)
class CallDetail:
    """A call with everything that hangs on it."""

    call: Call
    campaign: Campaign
    place: Enrollment
    lead: Lead
    script: Script
    turns: Sequence[Turn]
    tools: Sequence[ToolUse]
    values: Sequence[EnquiryValue]


async def of_call(session: AsyncSession, call_id: UUID) -> CallDetail | None:
    """The call; None where there is none."""
    query = (
        select(Call, Campaign, Enrollment, Lead, Script)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .join(Enrollment, Enrollment.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .join(Script, Script.id == Call.script_id)
        .where(Call.id == call_id)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    tools = select(ToolUse).where(ToolUse.call_id == call_id).order_by(ToolUse.at, ToolUse.id)
    values = (
        select(EnquiryValue)
        .where(EnquiryValue.campaign_lead_id == row[2].id, EnquiryValue.call_id == call_id)
        .order_by(EnquiryValue.id)
    )
    return CallDetail(
        *row,
        turns=await transcripts.of_call(session, call_id),
        tools=(await session.scalars(tools)).all(),
        values=(await session.scalars(values)).all(),
    )
