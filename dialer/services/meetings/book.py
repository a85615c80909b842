"""Hold and book a meeting. The model chooses among tokens that were offered in this call; it cannot name times.

A time is booked only after the student has answered its read-back. A hold is checked again when it is taken and when it
is booked: a counselor who left, took the day off or was booked elsewhere meanwhile is not booked (F79), and the student
hears of other times in the same turn.
"""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from dialer.domain.meetings.slots import CounselorTime, Slot, is_bookable
from dialer.domain.meetings.voice_invitations import may_invite
from dialer.domain.speech.speech_dates import read_back, say
from dialer.services.calls.context import CallContext, Lost, Result
from dialer.services.meetings.offer import DAY, offer, offer_words
from dialer.store.leads import leads
from dialer.store.meetings import bookings, counselors, outbox
from dialer.store.sessions import Session
from dialer.store.tables import Booking

HOLD_LASTS = timedelta(minutes=10)
"""How long an offer stands although its counselor's notice has begun meanwhile."""
NOT_OFFERED = "that time was not offered in this call"
TAKEN = "someone else has just booked that time"
GONE = "that time is no longer free"
PAST = "that time has passed"
UNREAD = "the student has not agreed to that time yet: read it back, and wait for their answer"
READ_BACK_TTL = timedelta(seconds=3)
"""How long booking stays refused while no answer to the read-back is known: a voice may name the student's turn late."""
CONFIRM_EMAIL = "Someone from our team will confirm your email address before we send the invitation."
ASK_EMAIL = "Which email address should I send the invitation to?"


async def hold_slot(session: Session, talk: CallContext, token: str, now: datetime) -> Result:
    """Hold an offered time for three minutes; refused with other times where it is taken or was never offered."""
    slot = talk.offered.get(token)
    if slot is None:
        return await _refused(session, talk, "held", NOT_OFFERED, now)
    booked = await bookings.of_lead(session, talk.campaign_lead_id)
    if booked is not None:
        return {"held": False, "reason": "they have a meeting already", "slots": [], "say": _already(booked, talk, now)}
    if slot.starts <= now:
        return await _refused(session, talk, "held", PAST, now)
    await counselors.lock(session, slot.counselor_id)
    mine = await bookings.held(session, talk.call_id)
    counselor = await still_free(session, slot, now, mine.id if mine else None)
    held = None
    if counselor is not None:
        held = await bookings.hold(
            session,
            slot=slot,
            blocks=counselor.blocks(slot.starts, slot.ends),
            call_id=talk.call_id,
            campaign_lead_id=talk.campaign_lead_id,
            lead_zone=talk.zone,
        )
    if counselor is None or held is None:
        taken = counselor is not None or await bookings.is_taken(session, slot)
        talk.lost = Lost(slot.starts, taken, talk.turn)
        return await _refused(session, talk, "held", TAKEN if taken else GONE, now)
    words = _read_back(talk, slot, counselor, now)
    instead = _instead(talk, slot)
    talk.held_in[token], talk.lost = talk.turn, None
    talk.refused_at.pop(token, None)
    return {
        "held": True,
        "read_back": words,
        "expires_in_s": int(bookings.HOLD.total_seconds()),
        "say": f"{instead} {words} Does that suit you?" if instead else f"{words} Is that right?",
    }


async def book_slot(session: Session, talk: CallContext, token: str, now: datetime) -> Result:
    """Book the held time. Asked again, by a lost reply or a repeated call, it answers with the same booking."""
    booked = await bookings.of_lead(session, talk.campaign_lead_id)
    if booked is not None:
        return _booked(booked, talk, now)
    held = await bookings.held(session, talk.call_id)
    slot = talk.offered.get(token)
    if held is None or slot is None or held.during.lower != slot.starts or held.counselor_id != slot.counselor_id:
        reason, first = "that time is not held; hold it first", "That time is not held for you yet."
        return await _refused(session, talk, "booked", reason, now, first)
    if slot.starts <= now:
        return await _refused(session, talk, "booked", PAST, now)
    counselor = await still_free(session, slot, now, held.id)
    if counselor is None:
        await bookings.release_holds(session, talk.call_id)
        talk.lost = Lost(slot.starts, await bookings.is_taken(session, slot), talk.turn)
        return await _refused(session, talk, "booked", GONE, now)
    if _is_unread(talk, token, now):
        words = _read_back(talk, slot, counselor, now)
        return {"booked": False, "reason": UNREAD, "slots": [], "say": f"{words} Is that right?"}
    email, by_voice = await leads.email_of(session, talk.campaign_lead_id)
    heard = email if by_voice else None
    used_up = heard is not None and not may_invite(
        await bookings.count_voice_invitations(session, talk.campaign_lead_id, talk.call_id)
    )
    if used_up:
        email = None
    if not await bookings.book(session, held.id, email, now):
        return await _refused(session, talk, "booked", "the hold ran out", now, "Sorry, that took too long.")
    await session.refresh(held)
    await bookings.record_event(session, held.id, "ava", "booked", now, starts=slot.starts.isoformat(), why=held.reason)
    if heard is not None and not used_up:
        await bookings.record_event(session, held.id, "ava", bookings.EMAIL_HEARD, now, call=str(talk.call_id))
    await outbox.write_both(session, held, "invitation")
    return _booked(held, talk, now, CONFIRM_EMAIL if used_up else ASK_EMAIL)


async def still_free(session: Session, slot: Slot, now: datetime, but: UUID | None = None) -> CounselorTime | None:
    """The slot's counselor, if they can still keep it; `but` is the booking that takes the time itself."""
    people = await counselors.times(session, slot.starts - DAY, slot.ends + DAY, but=but, only=slot.counselor_id)
    return people[0] if people and is_bookable(people[0], slot.starts, now - HOLD_LASTS) else None


def _is_unread(talk: CallContext, token: str, now: datetime) -> bool:
    """Whether the student has said nothing since the time was held, so that they cannot have agreed to it."""
    if talk.turn is None or talk.held_in.get(token) != talk.turn:
        return False
    return now - talk.refused_at.setdefault(token, now) < READ_BACK_TTL


def _instead(talk: CallContext, slot: Slot) -> str | None:
    """What to say first where another time is held than the one the student chose, and they were not asked."""
    lost = talk.lost
    if lost is None or lost.turn != talk.turn or lost.starts == slot.starts:
        return None
    gone = "was just taken" if lost.taken else "is no longer free"
    return f"The time you chose {gone}, so I am holding another one for you."


def _read_back(talk: CallContext, slot: Slot, counselor: CounselorTime, now: datetime) -> str:
    words = read_back(slot.starts, talk.zone, counselor.zone, counselor.name, now)
    return f"{words[:1].upper()}{words[1:]}."


async def _refused(
    session: Session,
    talk: CallContext,
    what: Literal["held", "booked"],
    reason: str,
    now: datetime,
    first: str | None = None,
) -> Result:
    offered = await offer(session, talk, now)
    says = f"{first or f'Sorry, {reason}.'} {offer_words(offered)}"
    return {what: False, "reason": reason, "slots": offered, "say": says}


def _booked(booking: Booking, talk: CallContext, now: datetime, without_email: str = ASK_EMAIL) -> Result:
    assert booking.during.lower is not None
    starts = booking.during.lower
    says = f"Wonderful, your meeting is booked: {say(starts, talk.zone, now)}."
    return {
        "booked": True,
        "booking_id": str(booking.id),
        "starts": talk.there(starts).isoformat(),
        "email": booking.email,
        "say": f"{says} The invitation will be sent to your email." if booking.email else f"{says} {without_email}",
    }


def _already(booking: Booking, talk: CallContext, now: datetime) -> str:
    assert booking.during.lower is not None
    return f"You have a meeting with us already: {say(booking.during.lower, talk.zone, now)}."
