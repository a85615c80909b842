"""Calls as they are listed: of a lead, of a campaign, of an outcome; newest first, page by page, by key."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import Outcome
from dialer.store.leads.lead_search import PAGE
from dialer.store.tables import Call, Campaign, Enrollment, Lead


@dataclass(frozen=True, slots=True)
class PastCall:
    """One call of somebody's history."""

    call_id: UUID
    campaign: str
    name: str
    phone: str
    n: int
    at: datetime
    state: str
    outcome: Outcome | None
    reason: str | None
    duration_s: int | None


_PAST = (
    Call.id,
    Campaign.name,
    Lead.name,
    Call.phone,
    Call.n,
    Call.created_at,
    Call.state,
    Call.outcome,
    Call.reason,
    Call.duration_s,
)


async def calls_of(session: AsyncSession, lead_id: int, most: int = 100) -> list[PastCall]:
    """The newest calls to a lead."""
    query = (
        select(*_PAST)
        .join(Enrollment, Enrollment.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .where(Enrollment.lead_id == lead_id)
        .order_by(Call.created_at.desc())
        .limit(most)
    )
    return [PastCall(*tuple(row)) for row in await session.execute(query)]


async def newest_calls(
    session: AsyncSession,
    campaign_id: int | None,
    before: tuple[datetime, UUID] | None = None,
    most: int = PAGE,
    outcome: str = "",
) -> list[PastCall]:
    """The newest calls of a campaign, or of all, behind `before`; with `outcome`, those that ended so."""
    few = select(Call.id).order_by(Call.created_at.desc(), Call.id.desc()).limit(most)
    if campaign_id is not None:
        few = few.where(Call.campaign_id == campaign_id)
    if outcome:
        few = few.where(Call.outcome == outcome)
    if before is not None:
        few = few.where(Call.created_at <= before[0], tuple_(Call.created_at, Call.id) < before)
    query = (
        select(*_PAST)
        .join(Enrollment, Enrollment.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .where(Call.id.in_(few))
        .order_by(Call.created_at.desc(), Call.id.desc())
    )
    return [PastCall(*tuple(row)) for row in await session.execute(query)]
