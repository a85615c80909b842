"""Which times AVA may offer: computed here, given out as tokens of one call, at most three."""

import secrets
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.domain.meetings.counselor_matching import Wish, nobody_says, why_fits
from dialer.domain.meetings.slots import LOOKAHEAD_DAYS, PartOfDay, Slot, free_slots
from dialer.domain.speech.relative_time import parse_when
from dialer.domain.speech.speech_dates import say
from dialer.services.calls.context import CallContext, Result
from dialer.store.calls import enquiries, incidents
from dialer.store.meetings import counselors
from dialer.store.sessions import Session

DAY = timedelta(days=1)


async def find_slots(
    session: Session, talk: CallContext, day: str | None, part_of_day: PartOfDay | None, now: datetime
) -> Result:
    """At most three free times, as tokens of this call. A day that does not exist or is past is said so."""
    wanted = None
    if day is not None:
        wanted = _day(day, talk, now)
        if wanted is None:
            return {"slots": [], "say": "Sorry, I did not get the day. Which day would suit you?"}
        if wanted < talk.there(now).date():
            return {"slots": [], "say": "That day has passed already. Which other day would suit you?"}
    offered = await offer(session, talk, now, wanted, part_of_day)
    if not offered and (wanted or part_of_day):
        offered = await offer(session, talk, now)
        return {"slots": offered, "say": "I am afraid nothing is free then. " + offer_words(offered)}
    return {"slots": offered, "say": offer_words(offered)}


async def offer(
    session: Session, talk: CallContext, now: datetime, day: date | None = None, part: PartOfDay | None = None
) -> list[dict[str, str]]:
    """Free times with a counselor who fits what the student wants, each with its token."""
    known = await enquiries.newest(session, talk.campaign_lead_id)
    wish = Wish(known.get("country", ""), known.get("course", ""), talk.language)
    people = await counselors.times(session, now - DAY, now + (LOOKAHEAD_DAYS + 2) * DAY)
    if people and not any(why_fits(each.expertise, wish) is not None for each in people):
        about = f"{wish.country}, {wish.course}, {wish.language}"
        await incidents.record(session, "counselor", about[:200], nobody_says(wish), call_id=talk.call_id)
    zones = {each.counselor_id: each.zone for each in people}
    slots = free_slots(people, day, part, talk.zone, now, wish=wish)
    return [_token(talk, slot, zones[slot.counselor_id], now) for slot in slots]


def offer_words(offered: list[dict[str, str]]) -> str:
    """What AVA says of them."""
    if not offered:
        return "No time is free in the next two weeks, but one of our counselors will call you to arrange it."
    return "I can offer you " + "; or ".join(each["say"] for each in offered) + ". Which one suits you?"


def _token(talk: CallContext, slot: Slot, zone: str, now: datetime) -> dict[str, str]:
    token = next((known for known, each in talk.offered.items() if each == slot), None) or secrets.token_hex(4)
    talk.offered[token] = slot
    there = talk.there(slot.starts)
    words = say(slot.starts, talk.zone, now)
    if slot.starts.astimezone(ZoneInfo(zone)).utcoffset() != there.utcoffset():
        words += ", your time"
    return {"slot": token, "starts": there.isoformat(), "say": words}


def _day(text: str, talk: CallContext, now: datetime) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        moment = parse_when(text, now, talk.zone)
        return talk.there(moment).date() if moment else None
