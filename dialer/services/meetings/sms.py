"""A short text in place of an email, where a student has no email address: off unless it was switched on.

Who is on the do-not-call list is not texted either, nor are the numbers of the sample list over a real carrier.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dialer.domain.numbers.sample_numbers import SAMPLE_NUMBERS
from dialer.services.meetings.emails import MailSettings, Skip, meeting_of, when_in
from dialer.store.leads import do_not_call
from dialer.store.sessions import Session
from dialer.store.tables import Booking, OutboxMessage

FIRST = {
    "invitation": "One Window: your meeting with {counselor} is on {when}. Move or cancel this meeting: {link}",
    "cancellation": "One Window: the meeting with {counselor} on {when} does not take place.",
    "day_before": "One Window: a reminder of your meeting with {counselor} on {when}. Move or cancel this meeting: {link}",
    "hour_before": "One Window: your meeting with {counselor} is in about an hour, at {when}.",
    "rebook": "One Window: sorry, {counselor} cannot be there on {when}. Please choose another time: {link}",
}


class SmsResult(Protocol):
    """What became of a text."""

    @property
    def ok(self) -> bool:
        """It was taken."""

    @property
    def says(self) -> str:
        """What was answered."""

    @property
    def permanent(self) -> bool:
        """Trying again is of no use."""


class SmsSender(Protocol):
    """Who carries texts."""

    on_loopback: bool

    async def send(self, to: str, words: str) -> SmsResult:
        """Send words to an E.164 number."""


@dataclass(frozen=True, slots=True)
class Sms:
    """Words for a number."""

    to: str
    words: str


async def write_sms(
    session: Session, mail: OutboxMessage, house: MailSettings, texts: SmsSender, now: datetime
) -> Sms | Skip:
    """The text that says what the email would; skipped for whom it must not be sent to. `now` is simulated time."""
    booking = await session.get_one(Booking, mail.booking_id)
    meeting = await meeting_of(session, booking)
    starts, _ = meeting.span
    phone = meeting.lead.phone
    if await do_not_call.listed(session, [phone], meeting.campaign_lead.campaign_id):
        return Skip("the number is on the do-not-call list")
    if phone in SAMPLE_NUMBERS and not texts.on_loopback:
        return Skip("a number of the sample list is not texted over a real carrier")
    if mail.kind != "cancellation" and starts <= now:
        return Skip("the meeting has started")
    words = FIRST[mail.kind].format(
        counselor=meeting.counselor.name,
        when=when_in(starts, booking.lead_zone),
        link=house.links.student(booking),
    )
    return Sms(phone, words)
