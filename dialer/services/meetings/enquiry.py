"""Keep what a student said about their plans: normalised, with their own words and the turn it came from."""

from collections.abc import Mapping
from datetime import datetime

from dialer.domain.meetings.enquiry import FIELDS, missing, normalize
from dialer.domain.meetings.voice_invitations import may_invite
from dialer.domain.speech.spoken_email import parse_email, spell
from dialer.services.calls.context import CallContext, Result
from dialer.store.calls import enquiries
from dialer.store.leads import leads
from dialer.store.meetings import bookings, outbox
from dialer.store.sessions import Session
from dialer.store.tables import EnquiryValue

QUESTIONS = {
    "name": "May I ask your name?",
    "inspiration": "What inspired you to think of studying abroad?",
    "country": "Which country would you like to study in?",
    "course": "Which course or subject do you have in mind?",
    "intake": "When would you like to start?",
    "budget": "What budget do you have in mind?",
    "funding": "Would you need a scholarship or a loan?",
}
NOT_INVITED = "Thank you, I have noted that address. Someone from our team will confirm it before we send more emails."


async def save_enquiry(
    session: Session, talk: CallContext, given: Mapping[str, str], turn_item: str | None, now: datetime
) -> Result:
    """Append the given values; answer with what was saved and what is still missing, in asking order.

    An email address is read back letter by letter; what is none is not kept, and asked for again.
    """
    saved: dict[str, str] = {}
    known = await enquiries.newest(session, talk.campaign_lead_id)
    for field in FIELDS:
        if field not in given:
            continue
        value = normalize(field, given[field], talk.there(now).date())
        saved[field] = value.text
        if known.get(field) != value.text:
            session.add(
                EnquiryValue(
                    call_id=talk.call_id,
                    campaign_lead_id=talk.campaign_lead_id,
                    field=field,
                    value=value.text,
                    original=value.original,
                    turn_item=turn_item,
                    at=now,
                )
            )
    left = missing({**known, **saved})
    if "email" in given:
        email, invited = await _save_email(session, talk, given["email"], now)
        words = _read_back(email) if invited else NOT_INVITED
        return {"saved": saved | ({"email": email} if email else {}), "missing": list(left), "say": words}
    ask = QUESTIONS[left[0]] if left else "Shall we find a time for you to meet one of our experts?"
    return {"saved": saved, "missing": list(left), "say": f"Great, I have noted that. {ask}"}


async def _save_email(session: Session, talk: CallContext, said: str, now: datetime) -> tuple[str | None, bool]:
    """Keep the address; a meeting that was invited to another in an earlier call is invited anew.

    The second value is False where too many earlier calls had an invitation sent: the meeting's address stays.
    """
    email = parse_email(said)
    if email is None:
        return None, True
    await leads.hear_email(session, talk.campaign_lead_id, email)
    if not may_invite(await bookings.count_voice_invitations(session, talk.campaign_lead_id, talk.call_id)):
        return email, False
    booking = await leads.set_meeting_email(session, talk.campaign_lead_id, email)
    if booking is not None:
        await bookings.record_event(session, booking.id, "ava", bookings.EMAIL_HEARD, now, call=str(talk.call_id))
        if booking.call_id != talk.call_id:
            booking.sequence += 1
            await session.flush()
            await outbox.write(session, booking, "invitation")
    return email, True


def _read_back(email: str | None) -> str:
    if email is None:
        return "Sorry, I did not get the email address. Could you spell it for me?"
    return f"Let me read that back, letter by letter: {spell(email)}. Is that right?"
