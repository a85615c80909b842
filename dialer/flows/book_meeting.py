"""Offer, hold and book a meeting. The model chooses among tokens that were offered in this call; it cannot name times."""

import secrets
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.slots import LOOKAHEAD_DAYS, PartOfDay, Slot, free_slots
from dialer.domain.spoken import read_back, say
from dialer.domain.when import parse_when
from dialer.flows.talk import Result, Talk
from dialer.store import bookings
from dialer.store.tables import Booking


async def find_slots(
    session: AsyncSession, talk: Talk, day: str | None, part_of_day: PartOfDay | None, now: datetime
) -> Result:
    """At most three free times, as tokens of this call. A day that does not exist or is past is said so."""
    wanted = None
    if day is not None:
        wanted = _day(day, talk, now)
        if wanted is None:
            return {"slots": [], "say": "Sorry, I did not get the day. Which day would suit you?"}
        if wanted < talk.there(now).date():
            return {"slots": [], "say": "That day has passed already. Which other day would suit you?"}
    slots = await _free(session, talk, wanted, part_of_day, now)
    if not slots and (wanted or part_of_day):
        other = await _free(session, talk, None, None, now)
        offered = _offer(talk, other, now)
        return {"slots": offered, "say": "I am afraid nothing is free then. " + _offer_words(offered)}
    offered = _offer(talk, slots, now)
    return {"slots": offered, "say": _offer_words(offered)}


async def hold_slot(session: AsyncSession, talk: Talk, token: str, now: datetime) -> Result:
    """Hold an offered time for three minutes; refused with other times where it is taken or was never offered."""
    slot = talk.offered.get(token)
    if slot is None:
        return await _not_held(session, talk, "that time was not offered in this call", now)
    booked = await bookings.of_lead(session, talk.campaign_lead_id)
    if booked is not None:
        return {"held": False, "reason": "they have a meeting already", "slots": [], "say": _already(booked, talk, now)}
    held = await bookings.hold(
        session,
        counselor_id=slot.counselor_id,
        starts=slot.starts,
        ends=slot.ends,
        call_id=talk.call_id,
        campaign_lead_id=talk.campaign_lead_id,
        lead_zone=talk.zone,
    )
    if held is None:
        return await _not_held(session, talk, "somebody else has just taken that time", now)
    name, zone = await bookings.name_of(session, slot.counselor_id)
    words = read_back(slot.starts, talk.zone, zone, name, now)
    return {
        "held": True,
        "read_back": words,
        "expires_in_s": int(bookings.HOLD.total_seconds()),
        "say": f"{words} Is that right?",
    }


async def book_slot(session: AsyncSession, talk: Talk, token: str, now: datetime) -> Result:
    """Book the held time. Asked again, by a lost reply or a repeated call, it answers with the same booking."""
    booked = await bookings.of_lead(session, talk.campaign_lead_id)
    if booked is not None:
        return _booked(booked, talk, now)
    held = await bookings.held(session, talk.call_id)
    slot = talk.offered.get(token)
    if held is None or slot is None or held.during.lower != slot.starts or held.counselor_id != slot.counselor_id:
        offered = _offer(talk, await _free(session, talk, None, None, now), now)
        reason = "that time is not held; hold it first"
        return {
            "booked": False,
            "reason": reason,
            "slots": offered,
            "say": f"That time is not held for you yet. {_offer_words(offered)}",
        }
    if not await bookings.book(session, held.id):
        offered = _offer(talk, await _free(session, talk, None, None, now), now)
        return {
            "booked": False,
            "reason": "the hold ran out",
            "slots": offered,
            "say": f"Sorry, that took too long. {_offer_words(offered)}",
        }
    await session.refresh(held)
    return _booked(held, talk, now)


async def _free(
    session: AsyncSession, talk: Talk, day: date | None, part: PartOfDay | None, now: datetime
) -> list[Slot]:
    people = await bookings.counselors(session, now - timedelta(days=1), now + timedelta(days=LOOKAHEAD_DAYS + 2))
    return free_slots(people, day, part, talk.zone, now)


def _offer(talk: Talk, slots: list[Slot], now: datetime) -> list[dict[str, str]]:
    offered = []
    for slot in slots:
        token = next((known for known, each in talk.offered.items() if each == slot), None) or secrets.token_hex(4)
        talk.offered[token] = slot
        starts = talk.there(slot.starts).isoformat()
        offered.append({"slot": token, "starts": starts, "say": say(slot.starts, talk.zone, now)})
    return offered


def _offer_words(offered: list[dict[str, str]]) -> str:
    if not offered:
        return "No time is free in the next two weeks, but one of our counselors will call you to arrange it."
    return "I can offer you " + "; or ".join(each["say"] for each in offered) + ". Which one suits you?"


async def _not_held(session: AsyncSession, talk: Talk, reason: str, now: datetime) -> Result:
    offered = _offer(talk, await _free(session, talk, None, None, now), now)
    return {"held": False, "reason": reason, "slots": offered, "say": f"Sorry, {reason}. {_offer_words(offered)}"}


def _booked(booking: Booking, talk: Talk, now: datetime) -> Result:
    assert booking.during.lower is not None
    starts = booking.during.lower
    return {
        "booked": True,
        "booking_id": str(booking.id),
        "starts": talk.there(starts).isoformat(),
        "say": f"Wonderful, your meeting is booked: {say(starts, talk.zone, now)}.",
    }


def _already(booking: Booking, talk: Talk, now: datetime) -> str:
    assert booking.during.lower is not None
    return f"You have a meeting with us already: {say(booking.during.lower, talk.zone, now)}."


def _day(text: str, talk: Talk, now: datetime) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        moment = parse_when(text, now, talk.zone)
        return talk.there(moment).date() if moment else None
