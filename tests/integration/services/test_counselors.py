"""Counselors by command: everything they can say of themselves, their own calendar read and served, and their word."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from dialer.domain.meetings.slots import CounselorTime
from dialer.net.safe_http import SafeHttpClient
from dialer.services.meetings.calendars import read_calendars
from dialer.settings import Settings
from dialer.store.meetings import counselors, meeting_calendar
from dialer.store.tables import BookingEvent, Counselor, OutboxMessage
from dialer.wiring.environment import settings_environment
from dialer.wiring.stores import Store
from tests.support.ava import all_of
from tests.support.counselors import trail
from tests.support.meetings import booked, starts_of
from tests.support.people import TUESDAY_11, sql
from tests.support.shell import Shell
from workers.mail_and_calendars import expand_in_child

BUSY = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
    "DTSTART;TZID=Asia/Kolkata:20260212T090000\r\nDTEND;TZID=Asia/Kolkata:20260212T170000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
NOW = timedelta(0)


@pytest.fixture
def dialer(settings: Settings, tmp_path: Path) -> Shell:
    variables = {name: value for name, value in settings_environment(settings).items() if name.startswith("DIALER_")}
    variables |= {"DIALER_ENV_FILE": "/dev/null", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "USER": "tests"}
    return Shell(variables, tmp_path)


class Calendars(BaseHTTPRequestHandler):
    """Somebody's calendar server."""

    answer: ClassVar[tuple[int, bytes]] = (200, BUSY.encode())
    asked: ClassVar[int] = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        status, body = self.answer
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def calendar_server() -> Iterator[int]:
    """It, on loopback; its port."""
    Calendars.answer, Calendars.asked = (200, BUSY.encode()), 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Calendars)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def desk(store: Store) -> Counselor:
    (found,) = await all_of(store, Counselor)
    assert isinstance(found, Counselor)
    return found


async def time_of(store: Store) -> CounselorTime:
    async with store.sessions() as session:
        (one,) = await counselors.times(session, TUESDAY_11, TUESDAY_11 + timedelta(days=9))
    return one


async def test_every_field_can_be_set_and_is_shown(dialer: Shell) -> None:
    said = dialer(
        *("counselor", "set", "One Window desk", "--email", "desk@example.org", "--phone", "+91 98120 00099"),
        *("--zone", "Europe/London", "--days", "mon-tue", "--hours", "09:00-12:00,13:00-24:00", "--slot", "45"),
        *("--notice", "120", "--buffer-before", "5", "--buffer-after", "10", "--max-per-day", "6"),
        *("--countries", "the states, canda", "--courses", "Data Science", "--languages", "en,HI", "--holidays", "GB"),
    )
    assert (said.status, said.out) == (0, "One Window desk is changed\n"), said
    (shown,) = dialer.done("counselor", "list")
    assert shown["hours"][:4] == ["mon 09:00-12:00", "mon 13:00-00:00", "tue 09:00-12:00", "tue 13:00-00:00"]
    assert len(shown["hours"]) == 8, "Wednesday to Saturday stay as they were"
    assert {key: shown[key] for key in ("zone", "email", "phone", "slot_minutes", "notice_minutes", "max_per_day")} == {
        "zone": "Europe/London",
        "email": "desk@example.org",
        "phone": "+919812000099",
        "slot_minutes": 45,
        "notice_minutes": 120,
        "max_per_day": 6,
    }
    assert (shown["countries"], shown["courses"], shown["languages"]) == (
        ["United States", "Canada"],
        ["data science"],
        ["en", "hi"],
    )
    assert dialer("counselor", "set", "One Window desk", "--countries", "", "--max-per-day", "0").status == 0
    (shown,) = dialer.done("counselor", "list")
    assert (shown["countries"], shown["max_per_day"], shown["courses"]) == ([], None, ["data science"])


@pytest.mark.parametrize(
    "words",
    [
        ("--zone", "Mars/Olympus"),
        ("--email", "desk"),
        ("--phone", "12"),
        ("--hours", "9-17-18"),
        ("--hours", "18:00-09:00"),
        ("--hours", "09:00-12:00,11:00-13:00"),
        ("--days", "mon"),
        ("--countries", "Atlantis"),
        ("--languages", "english"),
        ("--holidays", "XX"),
        ("--slot", "0"),
        (),
    ],
)
async def test_what_cannot_be_so_is_wrong_usage_and_changes_nothing(dialer: Shell, words: tuple[str, ...]) -> None:
    before = dialer.done("counselor", "list")
    said = dialer("counselor", "set", "One Window desk", *words)
    assert (said.status, "Traceback" in said.err) == (2, False), said
    assert dialer.done("counselor", "list") == before


@pytest.mark.parametrize(
    "url", ["http://calendar.example.org/x.ics", "https://127.0.0.1/x.ics", "https://10.0.0.1/x.ics"]
)
async def test_a_calendar_on_a_private_or_open_line_is_refused(dialer: Shell, url: str) -> None:
    assert "that calendar cannot be read" in dialer.refused("counselor", "set", "One Window desk", "--calendar", url)
    assert "there is no counselor" in dialer.refused("counselor", "set", "Nobody", "--slot", "30")


async def test_days_off_are_kept_free_listed_taken_back_and_ask_students_for_another_time(
    store: Store, dialer: Shell
) -> None:
    booking = await booked(store)
    day = f"{starts_of(booking):%Y-%m-%d}"
    made = dialer.done("counselor", "off", "One Window desk", day)
    assert made["meetings_to_move"] == 1
    assert made["since"] == f"{day}T00:00+05:30"
    assert [each.kind for each in await all_of(store, OutboxMessage)].count("rebook") == 1
    assert "another time is asked for" in [each.action for each in await all_of(store, BookingEvent)][-1]
    async with store.sessions() as session:
        (line,) = await meeting_calendar.between(session, starts_of(booking), starts_of(booking) + timedelta(minutes=1))
        assert line.awaits_time, "the week shows that the student was asked for another time (B25)"
    assert [each["number"] for each in dialer.done("counselor", "off", "One Window desk")] == [made["number"]]
    part = dialer.done("counselor", "off", "One Window desk", "2026-02-16T14:00", "2026-02-16T15:30")
    assert part["until"] == "2026-02-16T15:30+05:30"
    assert dialer.done("counselor", "off", "One Window desk", "--remove", str(part["number"])) == {
        "removed": part["number"]
    }
    dialer.refused("counselor", "off", "One Window desk", "--remove", "999")
    assert dialer("counselor", "off", "One Window desk", "2026-02-30").status == 2
    assert dialer("counselor", "off", "One Window desk", "2026-02-20", "2026-02-19").status == 2


async def test_their_own_calendar_is_read_kept_and_booked_around(
    settings: Settings, store: Store, dialer: Shell
) -> None:
    with calendar_server() as port:
        outside = SafeHttpClient({f"127.0.0.1:{port}"})
        url = f"http://127.0.0.1:{port}/secret/basic.ics"
        allowed = {"DIALER_HOOK_HOSTS": f"127.0.0.1:{port}"}
        assert dialer("counselor", "set", "One Window desk", "--calendar", url, **allowed).status == 0
        (shown,) = dialer.done("counselor", "list")
        assert (shown["calendar"], shown["calendar_stale"]) == (True, True)
        try:
            assert await read_calendars(store.sessions, outside, expand_in_child(settings), TUESDAY_11) == 1
            assert await read_calendars(store.sessions, outside, expand_in_child(settings), TUESDAY_11) == 0, (
                "it was read a moment ago"
            )
            assert Calendars.asked == 1
            assert f"{starts_of(await booked(store)).astimezone(TUESDAY_11.tzinfo):%H:%M}" == "11:30", (
                "five in the evening in India"
            )
            for answer, says in (
                ((404, b""), "it answers 404"),
                ((302, b""), "it answers 302"),
                ((200, b"<html>sign in</html>"), "no iCalendar file"),
                ((200, b"x" * (5 * 1024 * 1024)), "longer than 4096 KB"),
            ):
                Calendars.answer = answer
                assert (
                    await read_calendars(store.sessions, outside, expand_in_child(settings), TUESDAY_11, every=NOW) == 0
                )
                assert says in str((await desk(store)).calendar_fault)
            one = await time_of(store)
            assert (len(one.busy), one.stale) == (1, False), "what it said before stays"
            await sql(store.sessions, "UPDATE counselor SET calendar_at = now() - interval '7 hours'")
            one = await time_of(store)
            assert one.stale
            Calendars.answer = (200, BUSY.replace("T170000", "T100000").encode())
            assert await read_calendars(store.sessions, outside, expand_in_child(settings), TUESDAY_11, every=NOW) == 1
            person = await desk(store)
            assert (person.calendar_fault, person.calendar_at is not None) == (None, True)
        finally:
            await outside.close()


async def test_a_name_that_leads_to_this_machine_is_not_asked(settings: Settings, store: Store) -> None:
    with calendar_server() as port:
        outside = SafeHttpClient(())
        await sql(store.sessions, "UPDATE counselor SET calendar_url = :url", url=f"https://localhost:{port}/x.ics")
        try:
            assert await read_calendars(store.sessions, outside, expand_in_child(settings), TUESDAY_11) == 0
        finally:
            await outside.close()
        assert Calendars.asked == 0
        assert (await desk(store)).calendar_fault


async def test_their_own_address_is_made_shown_and_revoked(store: Store, dialer: Shell) -> None:
    assert dialer.done("counselor", "feed", "One Window desk") == {"counselor": "One Window desk", "url": None}
    first = dialer.done("counselor", "feed", "One Window desk", "--make")["url"]
    assert dialer.done("counselor", "feed", "One Window desk")["url"] == first
    second = dialer.done("counselor", "feed", "One Window desk", "--make")["url"]
    assert dialer.done("counselor", "feed", "One Window desk", "--revoke")["url"] is None
    third = dialer.done("counselor", "feed", "One Window desk", "--make")["url"]
    assert len({first, second, third}) == 3
    assert all("/calendars/" in each for each in (first, second, third))


async def test_somebody_is_added_renamed_leaves_and_comes_back_and_each_change_is_audited(
    store: Store, dialer: Shell
) -> None:
    said = dialer("counselor", "add", "Meera", "--email", "Meera@Example.org", "--days", "mon-tue", "--hours", "9-13")
    assert (said.status, said.out) == (0, "Meera can be met mon-tue 9-13 Asia/Kolkata\n"), said
    assert "there is a counselor 'Meera' already" in dialer.refused("counselor", "add", "Meera")
    assert "already" in dialer.refused("counselor", "set", "Meera", "--name", "One Window desk")
    assert dialer("counselor", "set", "Meera", "--name", "Meera Iyer", "--days", "tue", "--hours", "10-12").status == 0
    assert dialer("counselor", "remove", "Meera Iyer").out == "Meera Iyer is no longer offered\n"
    (left,) = [each for each in dialer.done("counselor", "list") if not each["active"]]
    assert (left["name"], left["email"], left["hours"]) == (
        *("Meera Iyer", "meera@example.org", ["mon 09:00-13:00", "tue 10:00-12:00"]),
    )
    assert dialer("counselor", "back", "Meera Iyer").out == "Meera Iyer is offered again\n"
    assert all(each["active"] for each in dialer.done("counselor", "list"))
    assert "there is no counselor" in dialer.refused("counselor", "back", "Nobody")
    assert [did for who, did in await trail(store) if who == "cli:tests"] == [
        *("counselor.add", "counselor.update", "counselor.deactivate", "counselor.activate"),
    ]


async def test_agreement_is_told_by_command(store: Store, dialer: Shell) -> None:
    assert dialer.done("counselor", "agreement") == []
    await booked(store)
    judged = "outcome = 'showed', right_fields = '{course}', wrong_fields = '{budget}'"
    await sql(store.sessions, f"UPDATE booking SET state = 'attended', {judged}")
    (one,) = dialer.done("counselor", "agreement")
    assert (one["script"], one["version"], one["qualified"]["share"]) == ("ava", 1, 1.0)
    assert (one["fields"]["course"]["share"], one["fields"]["budget"]["share"]) == (1.0, 0.0)
    assert "course 100%" in dialer("counselor", "agreement").out


async def test_bookings_are_exported_as_before(store: Store, dialer: Shell, tmp_path: Path) -> None:
    booking = await booked(store)
    path = tmp_path / "bookings.csv"
    assert dialer.done("bookings", "export", "--output", str(path))["rows"] == 1
    header, row = path.read_text().splitlines()
    assert header == "booking_id,campaign,phone,lead,counselor,starts,ends,zone,lead_zone,state"
    assert row.startswith(f"{booking.id},")
    assert datetime.fromisoformat(row.split(",")[5]) == starts_of(booking)
