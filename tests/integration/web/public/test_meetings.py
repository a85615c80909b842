"""The pages behind a letter's links, without account and JavaScript; and what follows from what is said there."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from httpx import AsyncClient
from icalendar import Calendar
from pydantic import SecretStr

from dialer.domain.access.rates import MEETING_ADDRESS, MEETING_LINK
from dialer.domain.calling.call import Outcome
from dialer.net.ics.invitation import uid_of
from dialer.services.calls.accept_stream import MISSED, AcceptedCall, accept_stream
from dialer.services.meetings.signed_links import SignedLinks
from dialer.services.reports.capture_accuracy import capture_accuracy
from dialer.settings import Settings
from dialer.store.tables import AuditEntry, Booking, BookingEvent, OutboxMessage
from dialer.web.public import meetings
from dialer.wiring.stores import Store
from tests.support.ava import all_of
from tests.support.carrier import ScriptedCarrier
from tests.support.meetings import booked, starts_of
from tests.support.people import TUESDAY_11, call_row, claim, lead_now, place, sql
from tests.support.web import serving

SECRET = "a secret of the tests"
LINKS = SignedLinks("", SECRET)


@dataclass
class Page:
    """The web process at a moment of the moved clock."""

    client: AsyncClient

    async def get(self, path: str) -> tuple[int, str]:
        answer = await self.client.get(path, headers={"host": "dialer.example.org"})
        return answer.status_code, answer.text

    async def post(self, path: str, **form: str | list[str]) -> tuple[int, str]:
        answer = await self.client.post(path, data=form, headers={"host": "dialer.example.org"})
        return answer.status_code, answer.text


@pytest.fixture
async def booking(store: Store) -> Booking:
    return await booked(store)


async def at(settings: Settings, moment: datetime) -> AsyncIterator[Page]:
    told = settings.model_copy(
        update={
            "dialer_clock": moment.isoformat(timespec="minutes"),
            "dialer_secret_key": SecretStr(SECRET),
            "twilio_api_url": "http://127.0.0.1:9",
        }
    )
    async with serving(told) as client:
        yield Page(client)


@pytest.fixture
async def page(settings: Settings, booking: Booking) -> AsyncIterator[Page]:
    """The morning on which it was booked."""
    async for each in at(settings, TUESDAY_11):
        yield each


@pytest.fixture
async def after(settings: Settings, booking: Booking) -> AsyncIterator[Page]:
    """An hour after the meeting began."""
    async for each in at(settings, starts_of(booking) + timedelta(hours=1)):
        yield each


def choices_in(html: str) -> list[str]:
    return [each.replace("&#43;", "+") for each in re.findall(r'name="slot" value="([^"]+)"', html)]


async def now(store: Store) -> Booking:
    (found,) = await all_of(store, Booking)
    assert isinstance(found, Booking)
    return found


async def test_looking_changes_nothing_however_often_a_scanner_looks(
    page: Page, store: Store, booking: Booking
) -> None:
    for path in (LINKS.student(booking), LINKS.counselor(booking)):
        for _ in range(3):
            status, html = await page.get(path)
            assert status == 200
            assert "<script" not in html
    assert (await now(store)).sequence == 0
    assert (await now(store)).state == "booked"


async def test_a_student_moves_the_meeting_and_the_slot_is_free_again(
    page: Page, store: Store, booking: Booking
) -> None:
    path = LINKS.student(booking)
    _, html = await page.get(path)
    offered = choices_in(html)
    assert f"{booking.counselor_id}@{starts_of(booking).isoformat()}" not in offered, "it is at its own time already"
    status, html = await page.post(path, do="move", slot=offered[-1])
    assert (status, "Your meeting was moved" in html) == (200, True)
    moved = await now(store)
    assert (moved.id, moved.sequence, moved.state) == (booking.id, 1, "booked")
    assert starts_of(moved).isoformat() == offered[-1].partition("@")[2]
    other = await booked(store, 2)
    assert starts_of(other) == starts_of(booking), "the time that was left is given to the next"


async def test_a_move_to_its_own_time_is_refused_and_nobody_is_written_to(
    page: Page, store: Store, booking: Booking
) -> None:
    path = LINKS.student(booking)
    slot = choices_in((await page.get(path))[1])[-1]
    assert (await page.post(path, do="move", slot=slot))[0] == 200
    letters = len(await all_of(store, OutboxMessage))
    status, html = await page.post(path, do="move", slot=slot)
    assert (status, "The meeting is already at this time." in html) == (409, True)
    assert (await now(store)).sequence == 1
    assert len(await all_of(store, OutboxMessage)) == letters
    assert [each.action for each in await all_of(store, BookingEvent)].count("moved") == 1
    (noted,) = [each for each in await all_of(store, AuditEntry) if each.action == "booking.move"]
    assert noted.details["from"] == starts_of(booking).isoformat()
    assert noted.details["to"] == slot.partition("@")[2]


@pytest.mark.parametrize(
    "slot",
    [
        *("", "tomorrow", "1@2026-02-12T10:00", "1@2026-02-30T10:00+05:30", "1@2026-02-15T11:00:00+05:30"),
        *(
            "1@2026-02-09T11:00:00+05:30",
            "1@2026-02-12T11:07:00+05:30",
            "999@2026-02-12T11:00:00+05:30",
            "x@2026-02-12T11:00:00+05:30",
        ),
    ],
)
async def test_f82_a_time_that_was_not_offered_moves_nothing(
    page: Page, store: Store, booking: Booking, slot: str
) -> None:
    """F82: no words, a Sunday, yesterday, 30 February, a crooked minute, somebody else's time."""
    status, html = await page.post(LINKS.student(booking), do="move", slot=slot)
    assert (status, 'class="said refused"' in html) == (409, True)
    assert (await now(store)).during == booking.during


async def test_a_time_that_somebody_took_meanwhile_is_refused(page: Page, store: Store, booking: Booking) -> None:
    path = LINKS.student(booking)
    taken = await booked(store, 2, "2026-02-13")
    slot = f"{taken.counselor_id}@{starts_of(taken).isoformat()}"
    assert (await page.post(path, do="move", slot=slot))[0] == 409
    assert slot not in choices_in((await page.get(path))[1])


async def test_a_student_cancels_and_cannot_change_it_any_more(page: Page, store: Store, booking: Booking) -> None:
    path = LINKS.student(booking)
    assert (await page.post(path, do="cancel"))[0] == 200
    assert ((await now(store)).state, (await now(store)).sequence) == ("cancelled", 1)
    assert sorted(each.recipient for each in await all_of(store, OutboxMessage) if each.kind == "cancellation") == [
        "counselor",
        "student",
    ]
    _, html = await page.get(path)
    assert 'value="move"' not in html
    assert (await page.post(path, do="move", slot=f"1@{starts_of(booking).isoformat()}"))[0] == 409


async def test_where_the_counselor_left_the_page_names_the_one_who_is_offered(
    page: Page, store: Store, booking: Booking
) -> None:
    await sql(
        store.sessions,
        "WITH anna AS (INSERT INTO counselor (name, zone, email) VALUES ('Anna', 'Europe/London', 'anna@example.org') RETURNING id) "
        "INSERT INTO counselor_hours SELECT id, day, '09:00', '17:00' FROM anna, generate_series(0, 4) AS day",
    )
    path = LINKS.student(booking)
    anna = await sql(store.sessions, "SELECT id FROM counselor WHERE name = 'Anna'")
    html = (await page.get(path))[1]
    assert "Anna" not in html, "a meeting stays with its counselor"
    status, _ = await page.post(path, do="move", slot=f"{anna}@2026-02-13T10:00:00+00:00")
    assert status == 409
    await sql(store.sessions, "UPDATE counselor SET active = false WHERE name <> 'Anna'")
    html = (await page.get(path))[1]
    assert "is no longer with us. These times are with Anna" in html
    assert (await page.post(path, do="move", slot=choices_in(html)[0]))[0] == 200
    assert (await now(store)).counselor_id == anna
    (moved,) = [each for each in await all_of(store, BookingEvent) if each.action == "moved"]
    assert (moved.actor, moved.details["counselor"], moved.details["instead_of"]) == (
        "student",
        "Anna",
        "One Window desk",
    )
    cancelled = [each.counselor_id for each in await all_of(store, OutboxMessage) if each.kind == "cancellation"]
    assert cancelled == [booking.counselor_id]


@pytest.mark.parametrize("path", ["/meetings/x", "/meetings/went/x", "/calendars/1-x.ics", "/calendars/x"])
async def test_a_forged_address_is_one_that_does_not_exist(page: Page, path: str) -> None:
    assert (await page.get(path))[0] == 404
    if not path.startswith("/calendars"):
        assert (await page.post(path, do="cancel", verdict="showed"))[0] == 404


async def test_the_page_is_kept_and_passed_on_nowhere(page: Page, booking: Booking) -> None:
    answer = await page.client.get(LINKS.student(booking), headers={"host": "dialer.example.org"})
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_nothing_is_said_of_a_meeting_before_it_began(page: Page, store: Store, booking: Booking) -> None:
    assert (await page.post(LINKS.counselor(booking), verdict="showed"))[0] == 409
    assert (await now(store)).outcome is None


async def test_one_tap_says_that_they_came_and_all_was_right(after: Page, store: Store, booking: Booking) -> None:
    status, html = await after.post(LINKS.counselor(booking), verdict="showed", note="lovely <b>")
    assert (status, "lovely &lt;b&gt;" in html) == (200, True)
    done = await now(store)
    assert (done.state, done.outcome, done.note) == ("attended", "showed", "lovely <b>")
    assert done.right_fields == ["budget", "country", "course", "intake", "name"]
    assert (await lead_now(store.sessions)).state == "done"


async def test_agreement_counts_what_was_confirmed_by_script_version(
    after: Page, store: Store, booking: Booking
) -> None:
    await after.post(LINKS.counselor(booking), verdict="wrong_information", wrong=["budget", "country", "nonsense"])
    async with store.sessions() as session:
        (one,) = await capture_accuracy(session)
    assert (one.script, one.version, one.meetings, one.showed) == ("ava", 1, 1, 1)
    assert (one.qualified.confirmed, one.qualified.judged) == (1, 1)
    assert {name: share.share for name, share in one.fields.items()} == {
        "name": 1.0,
        "country": 0.0,
        "course": 1.0,
        "intake": 1.0,
        "budget": 0.0,
    }
    await after.post(LINKS.counselor(booking), verdict="wrong_fit")
    async with store.sessions() as session:
        (one,) = await capture_accuracy(session)
    assert one.qualified.share == 0.0


async def test_who_did_not_come_is_rung_again_under_the_rules_and_ava_knows_why(
    after: Page, store: Store, booking: Booking
) -> None:
    moment = starts_of(booking) + timedelta(hours=1)
    assert (await lead_now(store.sessions)).state == "done"
    assert (await after.post(LINKS.counselor(booking), verdict="no_show"))[0] == 200
    lead = await lead_now(store.sessions)
    assert (lead.state, lead.why, lead.rank) == ("waiting", "called again: did not come to the meeting", 2)
    assert lead.next_attempt_at >= moment + timedelta(hours=2)
    carrier = ScriptedCarrier()
    assert await claim(store.sessions, carrier, moment) == []
    (call_id,) = await claim(store.sessions, carrier, lead.next_attempt_at)
    await place(store.sessions, call_id, carrier, lead.next_attempt_at)
    call = await call_row(store.sessions, call_id)
    async with store.sessions.begin() as session:
        answered = await accept_stream(session, carrier.orders[-1].token, call.carrier_sid or "", lead.next_attempt_at)
    assert isinstance(answered, AcceptedCall)
    assert answered.row[MISSED].startswith("Thursday 12 February")


@pytest.mark.parametrize(("state", "becomes"), [("done", "running"), ("stopped", "stopped"), ("paused", "paused")])
async def test_a_campaign_that_ended_by_itself_goes_on_for_them_and_one_that_was_stopped_does_not(
    after: Page, store: Store, booking: Booking, state: str, becomes: str
) -> None:
    await sql(store.sessions, "UPDATE campaign SET state = :state", state=state)
    await after.post(LINKS.counselor(booking), verdict="no_show")
    assert (await lead_now(store.sessions)).state == "waiting"
    assert await sql(store.sessions, "SELECT state FROM campaign") == becomes


async def test_who_asked_not_to_be_called_is_not_rung_for_a_missed_meeting(
    after: Page, store: Store, booking: Booking
) -> None:
    await sql(store.sessions, "UPDATE campaign_lead SET last_outcome = :said", said=Outcome.DO_NOT_CALL.value)
    await after.post(LINKS.counselor(booking), verdict="no_show")
    assert (await lead_now(store.sessions)).state == "done"


async def test_nobody_is_rung_more_often_than_the_campaign_says(after: Page, store: Store, booking: Booking) -> None:
    await sql(store.sessions, "UPDATE campaign_lead SET attempts = 4")
    await after.post(LINKS.counselor(booking), verdict="no_show")
    lead = await lead_now(store.sessions)
    assert (lead.state, lead.why) == ("done", "did not come; attempts used up")


async def test_a_no_show_said_by_mistake_is_put_right(after: Page, store: Store, booking: Booking) -> None:
    await after.post(LINKS.counselor(booking), verdict="no_show")
    await after.post(LINKS.counselor(booking), verdict="showed")
    assert ((await now(store)).state, (await lead_now(store.sessions)).state) == ("attended", "done")
    did = [each.action for each in await all_of(store, BookingEvent) if each.actor == "counselor"]
    assert did == ["no show", "showed"]


async def test_the_counselors_own_calendar_shows_each_meeting_once(page: Page, store: Store, booking: Booking) -> None:
    await sql(store.sessions, "UPDATE counselor SET feed_version = 1")
    address = LINKS.calendar(booking.counselor_id, 1)
    slot = choices_in((await page.get(LINKS.student(booking)))[1])[-1]
    await page.post(LINKS.student(booking), do="move", slot=slot)
    status, text = await page.get(address)
    assert status == 200
    (event,) = Calendar.from_ical(text).events
    assert (event["UID"], event["SEQUENCE"]) == (uid_of(booking.id), 1)
    assert event.start.astimezone(UTC).isoformat() == slot.partition("@")[2]
    await sql(store.sessions, "UPDATE counselor SET feed_version = -1")
    assert (await page.get(address))[0] == 404


async def test_the_week_shows_who_meets_whom_to_people_here_only(page: Page, store: Store, booking: Booking) -> None:
    await sql(
        store.sessions,
        "UPDATE counselor SET calendar_url = 'https://calendar.example.org/x.ics', calendar_fault = 'it answers 404'",
    )
    week = f"{starts_of(booking):%G-W%V}"
    answer = await page.client.get(f"/bookings?week={week}")
    assert answer.status_code == 200
    assert "Asha Rao" in answer.text
    assert "only counselor free then" in answer.text
    assert "calendar of One Window desk cannot be read (never read; it answers 404)" in answer.text
    assert (await page.client.get("/bookings?week=soon")).status_code == 400
    page.client.auth = None
    assert (await page.get("/bookings"))[0] == 401


def _columns(html: str) -> dict[str, str]:
    """The days of the only counselor's week, by weekday, as a reader sees them."""
    days = re.findall(r'<div class="(day[^"]*)">(.*?)</div>', html, re.DOTALL)
    read = [(kind, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).strip()) for kind, body in days]
    return {body.split()[0]: f"[{kind}] {body}" for kind, body in read}


async def test_each_day_of_the_week_says_when_they_are_met_when_not_and_why(
    page: Page, store: Store, booking: Booking
) -> None:
    starts = starts_of(booking)
    monday = (TUESDAY_11 - timedelta(days=1)).date()
    thursday = monday + timedelta(days=3)
    await sql(store.sessions, "DELETE FROM counselor_hours WHERE weekday = 4")
    await sql(
        store.sessions,
        "INSERT INTO time_off (counselor_id, during, reason) VALUES "
        f"({booking.counselor_id}, tstzrange('{thursday} 12:00+05:30', '{thursday} 23:00+05:30'), 'at a fair in Pune')",
    )
    await sql(store.sessions, "UPDATE counselor SET holidays = 'IN'")
    week = (await page.client.get("/bookings?week=2026-W07")).text
    assert "<h1>9–15 February 2026</h1>" in week
    days = _columns(week)
    assert list(days) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert "[day today]" in days["Tue"], days["Tue"]
    there = starts.astimezone(ZoneInfo("Asia/Kolkata"))
    assert f"{there:%H:%M}–" in days[f"{there:%a}"]
    assert "Asha Rao Booked" in days[f"{there:%a}"]
    assert "shut" in days["Thu"]
    assert "at a fair in Pune" in days["Thu"]
    assert "Unavailable" in days["Fri"]
    assert "This week" not in week
    republic = _columns((await page.client.get("/bookings?week=2026-W05")).text)
    assert "Public holiday" in republic["Mon"], "26 January"
    assert "Public holiday" not in republic["Tue"]
    other = (await page.client.get("/bookings?week=2026-W14")).text
    assert "<h1>30 March – 5 April 2026</h1>" in other
    assert "This week" in other
    assert "today" not in str(_columns(other))


async def test_a_counselors_week_is_in_their_own_zone(page: Page, store: Store, booking: Booking) -> None:
    await sql(store.sessions, "UPDATE counselor SET zone = 'America/Toronto'")
    there = starts_of(booking).astimezone(ZoneInfo("America/Toronto"))
    days = _columns((await page.client.get(f"/bookings?week={there:%G-W%V}")).text)
    assert f"{there:%H:%M}–" in days[f"{there:%a}"]
    assert re.search(r"student's time: \w+ [\d:]+ \(India time\)", days[f"{there:%a}"])


async def test_a_students_link_ends_with_the_meeting(after: Page, store: Store, booking: Booking) -> None:
    status, html = await after.get(LINKS.student(booking))
    assert (status, "This link has expired." in html) == (410, True)
    assert (await after.post(LINKS.student(booking), do="cancel"))[0] == 410
    assert (await now(store)).state == "booked"


async def test_a_counselors_link_ends_thirty_days_after_the_meeting(
    settings: Settings, store: Store, booking: Booking
) -> None:
    ends = booking.during.upper
    assert ends is not None
    for later, status in ((timedelta(days=30, minutes=-2), 200), (timedelta(days=30), 410)):
        async for page in at(settings, ends + later):
            assert (await page.get(LINKS.counselor(booking)))[0] == status
            assert (await page.post(LINKS.counselor(booking), verdict="showed"))[0] == status
    assert (await now(store)).outcome_at is not None


async def test_the_link_of_a_counselor_who_left_or_lost_the_meeting_shows_nothing(
    after: Page, store: Store, booking: Booking
) -> None:
    link = LINKS.counselor(booking)
    await sql(store.sessions, "UPDATE counselor SET active = false")
    assert (await after.get(link))[0] == 404
    assert (await after.post(link, verdict="no_show"))[0] == 404
    await sql(store.sessions, "UPDATE counselor SET active = true")
    await sql(
        store.sessions,
        "WITH anna AS (INSERT INTO counselor (name, zone) VALUES ('Anna', 'Europe/London') RETURNING id) "
        "UPDATE booking SET counselor_id = anna.id FROM anna",
    )
    assert (await after.get(link))[0] == 404
    assert (await after.post(link, verdict="no_show"))[0] == 404
    moved = await now(store)
    assert moved.outcome is None
    assert (await after.get(LINKS.counselor(moved)))[0] == 200


async def test_links_are_revoked_by_whoever_manages_meetings(page: Page, store: Store, booking: Booking) -> None:
    old = LINKS.student(booking), LINKS.counselor(booking)
    answer = await page.client.post(f"/api/bookings/{booking.id}/revoke-links")
    assert answer.status_code == 200
    assert [(await page.get(link))[0] for link in old] == [404, 404]
    newer = await now(store)
    assert (await page.get(LINKS.student(newer)))[0] == 200
    (noted,) = [each for each in await all_of(store, AuditEntry) if each.action == "booking.revoke_links"]
    assert noted.details == {"booking": str(booking.id)}


async def test_a_meeting_is_changed_by_its_link_only_so_often(
    page: Page, store: Store, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meetings, "MEETING_LINK", replace(MEETING_LINK, name=str(booking.id), most=2))
    path = LINKS.student(booking)
    slots = choices_in((await page.get(path))[1])
    answers = [(await page.post(path, do="move", slot=slot))[0] for slot in slots[:3]]
    assert answers == [200, 200, 429]
    assert (await now(store)).sequence == 2
    assert (await page.get(path))[0] == 200


async def test_guesses_of_links_are_limited_by_the_clients_address(
    page: Page, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meetings, "MEETING_ADDRESS", replace(MEETING_ADDRESS, name=str(booking.id), most=3))
    answers = [(await page.post(f"/meetings/{booking.id.hex}-{n}", do="cancel"))[0] for n in range(5)]
    assert answers == [404, 404, 404, 429, 429]
