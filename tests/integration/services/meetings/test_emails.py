"""Letters about meetings, received by a real mail server: who gets them, what stands in them, and that none comes twice."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from dialer.doctor.checks import _email
from dialer.net.ics.invitation import Party, uid_of
from dialer.net.mailer import FileMailer, Mailer, make_mailer
from dialer.services.actor import STUDENT
from dialer.services.meetings.change import ChangeRefused, cancel_meeting, choices, flag_conflicts, move_meeting
from dialer.services.meetings.emails import MailSettings
from dialer.services.meetings.send_emails import send_emails
from dialer.services.meetings.signed_links import SignedLinks
from dialer.settings import Settings
from dialer.store.tables import Booking, BookingEvent, Call, Incident, OutboxMessage
from dialer.wiring.stores import Store
from tests.support.ava import Ava, all_of, end
from tests.support.carrier import ScriptedCarrier
from tests.support.people import TUESDAY_11, sql, talk_with
from tests.support.post import Box, invite_of, post_office, text_of

KOLKATA, LONDON = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/London")
HOUSE = MailSettings(
    Party("One Window", "bookings@dialer.example.org"), SignedLinks("https://dialer.example.org", "a secret")
)
ASHA, DESK = "asha.rao@example.com", "desk@example.org"


@pytest.fixture
def box() -> Iterator[Box]:
    with post_office() as opened:
        yield opened


@dataclass
class Desk:
    """A booked meeting, and the post."""

    store: Store
    ava: Ava
    box: Box
    post: Mailer

    async def send(self, now: datetime = TUESDAY_11) -> int:
        return await send_emails(self.store.sessions, self.post, HOUSE, now)

    async def booking(self) -> Booking:
        (found,) = await all_of(self.store, Booking)
        assert isinstance(found, Booking)
        return found

    async def starts(self) -> datetime:
        starts = (await self.booking()).during.lower
        assert starts is not None
        return starts


@pytest.fixture
async def desk(store: Store, box: Box) -> Desk:
    """A student with a name and an address who has just booked with a counselor in London; the call is over."""
    await sql(store.sessions, "UPDATE counselor SET email = 'desk@example.org', zone = 'Europe/London'")
    ava = Ava(store, await talk_with(store.sessions, ScriptedCarrier()))
    await ava("save_enquiry", name="Asha Rao", country="Canada", course="data science", budget="20 lakh")
    slot = (await ava("find_slots", day="2026-02-12"))["slots"][0]["slot"]
    await ava("hold_slot", slot=slot)
    assert (await ava("book_slot", slot=slot))["email"] is None
    saved = await ava("save_enquiry", email="asha dot rao at example dot com")
    assert saved["saved"] == {"email": ASHA}
    assert "a, s, h, a, dot, r, a, o, at, example, dot, com" in saved["say"]
    return Desk(store, ava, box, make_mailer(box.url, Path()))


def event_of(letter: EmailMessage) -> Any:
    (event,) = invite_of(letter).events
    return event


async def test_nobody_is_written_to_before_the_call_is_over_and_then_each_once(desk: Desk) -> None:
    assert await desk.send() == 0
    await end(desk.store, desk.ava.talk)
    assert await desk.send() == 2
    assert await desk.send() == 0
    assert sorted(letter["To"] for letter in desk.box.letters) == [ASHA, DESK]


async def test_both_calendars_get_the_meeting_in_the_readers_own_zone(desk: Desk) -> None:
    await end(desk.store, desk.ava.talk)
    await desk.send()
    booking, starts = await desk.booking(), await desk.starts()
    for address, zone in ((ASHA, "Asia/Kolkata"), (DESK, "Europe/London")):
        (letter,) = desk.box.to(address)
        calendar, event = invite_of(letter), event_of(letter)
        assert (calendar["METHOD"], calendar["VERSION"]) == ("REQUEST", "2.0")
        assert [str(each["TZID"]) for each in calendar.timezones] == [zone]
        assert event.start == starts
        assert event["DTSTART"].params["TZID"] == zone
        assert event.end - event.start == timedelta(minutes=30)
        assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (uid_of(booking.id), 0, "CONFIRMED")
        assert event["ORGANIZER"] == "mailto:bookings@dialer.example.org"
        assert event["ATTENDEE"] == f"mailto:{address}"
        here, there = starts.astimezone(KOLKATA), starts.astimezone(LONDON)
        assert f"{here:%H:%M} (India time)" in text_of(letter)
        assert f"{there:%H:%M} (UK time)" in text_of(letter)


async def test_the_counselor_gets_the_brief_and_the_student_does_not(desk: Desk) -> None:
    said = "My cousin studied data science in Toronto and loved it"
    await sql(
        desk.store.sessions,
        "INSERT INTO turn (call_id, item, position, speaker, text, at) SELECT id, 'i1', 1, 'student', :said, now() FROM call",
        said=said,
    )
    await end(desk.store, desk.ava.talk)
    await desk.send()
    brief = text_of(desk.box.to(DESK)[0])
    for line in (
        "Who: Asha Rao, +91",
        "Wants: data science; Canada",
        "Money: ",
        "Background: not said",
        "Why: ",
        "The call: ",
    ):
        assert line in brief
    assert f"“{said}”" in brief
    assert f"/api/calls/{desk.ava.talk.call_id}/recording" in brief
    assert "/meetings/went/" in brief
    letter = text_of(desk.box.to(ASHA)[0])
    assert "/meetings/went/" not in letter
    assert "Money" not in letter
    assert HOUSE.links.student(await desk.booking()) in letter


async def test_a_moved_meeting_updates_the_same_event_and_a_cancelled_one_takes_it_out(desk: Desk) -> None:
    await end(desk.store, desk.ava.talk)
    await desk.send()
    booking = await desk.booking()
    async with desk.store.sessions.begin() as session:
        (choice,) = await choices(session, booking, TUESDAY_11)
        later = choice.slots[-1].starts
        moved = await move_meeting(session, STUDENT, booking.id, booking.counselor_id, later, TUESDAY_11)
    assert isinstance(moved, Booking)
    await desk.send()
    async with desk.store.sessions.begin() as session:
        assert isinstance(await cancel_meeting(session, STUDENT, booking.id, TUESDAY_11), Booking)
    await desk.send()
    for address in (ASHA, DESK):
        events = [event_of(letter) for letter in desk.box.to(address)]
        assert [(each["SEQUENCE"], each["STATUS"]) for each in events] == [
            (0, "CONFIRMED"),
            (1, "CONFIRMED"),
            (2, "CANCELLED"),
        ]
        assert len({each["UID"] for each in events}) == 1
        assert [invite_of(letter)["METHOD"] for letter in desk.box.to(address)] == ["REQUEST", "REQUEST", "CANCEL"]
        assert events[1].start == events[2].start == later
    did = [each.action for each in await all_of(desk.store, BookingEvent) if each.actor != "post"]
    assert did == ["booked", "email address", "moved", "cancelled"]


async def test_a_letter_that_is_overtaken_by_a_move_is_not_sent(desk: Desk) -> None:
    await end(desk.store, desk.ava.talk)
    booking = await desk.booking()
    async with desk.store.sessions.begin() as session:
        (choice,) = await choices(session, booking, TUESDAY_11)
        await move_meeting(session, STUDENT, booking.id, booking.counselor_id, choice.slots[-1].starts, TUESDAY_11)
    await desk.send()
    assert [event_of(letter)["SEQUENCE"] for letter in desk.box.letters] == [1, 1]
    skipped = {each.last_error for each in await all_of(desk.store, OutboxMessage) if each.state == "skipped"}
    assert skipped == {"the meeting was changed again"}


async def test_reminders_come_a_day_and_an_hour_before_and_never_twice(desk: Desk) -> None:
    await end(desk.store, desk.ava.talk)
    await desk.send()
    desk.box.letters.clear()
    starts = await desk.starts()
    for before, subject in (
        (25, None),
        (24, "Reminder"),
        (20, None),
        (1, "Your meeting starts in an hour"),
        (0.5, None),
    ):
        for _ in range(2):
            await desk.send(starts - timedelta(hours=before))
        got = [letter["Subject"] for letter in desk.box.letters]
        desk.box.letters.clear()
        assert len(got) == (2 if subject else 0), before
        assert [each[: len(subject or "")] for each in got] == [subject] * len(got)


async def test_a_meeting_agreed_within_the_day_gets_no_reminder_of_the_day_before(desk: Desk) -> None:
    await end(desk.store, desk.ava.talk)
    await desk.send()
    desk.box.letters.clear()
    starts = await desk.starts()
    await sql(desk.store.sessions, "UPDATE booking SET settled_at = lower(during) - interval '5 hours'")
    await desk.send(starts - timedelta(hours=4))
    assert desk.box.letters == []
    await desk.send(starts - timedelta(minutes=59))
    assert {letter["To"] for letter in desk.box.letters} == {ASHA, DESK}


async def test_a_cancelled_meeting_is_not_reminded_of(desk: Desk) -> None:
    await end(desk.store, desk.ava.talk)
    async with desk.store.sessions.begin() as session:
        await cancel_meeting(session, STUDENT, (await desk.booking()).id, TUESDAY_11)
    await desk.send()
    desk.box.letters.clear()
    assert await desk.send(await desk.starts() - timedelta(hours=23)) == 0


async def test_a_letter_that_bounces_is_given_up_and_said_and_the_other_still_comes(desk: Desk) -> None:
    desk.box.refuses[ASHA] = "550 no such mailbox"
    await end(desk.store, desk.ava.talk)
    assert await desk.send() == 1
    assert [letter["To"] for letter in desk.box.letters] == [DESK]
    mails = {each.recipient: each for each in await all_of(desk.store, OutboxMessage)}
    assert (mails["student"].state, mails["student"].last_error) == ("given_up", "550 no such mailbox")
    (incident,) = await all_of(desk.store, Incident)
    assert "could not be delivered to the student: 550 no such mailbox" in incident.message
    assert "invitation not delivered" in [each.action for each in await all_of(desk.store, BookingEvent)]
    assert (await desk.booking()).state == "booked"


async def test_a_mail_server_that_is_busy_or_away_is_tried_again_from_sql(desk: Desk) -> None:
    desk.box.refuses[ASHA] = "451 try later"
    await end(desk.store, desk.ava.talk)
    await desk.send()
    away = make_mailer("smtp://127.0.0.1:1", Path())
    await sql(desk.store.sessions, "UPDATE outbox_message SET next_at = now()")
    assert await send_emails(desk.store.sessions, away, HOUSE, TUESDAY_11) == 0
    waiting = [each for each in await all_of(desk.store, OutboxMessage) if each.state == "waiting"]
    assert [(each.recipient, each.tries) for each in waiting] == [("student", 2)]
    desk.box.refuses.clear()
    await sql(desk.store.sessions, "UPDATE outbox_message SET next_at = now()")
    assert await desk.send() == 1
    assert len(desk.box.to(ASHA)) == len(desk.box.to(DESK)) == 1


async def test_a_worker_that_died_after_sending_sends_the_same_letter_under_the_same_id(desk: Desk) -> None:
    await end(desk.store, desk.ava.talk)
    await desk.send()
    await sql(desk.store.sessions, "UPDATE outbox_message SET state = 'waiting', next_at = now()")
    await desk.send()
    first, again = desk.box.to(ASHA)
    assert first["Message-ID"] == again["Message-ID"]
    assert (event_of(first)["UID"], event_of(first)["SEQUENCE"]) == (
        event_of(again)["UID"],
        event_of(again)["SEQUENCE"],
    )


async def test_a_student_without_an_address_is_not_written_to_and_the_counselor_is(store: Store, box: Box) -> None:
    await sql(store.sessions, "UPDATE counselor SET email = 'desk@example.org'")
    ava = Ava(store, await talk_with(store.sessions, ScriptedCarrier()))
    slot = (await ava("find_slots"))["slots"][0]["slot"]
    await ava("hold_slot", slot=slot)
    booked = await ava("book_slot", slot=slot)
    assert booked["say"].endswith("Which email address should I send the invitation to?")
    assert (await ava("save_enquiry", email="no thank you"))["saved"] == {}
    await end(store, ava.talk)
    assert await send_emails(store.sessions, make_mailer(box.url, Path()), HOUSE, TUESDAY_11) == 1
    assert [letter["To"] for letter in box.letters] == [DESK]
    assert {each.last_error for each in await all_of(store, OutboxMessage) if each.recipient == "student"} == {
        "no email address is known"
    }


async def test_without_a_mail_server_letters_are_files_in_the_data_folder(desk: Desk, tmp_path: Path) -> None:
    desk.post = make_mailer(None, tmp_path / "mail")
    assert isinstance(desk.post, FileMailer)
    await end(desk.store, desk.ava.talk)
    assert await desk.send() == 2
    files = sorted((tmp_path / "mail").iterdir())
    assert [path.suffix for path in files] == [".eml", ".eml"]
    assert any(b"BEGIN:VCALENDAR" in path.read_bytes() for path in files)


async def test_f79_a_student_whose_counselor_takes_the_day_off_is_asked_for_another_time(desk: Desk) -> None:
    """F79: days off after the booking flag it and tell the student; nobody is moved silently."""
    await end(desk.store, desk.ava.talk)
    await desk.send()
    desk.box.letters.clear()
    booking, starts = await desk.booking(), await desk.starts()
    async with desk.store.sessions.begin() as session:
        hit = await flag_conflicts(
            session, booking.counselor_id, starts - timedelta(hours=5), starts + timedelta(hours=5), TUESDAY_11
        )
    assert hit == 1
    await desk.send()
    (letter,) = desk.box.letters
    assert letter["To"] == ASHA
    assert "choose another time" in text_of(letter)
    assert (await desk.booking()).during == booking.during


async def test_it_is_too_late_to_change_within_the_counselors_notice(desk: Desk) -> None:
    booking, starts = await desk.booking(), await desk.starts()
    near = starts - timedelta(minutes=30)
    async with desk.store.sessions.begin() as session:
        for done in (
            await cancel_meeting(session, STUDENT, booking.id, near),
            await move_meeting(session, STUDENT, booking.id, booking.counselor_id, starts + timedelta(days=1), near),
            await cancel_meeting(session, STUDENT, booking.id, starts + timedelta(hours=1)),
        ):
            assert isinstance(done, ChangeRefused)
    assert (await desk.booking()).state == "booked"


async def test_the_system_check_says_whether_the_mail_server_takes_us(settings: Settings) -> None:
    with post_office() as box:
        there = settings.model_copy(update={"dialer_send_mail_url": SecretStr(box.url)})
        assert (await _email(there)).state == "ok"
    gone = await _email(there)
    assert (gone.state, "check DIALER_SEND_MAIL_URL" in gone.says) == ("wrong", True)
    assert (await _email(settings)).state == "missing"


async def next_call(desk: Desk) -> Ava:
    """AVA in another call to the same student."""
    again = replace(desk.ava.talk, call_id=uuid4(), offered={}, held_in={}, refused_at={})
    async with desk.store.sessions.begin() as session:
        first = await session.get_one(Call, desk.ava.talk.call_id)
        kept = {each.name for each in Call.__table__.columns} - {"id", "n", "carrier_sid", "token_hash"}
        n = await session.scalar(select(func.max(Call.n)))
        session.add(Call(**{name: getattr(first, name) for name in kept}, id=again.call_id, n=(n or 0) + 1))
    return Ava(desk.store, again)


async def call_again(desk: Desk, email: str) -> str:
    """Another call to the same student, who names an address; what AVA says."""
    again = await next_call(desk)
    saved = await again("save_enquiry", email=email, name="Cheap Pills at evil.example")
    await desk.send()
    return str(saved["say"])


async def test_addresses_told_in_calls_get_two_invitations_and_no_more(desk: Desk) -> None:
    await end(desk.store, desk.ava.talk)
    await desk.send()
    assert "letter by letter" in await call_again(desk, "second@example.com")
    assert "Someone from our team" in await call_again(desk, "third@example.com")
    assert "Someone from our team" in await call_again(desk, "fourth@example.com")
    invited = [letter["To"] for letter in desk.box.letters if letter["To"] != DESK]
    assert invited == [ASHA, "second@example.com"]
    assert (await desk.booking()).email == "second@example.com"
    assert await sql(desk.store.sessions, "SELECT email_by_voice FROM lead") is True


async def test_an_address_put_right_within_a_call_is_one_invitation(desk: Desk) -> None:
    for said in ("asha@example.com", "asha.r@example.com", "asha.rao@example.com"):
        assert "letter by letter" in (await desk.ava("save_enquiry", email=said))["say"]
    await end(desk.store, desk.ava.talk)
    await desk.send()
    assert len([letter for letter in desk.box.letters if letter["To"] != DESK]) == 1
    assert "letter by letter" in await call_again(desk, "second@example.com")


async def test_a_new_meeting_does_not_renew_the_invitations_to_told_addresses(desk: Desk) -> None:
    await end(desk.store, desk.ava.talk)
    await desk.send()
    await call_again(desk, "second@example.com")
    await sql(desk.store.sessions, "UPDATE booking SET state = 'cancelled'")
    desk.box.letters.clear()
    again = await next_call(desk)
    slot = (await again("find_slots", day="2026-02-13"))["slots"][0]["slot"]
    await again("hold_slot", slot=slot)
    booked = await again("book_slot", slot=slot)
    assert (booked["booked"], booked["email"], "Someone from our team" in booked["say"]) == (True, None, True)
    await desk.send()
    assert [letter["To"] for letter in desk.box.letters] == [DESK]


async def test_an_invitation_names_the_student_as_the_list_does(desk: Desk) -> None:
    await sql(desk.store.sessions, "UPDATE lead SET name = 'Asha R'")
    await end(desk.store, desk.ava.talk)
    await desk.send()
    await call_again(desk, "second@example.com")
    for letter in desk.box.letters:
        to_student = letter["To"] != DESK
        assert ("Asha R and " in text_of(letter)) == to_student
        assert "Cheap Pills" not in str(letter) or not to_student
        if to_student:
            assert "Dear Asha R," in text_of(letter)
            assert event_of(letter)["ATTENDEE"].params["CN"] == "Asha R"
