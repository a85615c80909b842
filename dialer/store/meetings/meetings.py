"""Meetings and counselors as their pages list them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.meetings.counselors import is_stale
from dialer.store.tables import Booking, Campaign, Counselor, CounselorHours, Enrollment, Lead


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting, with whom and about what."""

    booking_id: UUID
    starts: datetime
    ends: datetime
    state: str
    counselor: str
    zone: str
    lead_zone: str
    lead_id: int
    lead: str
    phone: str
    campaign: str
    call_id: UUID | None


async def listed(
    session: AsyncSession, now: datetime, *, past: bool, counselor_id: int | None, most: int
) -> list[Meeting]:
    """Meetings that come (soonest first) or are over (newest first), of one counselor or of all."""
    begins = func.lower(Booking.during)
    query = (
        select(Booking, begins, func.upper(Booking.during), Counselor, Lead, Campaign.name)
        .join(Counselor, Counselor.id == Booking.counselor_id)
        .join(Enrollment, Enrollment.id == Booking.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .join(Campaign, Campaign.id == Enrollment.campaign_id)
        .where(Booking.state != "held")
        .limit(most)
    )
    if past:
        query = query.where(func.upper(Booking.during) <= now).order_by(begins.desc(), Booking.id)
    else:
        query = query.where(func.upper(Booking.during) > now).order_by(begins, Booking.id)
    if counselor_id is not None:
        query = query.where(Booking.counselor_id == counselor_id)
    return [
        Meeting(
            booking.id,
            starts,
            ends,
            booking.state,
            counselor.name,
            counselor.zone,
            booking.lead_zone,
            lead.id,
            lead.name,
            lead.phone,
            campaign,
            booking.call_id,
        )
        for booking, starts, ends, counselor, lead, campaign in await session.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class CounselorRow:
    """A counselor, their weekly hours, how many meetings come, and whether their own calendar cannot be read."""

    counselor: Counselor
    hours: Sequence[CounselorHours]
    coming: int
    stale: bool


async def counselors(session: AsyncSession, now: datetime, only: int | None = None) -> list[CounselorRow]:
    """Every counselor, or one; those who left stand last."""
    span, count = select(CounselorHours), select(Booking.counselor_id, func.count())
    people = select(Counselor, is_stale()).order_by(Counselor.active.desc(), Counselor.name)
    if only is not None:
        span, people = span.where(CounselorHours.counselor_id == only), people.where(Counselor.id == only)
        count = count.where(Booking.counselor_id == only)
    hours: dict[int, list[CounselorHours]] = defaultdict(list)
    for row in await session.scalars(span.order_by(CounselorHours.weekday, CounselorHours.opens)):
        hours[row.counselor_id].append(row)
    booked = count.where(Booking.state == "booked", func.lower(Booking.during) > now).group_by(Booking.counselor_id)
    coming: dict[int, int] = dict((await session.execute(booked)).all())
    return [
        CounselorRow(each, hours[each.id], coming.get(each.id, 0), bool(stale))
        for each, stale in await session.execute(people)
    ]
