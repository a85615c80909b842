"""A meeting that is moved or cancelled by a link: the slot is free at once, and both calendars hear of it.

No account: whoever has the link may do it, until the counselor's notice begins. A meeting stays with its counselor;
only where they left is another one offered, who is named before anything is agreed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from dialer.domain.meetings.counselor_matching import UNKNOWN, Wish
from dialer.domain.meetings.slots import LOOKAHEAD_DAYS, CounselorTime, Slot, free_slots, is_bookable
from dialer.services import actions
from dialer.services.actor import Actor, LinkHolder
from dialer.services.audit.record import record
from dialer.store.calls import enquiries
from dialer.store.meetings import bookings, counselors, outbox
from dialer.store.sessions import Session
from dialer.store.tables import Booking, Counselor

DAY = timedelta(days=1)
MAX_OFFERED = 40
TOO_LATE = "it is too soon to change this meeting here; please call us"
OVER = "this meeting has ended or was cancelled"
SAME_TIME = "the meeting is already at this time"
NOT_FREE = "this time is not available; please choose another"


@dataclass(frozen=True, slots=True)
class ChangeRefused:
    """Nothing was changed, and why."""

    says: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen instead: free times, and with whom."""

    counselor: CounselorTime
    slots: tuple[Slot, ...]


def may_change(booking: Booking, notice_minutes: int, now: datetime) -> ChangeRefused | None:
    """Whether it can still be moved or cancelled by the link, at simulated `now`."""
    starts = booking.during.lower
    if booking.state != "booked" or starts is None or starts <= now:
        return ChangeRefused(OVER)
    return ChangeRefused(TOO_LATE) if starts - timedelta(minutes=notice_minutes) < now else None


async def choices(session: Session, booking: Booking, now: datetime) -> list[Choice]:
    """Free times of the booking's counselor, but not its own; of those who fit the student where that counselor left."""
    known = await enquiries.newest(session, booking.campaign_lead_id)
    people = await _people(session, booking, now)
    mine = [each for each in people if each.counselor_id == booking.counselor_id]
    wish = UNKNOWN if mine else Wish(known.get("country", ""), known.get("course", ""))
    found = []
    for each in mine or people:
        slots = free_slots([each], None, None, booking.lead_zone, now, MAX_OFFERED, wish)
        others = tuple(slot for slot in slots if not _is_own(booking, slot.counselor_id, slot.starts))
        if others:
            found.append(Choice(each, others))
    return found if mine else found[:1]


async def move_meeting(
    session: Session,
    actor: Actor | LinkHolder,
    booking_id: UUID,
    counselor_id: int,
    starts: datetime,
    now: datetime,
) -> Booking | ChangeRefused:
    """Move a booking to another free time of this counselor, who is its own unless they left. Raises ForbiddenError."""
    actor.require(actions.BOOKING_MOVE)
    booking = await bookings.locked(session, booking_id)
    if booking is None:
        return ChangeRefused(OVER)
    counselor = await session.get_one(Counselor, booking.counselor_id)
    if refused := may_change(booking, counselor.notice_minutes, now):
        return refused
    before = booking.during.lower
    assert before is not None
    if _is_own(booking, counselor_id, starts):
        return ChangeRefused(SAME_TIME)
    if counselor_id != booking.counselor_id:
        # Only where the counselor left, and only to whom the page would have offered.
        offered = [] if counselor.active else await choices(session, booking, now)
        if counselor_id not in {each.counselor.counselor_id for each in offered}:
            return ChangeRefused(NOT_FREE)
    await counselors.lock(session, counselor_id)
    people = [each for each in await _people(session, booking, now) if each.counselor_id == counselor_id]
    if not people or not is_bookable(people[0], starts, now):
        return ChangeRefused(NOT_FREE)
    ends = starts + timedelta(minutes=people[0].slot_minutes)
    left = booking.counselor_id
    if not await bookings.move(session, booking, Slot(counselor_id, starts, ends), people[0].blocks(starts, ends), now):
        return ChangeRefused(NOT_FREE)
    what = {"from": before.isoformat(), "to": starts.isoformat()}
    if left != counselor_id:
        what |= {"counselor": people[0].name, "instead_of": counselor.name}
        await outbox.write(session, booking, "cancellation", counselor_id=left)
    await bookings.record_event(session, booking.id, actor.email, "moved", now, **what)
    await record(session, actor, actions.BOOKING_MOVE, {"booking": str(booking.id), **what})
    await outbox.write_both(session, booking, "invitation")
    return booking


async def cancel_meeting(
    session: Session, actor: Actor | LinkHolder, booking_id: UUID, now: datetime
) -> Booking | ChangeRefused:
    """Cancel a booking: its time is free again, both calendars remove it. Raises ForbiddenError."""
    actor.require(actions.BOOKING_CANCEL)
    booking = await bookings.locked(session, booking_id)
    if booking is None:
        return ChangeRefused(OVER)
    if booking.state == "cancelled":
        return booking
    counselor = await session.get_one(Counselor, booking.counselor_id)
    if refused := may_change(booking, counselor.notice_minutes, now):
        return refused
    booking.state, booking.sequence = "cancelled", booking.sequence + 1
    await session.flush()
    await bookings.record_event(session, booking.id, actor.email, "cancelled", now)
    await record(session, actor, actions.BOOKING_CANCEL, {"booking": str(booking.id)})
    await outbox.write_both(session, booking, "cancellation")
    return booking


async def flag_conflicts(session: Session, counselor_id: int, since: datetime, until: datetime, now: datetime) -> int:
    """Meetings that fall into a span in which the counselor is now away: each student is asked for another time (F79).

    The meeting stands until they choose: nobody is moved silently. How many there are.
    """
    hit = await bookings.between(session, counselor_id, since, until)
    for booking in hit:
        await bookings.record_event(
            session, booking.id, "house", "the counselor cannot keep it; another time is asked for", now
        )
        await outbox.write(session, booking, "rebook")
    return len(hit)


def _is_own(booking: Booking, counselor_id: int, starts: datetime) -> bool:
    return (counselor_id, starts) == (booking.counselor_id, booking.during.lower)


async def _people(session: Session, booking: Booking, now: datetime) -> list[CounselorTime]:
    return await counselors.times(session, now - DAY, now + (LOOKAHEAD_DAYS + 2) * DAY, but=booking.id)
