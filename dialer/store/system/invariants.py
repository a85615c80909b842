"""What the proof of the invariants reads: the calls made, and every row that breaks a promise."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from dialer.domain.calling.call import LIVE
from dialer.store.tables import Booking, Call, Campaign, DoNotCall, Enrollment, Lead

DAY = timedelta(hours=24)


async def list_calls(session: AsyncSession, since: datetime) -> Sequence[Call]:
    """The calls made since a (real) moment, oldest first."""
    return (await session.scalars(select(Call).where(Call.inserted_at >= since).order_by(Call.inserted_at))).all()


async def phones_with_several_live_calls(session: AsyncSession) -> list[tuple[str, int]]:
    """Phones with more than one live call, and how many."""
    live = select(Call.phone, func.count()).where(Call.state.in_(LIVE)).group_by(Call.phone).having(func.count() > 1)
    return [(phone, count) for phone, count in await session.execute(live)]


async def days_over_the_cap(session: AsyncSession) -> list[tuple[str, datetime, int, int]]:
    """Each 24 hours with more calls to a phone than its campaign allows: phone, start, calls, cap.

    Promised call-backs are the student's own wish and do not count.
    """
    later = aliased(Call)
    query = (
        select(Call.phone, Call.created_at, func.count(), Campaign.calls_per_day)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .join(
            later,
            and_(
                later.phone == Call.phone,
                later.created_at >= Call.created_at,
                later.created_at < Call.created_at + DAY,
                later.placing_at.is_not(None),
                later.gate["promised"].as_boolean().is_not(True),
            ),
        )
        .where(Call.placing_at.is_not(None))
        .group_by(Call.id, Campaign.calls_per_day)
        .having(func.count() > Campaign.calls_per_day)
    )
    return [(phone, at, count, cap) for phone, at, count, cap in await session.execute(query)]


async def leads_by_call(session: AsyncSession, call_ids: Collection[UUID]) -> dict[UUID, Lead]:
    """The lead of each of the calls."""
    query = (
        select(Call.id, Lead)
        .join(Enrollment, Enrollment.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .where(Call.id.in_(call_ids))
    )
    return dict((await session.execute(query)).all())


async def calls_after_listing(session: AsyncSession) -> list[tuple[str, datetime, datetime]]:
    """Calls placed to a number after it was listed: phone, when the call was made, when the number was listed."""
    scope = or_(DoNotCall.scope == "account", DoNotCall.scope == func.concat("campaign:", Call.campaign_id))
    query = (
        select(Call.phone, Call.inserted_at, DoNotCall.added_at)
        .join(DoNotCall, and_(DoNotCall.phone == Call.phone, scope))
        .where(Call.placing_at.is_not(None), Call.placing_at > DoNotCall.added_at)
    )
    return [(phone, made_at, added_at) for phone, made_at, added_at in await session.execute(query)]


async def calling_without_call(session: AsyncSession) -> Sequence[str]:
    """Phones of leads in the state `calling` that have no live call."""
    live = exists().where(Call.campaign_lead_id == Enrollment.id, Call.state.in_(LIVE))
    stuck = (
        select(Lead.phone).join(Enrollment, Enrollment.lead_id == Lead.id).where(Enrollment.state == "calling", ~live)
    )
    return (await session.scalars(stuck)).all()


async def count_enrollments(session: AsyncSession) -> int:
    """How many leads all campaigns have together."""
    return await session.scalar(select(func.count()).select_from(Enrollment)) or 0


async def overlapping_bookings(session: AsyncSession) -> list[tuple[UUID, UUID]]:
    """Pairs of held or booked meetings of one counselor that overlap."""
    other = aliased(Booking)
    live = ("held", "booked")
    query = select(Booking.id, other.id).join(
        other,
        and_(
            other.counselor_id == Booking.counselor_id,
            other.id > Booking.id,
            other.during.overlaps(Booking.during),
            other.state.in_(live),
        ),
    )
    return [(a, b) for a, b in await session.execute(query.where(Booking.state.in_(live)))]


async def count_bookings(session: AsyncSession) -> int:
    """How many bookings there are, whatever their state."""
    return await session.scalar(select(func.count()).select_from(Booking)) or 0


async def spend_by_capped_campaign(session: AsyncSession) -> list[tuple[str, Decimal, Decimal]]:
    """Name, known costs and spend cap (USD) of each campaign that has a cap and made a call."""
    cost = func.sum(func.coalesce(Call.carrier_cost, 0) + func.coalesce(Call.voice_cost, 0))
    query = (
        select(Campaign.name, cost, Campaign.spend_cap)
        .join(Call, Call.campaign_id == Campaign.id)
        .where(Campaign.spend_cap.is_not(None))
        .group_by(Campaign.id)
    )
    return [(name, spent, cap) for name, spent, cap in await session.execute(query) if cap is not None]
