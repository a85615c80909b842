"""Meetings and the holds on them; the exclusion constraint, not a check, keeps two from colliding."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.meetings.slots import Slot, Span
from dialer.store.tables import Booking, BookingEvent, Call, Counselor, EnquiryValue, Enrollment, Script

HOLD = timedelta(minutes=3)
EMAIL_HEARD = "email address"
"""The event of a call in which an address was put on a meeting: the meeting's invitation goes there."""


async def hold(
    session: AsyncSession,
    *,
    slot: Slot,
    blocks: Span,
    call_id: UUID,
    campaign_lead_id: int,
    lead_zone: str,
) -> Booking | None:
    """Hold a slot for this call, for three minutes of real time; None where somebody else has it.

    `blocks` is what it takes of the counselor's time with the buffers. A call has one hold: an earlier one of the same
    call is let go, the same one again is kept.
    """
    span = Range(slot.starts, slot.ends)
    await _release_expired(session, slot.counselor_id)
    mine = await held(session, call_id)
    if mine is not None and mine.during == span and mine.counselor_id == slot.counselor_id:
        mine.held_until = func.now() + HOLD
        await session.flush()
        return mine
    booking = Booking(
        id=uuid4(),
        counselor_id=slot.counselor_id,
        campaign_lead_id=campaign_lead_id,
        call_id=call_id,
        during=span,
        blocks=Range(*blocks) if blocks != (slot.starts, slot.ends) else None,
        reason=slot.why,
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


async def _release_expired(session: AsyncSession, counselor_id: int) -> None:
    """Forget the holds on a counselor's time that ran out: the constraint knows no clock."""
    ran_out = (Booking.state == "held") & (Booking.held_until <= func.now())
    await session.execute(delete(Booking).where(Booking.counselor_id == counselor_id, ran_out))


async def held(session: AsyncSession, call_id: UUID) -> Booking | None:
    """The slot that a call holds, if its time is not up."""
    query = select(Booking).where(Booking.call_id == call_id, Booking.state == "held", Booking.held_until > func.now())
    return (await session.scalars(query)).one_or_none()


async def book(session: AsyncSession, booking_id: UUID, email: str | None, now: datetime) -> bool:
    """Make a hold a booking, at simulated `now`; False where its time was up or the lead has a booking already."""
    try:
        async with session.begin_nested():
            booked = await session.execute(
                update(Booking)
                .where(Booking.id == booking_id, Booking.state == "held", Booking.held_until > func.now())
                .values(state="booked", held_until=None, email=email, settled_at=now)
                .returning(Booking.id)
            )
    except IntegrityError:
        return False
    return booked.first() is not None


async def move(session: AsyncSession, booking: Booking, slot: Slot, blocks: Span, now: datetime) -> bool:
    """Put a booking (locked by the caller) to another time; False where somebody else has it."""
    values = {
        "counselor_id": slot.counselor_id,
        "during": Range(slot.starts, slot.ends),
        "blocks": Range(*blocks) if blocks != (slot.starts, slot.ends) else None,
        "sequence": Booking.sequence + 1,
        "settled_at": now,
        "reason": slot.why or booking.reason,
    }
    await _release_expired(session, slot.counselor_id)
    try:
        async with session.begin_nested():
            await session.execute(update(Booking).where(Booking.id == booking.id).values(values))
    except IntegrityError:
        return False
    await session.refresh(booking)
    return True


async def locked(session: AsyncSession, booking_id: UUID) -> Booking | None:
    """A booking, for the caller alone until its transaction ends; None where there is none."""
    query = select(Booking).where(Booking.id == booking_id, Booking.state != "held").with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def known(session: AsyncSession, booking_id: UUID) -> Booking | None:
    """A booking, whatever became of it; a hold is none."""
    return (
        await session.scalars(select(Booking).where(Booking.id == booking_id, Booking.state != "held"))
    ).one_or_none()


async def record_event(session: AsyncSession, booking_id: UUID, who: str, did: str, at: datetime, **what: Any) -> None:
    """Add to a booking's history; `at` is simulated time, `what` is what JSON can say."""
    session.add(BookingEvent(booking_id=booking_id, at=at, actor=who, action=did, details=what))
    await session.flush()


async def count_voice_invitations(session: AsyncSession, campaign_lead_id: int, but_call: UUID) -> int:
    """In how many other calls an address that was heard was put on a meeting of this lead, in whichever campaign."""
    whose = select(Enrollment.lead_id).where(Enrollment.id == campaign_lead_id).scalar_subquery()
    call = BookingEvent.details["call"].astext
    query = (
        select(func.count(call.distinct()))
        .join(Booking, Booking.id == BookingEvent.booking_id)
        .join(Enrollment, Enrollment.id == Booking.campaign_lead_id)
        .where(Enrollment.lead_id == whose, BookingEvent.action == EMAIL_HEARD, call != str(but_call))
    )
    return (await session.execute(query)).scalar_one()


async def of_lead(session: AsyncSession, campaign_lead_id: int) -> Booking | None:
    """A lead's booking in a campaign."""
    query = select(Booking).where(Booking.campaign_lead_id == campaign_lead_id, Booking.state == "booked")
    return (await session.scalars(query)).one_or_none()


async def is_taken(session: AsyncSession, slot: Slot) -> bool:
    """Whether a meeting, or a hold that is still good, lies in the slot."""
    live = (Booking.state == "booked") | ((Booking.state == "held") & (Booking.held_until > func.now()))
    query = select(Booking.id).where(
        Booking.counselor_id == slot.counselor_id, Booking.during.overlaps(Range(slot.starts, slot.ends)), live
    )
    return await session.scalar(query.limit(1)) is not None


async def is_booked(session: AsyncSession, call_id: UUID) -> bool:
    """Whether a call made a booking."""
    query = select(Booking.id).where(Booking.call_id == call_id, Booking.state == "booked").limit(1)
    return await session.scalar(query) is not None


async def release_holds(session: AsyncSession, call_id: UUID) -> None:
    """A hold ends with its call."""
    await session.execute(delete(Booking).where(Booking.call_id == call_id, Booking.state == "held"))


async def between(session: AsyncSession, counselor_id: int, since: datetime, until: datetime) -> Sequence[Booking]:
    """A counselor's booked meetings that touch a span of time, in order."""
    query = select(Booking).where(
        Booking.counselor_id == counselor_id, Booking.state == "booked", Booking.during.overlaps(Range(since, until))
    )
    return (await session.scalars(query.order_by(Booking.during))).all()


async def last_missed(session: AsyncSession, campaign_lead_id: int) -> datetime | None:
    """When the latest meeting was to which a lead did not come; None where there is none, or they have a newer one."""
    query = select(Booking).where(Booking.campaign_lead_id == campaign_lead_id, Booking.state != "held")
    latest = (await session.scalars(query.order_by(Booking.created_at.desc()).limit(1))).one_or_none()
    return latest.during.lower if latest is not None and latest.state == "no_show" else None


async def count_missed(session: AsyncSession, campaign_lead_id: int) -> int:
    """How many meetings a lead did not come to."""
    query = select(func.count()).where(Booking.campaign_lead_id == campaign_lead_id, Booking.state == "no_show")
    return await session.scalar(query) or 0


async def of_call(session: AsyncSession, call_id: UUID) -> tuple[Booking, str] | None:
    """What a call booked or holds, with the counselor's name."""
    query = select(Booking, Counselor.name).join(Counselor, Counselor.id == Booking.counselor_id)
    row = (await session.execute(query.where(Booking.call_id == call_id).limit(1))).first()
    return (row[0], row[1]) if row else None


async def list_judged(session: AsyncSession) -> list[tuple[str, int, Booking, dict[str, str] | None]]:
    """The meetings that a counselor judged, with the script's name and version of the call that booked each.

    The last item is what was captured of that lead, one value a field; None where nothing was.
    """
    values = (
        select(
            EnquiryValue.campaign_lead_id, func.jsonb_object_agg(EnquiryValue.field, EnquiryValue.value).label("said")
        )
        .group_by(EnquiryValue.campaign_lead_id)
        .subquery()
    )
    query = (
        select(Script.name, Script.version, Booking, values.c.said)
        .join(Call, Call.id == Booking.call_id)
        .join(Script, Script.id == Call.script_id)
        .outerjoin(values, values.c.campaign_lead_id == Booking.campaign_lead_id)
        .where(Booking.outcome.is_not(None))
        .order_by(Script.name, Script.version)
    )
    return [(row[0], row[1], row[2], row[3]) for row in await session.execute(query)]
