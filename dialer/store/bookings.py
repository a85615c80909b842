"""Meetings and the holds on them; the exclusion constraint, not a check, keeps two from colliding."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.slots import CounselorTime, Hours
from dialer.store.tables import Booking, Counselor, CounselorHours, TimeOff

HOLD = timedelta(minutes=3)


async def counselors(session: AsyncSession, since: datetime, until: datetime) -> list[CounselorTime]:
    """Everybody who can be met, with their hours and what takes their time between two moments."""
    people = (await session.scalars(select(Counselor).where(Counselor.active).order_by(Counselor.id))).all()
    hours: dict[int, list[Hours]] = {person.id: [] for person in people}
    for row in await session.scalars(select(CounselorHours)):
        hours.get(row.counselor_id, []).append(Hours(row.weekday, row.opens, row.closes))
    busy: dict[int, list[tuple[datetime, datetime]]] = {person.id: [] for person in people}
    span = Range(since, until)
    taken = select(Booking.counselor_id, Booking.during).where(
        Booking.during.overlaps(span),
        or_(Booking.state == "booked", (Booking.state == "held") & (Booking.held_until > func.now())),
    )
    away = select(TimeOff.counselor_id, TimeOff.during).where(TimeOff.during.overlaps(span))
    for query in (taken, away):
        for counselor_id, during in await session.execute(query):
            if counselor_id in busy and during.lower and during.upper:
                busy[counselor_id].append((during.lower, during.upper))
    return [
        CounselorTime(
            counselor_id=person.id,
            name=person.name,
            zone=person.zone,
            hours=tuple(hours[person.id]),
            busy=tuple(busy[person.id]),
            slot_minutes=person.slot_minutes,
            notice_minutes=person.notice_minutes,
        )
        for person in people
    ]


async def hold(
    session: AsyncSession,
    *,
    counselor_id: int,
    starts: datetime,
    ends: datetime,
    call_id: UUID,
    campaign_lead_id: int,
    lead_zone: str,
) -> Booking | None:
    """Hold a slot for this call, for three minutes of real time; None where somebody else has it.

    A call has one hold: an earlier one of the same call is let go, the same one again is kept.
    """
    span = Range(starts, ends)
    await session.execute(delete(Booking).where(Booking.state == "held", Booking.held_until <= func.now()))
    mine = await held(session, call_id)
    if mine is not None and mine.during == span and mine.counselor_id == counselor_id:
        mine.held_until = func.now() + HOLD
        await session.flush()
        return mine
    booking = Booking(
        id=uuid4(),
        counselor_id=counselor_id,
        campaign_lead_id=campaign_lead_id,
        call_id=call_id,
        during=span,
        state="held",
        held_until=func.now() + HOLD,
        lead_zone=lead_zone,
    )
    try:
        async with session.begin_nested():
            if mine is not None:
                await session.delete(mine)
                await session.flush()
            session.add(booking)
            await session.flush()
    except IntegrityError:
        return None
    return booking


async def held(session: AsyncSession, call_id: UUID) -> Booking | None:
    """The slot that a call holds, if its time is not up."""
    query = select(Booking).where(Booking.call_id == call_id, Booking.state == "held", Booking.held_until > func.now())
    return (await session.scalars(query)).one_or_none()


async def book(session: AsyncSession, booking_id: UUID) -> bool:
    """Make a hold a booking; False where its time was up or the lead has a booking already."""
    try:
        async with session.begin_nested():
            booked = await session.execute(
                update(Booking)
                .where(Booking.id == booking_id, Booking.state == "held", Booking.held_until > func.now())
                .values(state="booked", held_until=None)
                .returning(Booking.id)
            )
    except IntegrityError:
        return False
    return booked.first() is not None


async def of_lead(session: AsyncSession, campaign_lead_id: int) -> Booking | None:
    """A lead's booking in a campaign."""
    query = select(Booking).where(Booking.campaign_lead_id == campaign_lead_id, Booking.state == "booked")
    return (await session.scalars(query)).one_or_none()


async def is_booked(session: AsyncSession, call_id: UUID) -> bool:
    """Whether a call made a booking."""
    query = select(Booking.id).where(Booking.call_id == call_id, Booking.state == "booked").limit(1)
    return await session.scalar(query) is not None


async def release_holds(session: AsyncSession, call_id: UUID) -> None:
    """A hold ends with its call."""
    await session.execute(delete(Booking).where(Booking.call_id == call_id, Booking.state == "held"))


async def name_of(session: AsyncSession, counselor_id: int) -> tuple[str, str]:
    """A counselor's name and zone."""
    row = (await session.execute(select(Counselor.name, Counselor.zone).where(Counselor.id == counselor_id))).one()
    return row[0], row[1]


async def all_counselors(session: AsyncSession) -> Sequence[Counselor]:
    """Every counselor, also those who left."""
    return (await session.scalars(select(Counselor).order_by(Counselor.name))).all()
