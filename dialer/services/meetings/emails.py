"""An email about a booking, written from the rows at the moment it is sent: it never tells what is no longer so."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from zoneinfo import ZoneInfo

from dialer.domain.meetings.meeting_brief import brief_lines, quotes
from dialer.domain.speech.speech_dates import say_zone
from dialer.net.ics.invitation import Entry, Party, invitation
from dialer.services.meetings.signed_links import SignedLinks
from dialer.store.calls import enquiries, transcripts
from dialer.store.sessions import Session
from dialer.store.tables import Booking, Call, Campaign, Counselor, Enrollment, Lead, OutboxMessage

NO_ADDRESS = "no email address is known"
SUBJECTS = {
    "invitation": "Your meeting on {when}",
    "cancellation": "Cancelled: your meeting on {when}",
    "day_before": "Reminder: your meeting on {when}",
    "hour_before": "Your meeting starts in an hour: {when}",
    "rebook": "Please choose another time for your meeting on {when}",
}
FIRST = {
    "invitation": "Your meeting is booked.",
    "cancellation": "This meeting was cancelled.",
    "day_before": "This is a reminder of your meeting tomorrow.",
    "hour_before": "Your meeting starts in about an hour.",
    "rebook": "We are sorry: {counselor} cannot make the booked time. Please choose another time with the link below.",
}


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Who writes: the sender and the addresses of the pages."""

    sender: Party
    links: SignedLinks


@dataclass(frozen=True, slots=True)
class Skip:
    """The email is not sent, and why."""

    says: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """A booking with the people in it, and what is known of the student."""

    booking: Booking
    counselor: Counselor
    lead: Lead
    campaign_lead: Enrollment
    records: bool
    values: dict[str, str]

    @property
    def student(self) -> str:
        """The student's name as it is known."""
        return " ".join((self.values.get("name") or self.lead.name).split())[:80] or "the student"

    @property
    def addressee(self) -> str:
        """The student's name in what is sent to the student: as a list has it, not as somebody told it in a call."""
        return " ".join(self.lead.name.split())[:80] or "student"

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From when until when, UTC."""
        starts, ends = self.booking.during.lower, self.booking.during.upper
        assert starts is not None
        assert ends is not None
        return starts, ends


async def meeting_of(session: Session, booking: Booking) -> Meeting:
    """Everything that is said about a booking."""
    in_campaign = await session.get_one(Enrollment, booking.campaign_lead_id)
    return Meeting(
        booking,
        await session.get_one(Counselor, booking.counselor_id),
        await session.get_one(Lead, in_campaign.lead_id),
        in_campaign,
        (await session.get_one(Campaign, in_campaign.campaign_id)).recording,
        await enquiries.newest(session, in_campaign.id),
    )


async def write_email(
    session: Session, mail: OutboxMessage, house: MailSettings, now: datetime
) -> tuple[EmailMessage, str] | Skip:
    """The email and whom it goes to; `now` is simulated time. Skipped where nobody can be written to, or it came too late."""
    booking = await session.get_one(Booking, mail.booking_id)
    meeting = await meeting_of(session, booking)
    starts, _ = meeting.span
    if why := _outdated(mail, booking, starts, now):
        return Skip(why)
    if mail.recipient == "counselor":
        to = await session.get_one(Counselor, mail.counselor_id)
        address, zone, reader = to.email, to.zone, to.name
        text = await _for_counselor(session, meeting, house)
        title = f"Study abroad: {meeting.student}"
    else:
        address, zone, reader = booking.email, booking.lead_zone, meeting.addressee
        text = _for_student(meeting, house, mail.kind)
        title = f"Study abroad: meeting with {meeting.counselor.name}, One Window"
    if not address:
        return Skip(NO_ADDRESS)
    words = "\n".join(
        (
            f"Dear {reader},",
            "",
            FIRST[mail.kind].format(counselor=meeting.counselor.name),
            _when_both(meeting, meeting.student if mail.recipient == "counselor" else meeting.addressee),
            "",
            text,
        )
    )
    message = EmailMessage()
    message["From"] = formataddr((house.sender.name, house.sender.email))
    message["To"] = address
    message["Subject"] = SUBJECTS[mail.kind].format(when=_short(starts, zone))
    message["Date"] = format_datetime(datetime.now(starts.tzinfo))
    message["Message-ID"] = f"<{mail.id}.{booking.id}@{house.sender.email.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words)
    if mail.kind in ("invitation", "cancellation"):
        _attach(message, meeting, mail, house.sender, Party(reader, address), (zone, title, text))
    return message, address


def when_in(moment: datetime, zone: str) -> str:
    """Such as "Tuesday 4 March 2026, 16:00 (India time)"."""
    there = moment.astimezone(ZoneInfo(zone))
    return f"{there:%A} {there.day} {there:%B %Y, %H:%M} ({say_zone(zone)})"


def _short(moment: datetime, zone: str) -> str:
    """As `when_in`, for a subject: one that is folded looks odd in some programs."""
    there = moment.astimezone(ZoneInfo(zone))
    return f"{there:%a} {there.day} {there:%b, %H:%M} ({say_zone(zone)})"


def _outdated(mail: OutboxMessage, booking: Booking, starts: datetime, now: datetime) -> str | None:
    if mail.kind == "cancellation":
        moved_on = booking.state == "booked" and mail.counselor_id in (None, booking.counselor_id)
        return "the meeting is still booked" if moved_on else None
    if booking.state != "booked":
        return f"the meeting is {booking.state.replace('_', ' ')}"
    if mail.sequence != booking.sequence:
        return "the meeting was changed again"
    return "the meeting has started" if starts <= now else None


def _when_both(meeting: Meeting, student: str) -> str:
    starts, _ = meeting.span
    here, there = meeting.booking.lead_zone, meeting.counselor.zone
    lines = [f"When: {when_in(starts, here)}"]
    if starts.astimezone(ZoneInfo(here)).utcoffset() != starts.astimezone(ZoneInfo(there)).utcoffset():
        lines.append(f"For {meeting.counselor.name}: {when_in(starts, there)}")
    return "\n".join([*lines, f"Who: {student} and {meeting.counselor.name}, One Window"])


def _for_student(meeting: Meeting, house: MailSettings, kind: str) -> str:
    if kind == "cancellation":
        return "If you would like another meeting, just reply to this email."
    return f"Move or cancel this meeting: {house.links.student(meeting.booking)}"


async def _for_counselor(session: Session, meeting: Meeting, house: MailSettings) -> str:
    """The brief: six lines, two quotes, the recording, and where to say how it went."""
    booking = meeting.booking
    call = await session.get(Call, booking.call_id) if booking.call_id else None
    outcome = (
        "by the page"
        if call is None
        else f"{meeting.campaign_lead.attempts} in all, this one on {call.created_at:%d %B}"
    )
    lines = list(brief_lines(meeting.student, meeting.lead.phone, meeting.values, outcome))
    if call is not None:
        lines += [f"“{each}”" for each in quotes(await transcripts.student_words(session, call.id))]
        if meeting.records:
            lines.append(f"The recording: {house.links.recording(call.id)}")
    lines.append(f"How did the meeting go? {house.links.counselor(booking)}")
    return "\n".join(lines)


def _attach(
    message: EmailMessage, meeting: Meeting, mail: OutboxMessage, sender: Party, to: Party, said: tuple[str, str, str]
) -> None:
    zone, title, text = said
    starts, ends = meeting.span
    entry = Entry(
        meeting.booking.id,
        mail.sequence,
        starts,
        ends,
        zone,
        datetime.now(starts.tzinfo).replace(microsecond=0),
        title,
        text,
        cancelled=mail.kind == "cancellation",
    )
    content, method = invitation(entry, sender, to)
    # What Google, Outlook and Apple each look for: the part beside the text, and the file.
    message.add_alternative(content.decode(), subtype="calendar", params={"method": method, "component": "VEVENT"})
    message.add_attachment(content, maintype="application", subtype="ics", filename="invite.ics")
