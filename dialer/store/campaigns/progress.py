"""How a campaign is getting on: for progress bars, and lead by lead for the tables after a run."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import LIVE, Outcome, State
from dialer.domain.numbers.phone import mask
from dialer.store.campaigns.claim_queue import next_moment, of_its_campaign, why_not_yet
from dialer.store.tables import Booking, Call, CampaignHours, Counselor, Enrollment, Lead


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call that is over."""

    call_id: UUID
    name: str
    phone: str
    outcome: Outcome
    reason: str | None

    def line(self) -> str:
        """For people."""
        why = f" ({self.reason})" if self.reason and self.outcome not in (Outcome.BOOKED, Outcome.QUALIFIED) else ""
        return f"  {mask(self.phone):16} {self.name[:22]:22} {self.outcome.value.replace('_', ' ')}{why}"


@dataclass(frozen=True, slots=True)
class Progress:
    """`settled` leads are done, or wait for a later moment with no call in progress."""

    leads: int
    settled: int
    live: int
    ended: tuple[EndedCall, ...]


async def of_campaign(session: AsyncSession, campaign_id: int, now: datetime) -> Progress:
    """Where a campaign stands at a (lived) moment."""
    waits = and_(Enrollment.state.in_(("ready", "waiting")), next_moment() > now)
    settled = func.count(case((Enrollment.state == "done", 1), (waits, 1)))
    leads, count = (
        await session.execute(
            select(func.count(), settled)
            .select_from(Enrollment)
            .outerjoin(CampaignHours, of_its_campaign())
            .where(Enrollment.campaign_id == campaign_id)
        )
    ).one()
    live = await session.scalar(select(func.count()).where(Call.campaign_id == campaign_id, Call.state.in_(LIVE)))
    query = (
        select(Call.id, Lead.name, Call.phone, Call.outcome, Call.reason)
        .join(Enrollment, Enrollment.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .where(Call.campaign_id == campaign_id, Call.state == State.ENDED)
        .order_by(Call.ended_at)
    )
    ended = tuple(
        EndedCall(call_id, name, phone, outcome, reason)
        for call_id, name, phone, outcome, reason in (await session.execute(query))
        if outcome is not None
    )
    return Progress(leads, count, live or 0, ended)


async def list_leads(session: AsyncSession, campaign_id: int) -> list[tuple[Enrollment, Lead, datetime]]:
    """Every lead of a campaign, and when it may next be called; in the order of their enrollment."""
    query = (
        select(Enrollment, Lead, next_moment())
        .join(Lead, Lead.id == Enrollment.lead_id)
        .outerjoin(CampaignHours, of_its_campaign())
        .where(Enrollment.campaign_id == campaign_id)
        .order_by(Enrollment.id)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def list_meetings(session: AsyncSession, campaign_id: int) -> list[tuple[str, str, datetime, str]]:
    """The booked meetings of a campaign, soonest first: lead, counselor, start, the lead's time zone (IANA)."""
    query = (
        select(Lead.name, Counselor.name, Booking.during, Booking.lead_zone)
        .join(Enrollment, Enrollment.id == Booking.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .join(Counselor, Counselor.id == Booking.counselor_id)
        .where(Enrollment.campaign_id == campaign_id, Booking.state == "booked")
        .order_by(Booking.during)
    )
    meetings = []
    for lead, counselor, during, zone in await session.execute(query):
        assert during.lower is not None
        meetings.append((lead, counselor, during.lower, zone))
    return meetings


async def list_held_back(session: AsyncSession, campaign_id: int) -> list[tuple[str, str]]:
    """The leads of a campaign that were never called and wait, or are done, for a reason: reason, name; by reason."""
    query = (
        select(why_not_yet(), Lead.name)
        .select_from(Enrollment)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .outerjoin(CampaignHours, of_its_campaign())
        .where(Enrollment.campaign_id == campaign_id, Enrollment.attempts == 0, why_not_yet().is_not(None))
        .order_by(why_not_yet())
    )
    return [(why or "", name) for why, name in await session.execute(query)]
