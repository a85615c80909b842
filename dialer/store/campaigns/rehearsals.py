"""What came of a rehearsal, read from its own database; leads are told by their ids, which are those of the real one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import State
from dialer.store.campaigns import campaign_queries
from dialer.store.campaigns.claim_queue import next_moment, of_its_campaign, why_not_yet
from dialer.store.tables import Booking, Call, Campaign, CampaignHours, Counselor, Enrollment, Incident, Job, Lead

Json: TypeAlias = dict[str, Any]
MAX_PEOPLE = 500
MAX_REASONS = 8
SOON_S = 1800
"""Leads whose moments lie so close together are called in one round."""


async def next_round(session: AsyncSession, campaign_id: int, now: datetime) -> datetime | None:
    """When to go on: the last of the moments that lie close behind the first one to come; None where nobody waits."""
    waits = (Enrollment.campaign_id == campaign_id, Enrollment.state.in_(("ready", "waiting")))
    query = (
        select(next_moment())
        .select_from(Enrollment)
        .outerjoin(CampaignHours, of_its_campaign())
        .where(*waits, next_moment() > now)
        .order_by(next_moment())
    )
    moments = (await session.scalars(query)).all()
    return max((each for each in moments if (each - moments[0]).total_seconds() <= SOON_S), default=None)


async def results(session: AsyncSession, campaign_id: int, since: datetime) -> Json:
    """`{calls, outcomes, states, held_back, meetings, people, campaign_why, incidents}` of what was called since then.

    Each of the people has the gate's record of their first call, if there was one.
    """
    mine = (Call.campaign_id == campaign_id, Call.created_at >= since)
    outcome = func.coalesce(Call.outcome, Call.state)
    outcomes = await session.execute(select(outcome, func.count()).where(*mine).group_by(outcome).order_by(outcome))
    counted = {str(name): many for name, many in outcomes}
    places = (
        select(Enrollment.state, func.count().label("many"))
        .where(Enrollment.campaign_id == campaign_id)
        .group_by("state")
    )
    campaign = await session.get_one(Campaign, campaign_id)
    incidents = await session.scalars(select(Incident.message).order_by(Incident.id).limit(20))
    return {
        "calls": sum(counted.values()),
        "outcomes": counted,
        "states": {row.state: row.many for row in await session.execute(places)},
        "held_back": [list(each) for each in (await campaign_queries.held_back(session, campaign_id))[:MAX_REASONS]],
        "meetings": await _meetings(session, campaign_id),
        "people": await _people(session, campaign_id, since),
        "campaign_why": campaign.state_reason,
        "incidents": list(incidents),
    }


async def _meetings(session: AsyncSession, campaign_id: int) -> list[Json]:
    query = (
        select(Enrollment.lead_id, Counselor.name, Booking.during, Counselor.zone, Booking.lead_zone)
        .join(Enrollment, Enrollment.id == Booking.campaign_lead_id)
        .join(Counselor, Counselor.id == Booking.counselor_id)
        .where(Enrollment.campaign_id == campaign_id, Booking.state == "booked", Booking.call_id.is_not(None))
        .order_by(Booking.during)
    )
    return [
        {
            "lead_id": lead_id,
            "counselor": name,
            "starts": during.lower.isoformat() if during.lower else None,
            "zone": zone,
            "lead_zone": lead_zone,
        }
        for lead_id, name, during, zone, lead_zone in await session.execute(query)
    ]


async def _people(session: AsyncSession, campaign_id: int, since: datetime) -> list[Json]:
    mine = select(func.count()).where(
        Call.campaign_lead_id == Enrollment.id, Call.created_at >= since, Call.state != State.CANCELLED
    )
    first = (
        select(Call.gate)
        .where(Call.campaign_lead_id == Enrollment.id, Call.created_at >= since)
        .order_by(Call.n)
        .limit(1)
    )
    waits = Enrollment.state.in_(("ready", "waiting"))
    query = (
        select(
            Enrollment.lead_id,
            Enrollment.state,
            Enrollment.last_outcome,
            func.coalesce(case((waits, why_not_yet())), Enrollment.why),
            case((waits, next_moment())),
            mine.correlate(Enrollment).scalar_subquery(),
            first.correlate(Enrollment).scalar_subquery(),
        )
        .select_from(Enrollment)
        .outerjoin(CampaignHours, of_its_campaign())
        .where(Enrollment.campaign_id == campaign_id)
        .order_by(Enrollment.id)
        .limit(MAX_PEOPLE)
    )
    return [
        {
            "lead_id": lead_id,
            "state": state,
            "calls": calls,
            "outcome": str(outcome) if calls and outcome else None,
            "why": why,
            "next_at": at.isoformat() if at and calls else None,
            "gate": gate,
        }
        for lead_id, state, outcome, why, at, calls, gate in await session.execute(query)
    ]


async def newest(session: AsyncSession, campaign_id: int) -> Job | None:
    """A campaign's last rehearsal, whatever its state."""
    mine = (Job.kind == "rehearse", Job.arguments["campaign_id"].as_integer() == campaign_id)
    return await session.scalar(select(Job).where(*mine).order_by(Job.id.desc()).limit(1))


async def names_of(session: AsyncSession, lead_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Names and numbers of leads, by their ids: a rehearsal keeps neither."""
    query = select(Lead.id, Lead.name, Lead.phone).where(Lead.id.in_(lead_ids))
    return {lead_id: (name, phone) for lead_id, name, phone in await session.execute(query)}
