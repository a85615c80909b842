"""Counselors on their pages: who may change what, what is kept, and that a refusal writes nothing and loses nothing."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from httpx import AsyncClient, Response

from dialer.domain.access.roles import Role
from dialer.settings import Settings
from dialer.store.meetings import time_off
from dialer.store.tables import Booking, OutboxMessage
from dialer.wiring.stores import Store
from tests.support.ava import all_of
from tests.support.counselors import OTHER, another, kept, trail
from tests.support.meetings import booked, starts_of
from tests.support.pages import send, signed_in
from tests.support.people import TUESDAY_11, sql

DESK = "/counselors/1"
DETAILS = {"name": "One Window desk", "zone": "Asia/Kolkata", "slot_minutes": "30", "notice_minutes": "60"}


@pytest.fixture
def moved(settings: Settings) -> Settings:
    """The morning on which meetings are booked."""
    clock = TUESDAY_11.isoformat(timespec="minutes")
    return settings.model_copy(update={"dialer_clock": clock, "twilio_api_url": "http://127.0.0.1:9"})


@pytest.fixture
async def web(moved: Settings, store: Store) -> AsyncIterator[AsyncClient]:
    async with signed_in(moved, store, Role.MARKETING) as client:
        yield client


@pytest.fixture
async def own(moved: Settings, store: Store) -> AsyncIterator[AsyncClient]:
    """The desk's own account."""
    async with signed_in(moved, store, Role.COUNSELOR) as client:
        yield client


def is_done(answer: Response, word: str = "saved", at: str = DESK) -> bool:
    return (answer.status_code, answer.headers.get("location")) == (303, f"{at}?done={word}")


async def test_somebody_new_is_added_with_hours_and_stands_on_their_page(web: AsyncClient, store: Store) -> None:
    made = await send(
        web,
        *("/counselors/new", "/counselors/new"),
        name=OTHER,
        zone="Europe/London",
        email="meera@example.org",
        phone="+91 98120 00099",
        mon="09:00-12:00, 13:00-17:00",
        fri="9-13",
    )
    assert is_done(made, "made", "/counselors/2"), made.text
    now = await kept(store, 2)
    assert (now["name"], now["zone"], now["email"], now["phone"]) == (
        *(OTHER, "Europe/London", "meera@example.org", "+919812000099"),
    )
    assert now["hours"] == {"mon": "09:00-12:00, 13:00-17:00", "fri": "09:00-13:00"}
    assert ("marketing@example.com", "counselor.add") in await trail(store)
    page = (await web.get("/counselors/2")).text
    assert 'value="09:00-12:00, 13:00-17:00"' in page
    overview = (await web.get("/counselors")).text
    assert 'href="/counselors/2"' in overview
    assert "Europe/London" in overview


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"tue": "18:00-09:00"}, "Tuesday: hours must end after they start"),
        ({"zone": "Mars/Olympus"}, "is not a time zone"),
        ({"email": "meera"}, "is not an email address"),
        ({"name": "One Window desk"}, "already"),
        ({"name": ""}, "Name is required."),
    ],
)
async def test_a_new_one_that_cannot_be_so_is_not_added_and_what_was_typed_stays(
    web: AsyncClient, store: Store, wrong: dict[str, str], says: str
) -> None:
    before = await trail(store)
    fields = {"name": OTHER, "zone": "Europe/London", "mon": "09:00-12:00", "phone": "+91 98120 00099", **wrong}
    refused = await send(web, "/counselors/new", "/counselors/new", **fields)
    assert (refused.status_code, says in refused.text.replace("&#39;", "'")) == (422, True), refused.text
    for typed in fields.values():
        assert f'value="{typed}"' in refused.text, typed
    assert "/counselors/2" not in (await web.get("/counselors")).text
    assert await trail(store) == before


async def test_everything_on_the_page_is_kept_and_audited(web: AsyncClient, store: Store) -> None:
    details = {**DETAILS, "name": "The desk", "slot_minutes": "45", "buffer_before_minutes": "5", "max_per_day": "6"}
    calendar = "https://calendar.example.org/secret/basic.ics"
    saved = await send(web, f"{DESK}/details", DESK, **details, takes_transfers="true", calendar_url=calendar)
    assert is_done(saved), saved.text
    advice = {"countries": "canda, the states", "courses": "Data Science", "languages": "en,HI", "holidays": "IN"}
    assert is_done(await send(web, f"{DESK}/advice", DESK, **advice))
    assert is_done(await send(web, f"{DESK}/hours", DESK, mon="10:00-13:00, 14:00-24:00"))
    now = await kept(store, 1)
    assert now["hours"] == {"mon": "10:00-13:00, 14:00-24:00"}, "a day left empty is one without hours"
    assert (now["name"], now["slot_minutes"], now["buffer_before_minutes"], now["max_per_day"]) == (
        "The desk",
        45,
        5,
        6,
    )
    assert (now["takes_transfers"], now["url"]) == (True, calendar)
    assert (now["countries"], now["languages"]) == (["Canada", "United States"], ["en", "hi"])
    assert [did for _, did in await trail(store)].count("counselor.update") == 3
    page = (await web.get(DESK)).text
    assert calendar not in page, "the address is a secret"
    assert is_done(await send(web, f"{DESK}/details", DESK, **details))
    assert (await kept(store, 1))["url"] == calendar, "an empty field leaves it"
    assert is_done(await send(web, f"{DESK}/details", DESK, **details, no_calendar="true"))
    assert (await kept(store, 1))["url"] is None
    before = await trail(store)
    assert is_done(await send(web, f"{DESK}/details", DESK, **details))
    assert await trail(store) == before, "what is so already is no change"


@pytest.mark.parametrize(
    ("form", "fields", "says"),
    [
        ("hours", {"mon": "10:00-12:00", "wed": "11:00-10:00"}, "Wednesday: hours must end after they start"),
        ("hours", {"sun": "10:00-12:00, 11:00-13:00"}, "Sunday: the hours 10:00-12:00, 11:00-13:00 overlap"),
        ("details", {**DETAILS, "phone": "12"}, "'12': "),
        ("details", {**DETAILS, "slot_minutes": "1"}, "slot minutes must be 5 to 480"),
        ("details", {**DETAILS, "slot_minutes": "soon"}, "Meeting length must be a whole number."),
        ("details", {**DETAILS, "name": OTHER}, "already"),
        ("details", {**DETAILS, "calendar_url": "https://10.0.0.1/x.ics"}, "that calendar cannot be read"),
        ("advice", {"countries": "Canada", "courses": "law", "languages": "english"}, "a language is two letters"),
        ("advice", {"countries": "Atlantis"}, "is not a known country"),
        ("advice", {"holidays": "XX"}, "there are no public holidays for"),
        ("off", {"first": "2026-02-20", "last": "2026-02-19", "why": "away"}, "is not after"),
        ("off", {"first": "2026-02-30"}, "write a day as"),
        ("off", {"why": "away"}, "Start date is required."),
    ],
)
async def test_a_refusal_says_what_is_wrong_writes_nothing_and_keeps_what_was_typed(
    web: AsyncClient, store: Store, form: str, fields: dict[str, str], says: str
) -> None:
    await another(store)
    before = await kept(store, 1), await trail(store)
    refused = await send(web, f"{DESK}/{form}", DESK, **fields)
    said = refused.text.replace("&#39;", "'")
    assert (refused.status_code, says in said, 'role="alert"' in said) == (422, True, True), said
    for typed in fields.values():
        assert f'value="{typed}"' in said, typed
    assert (await kept(store, 1), await trail(store)) == before


async def test_days_off_say_how_many_meetings_fall_into_them_before_anybody_is_written_to(
    web: AsyncClient, store: Store
) -> None:
    booking = await booked(store)
    day = f"{starts_of(booking):%Y-%m-%d}"
    before = await kept(store, 1), await trail(store)
    asked = await send(web, f"{DESK}/off", DESK, first=day, why="a wedding")
    assert (asked.status_code, "1 meeting falls" in asked.text) == (200, True)
    assert (await kept(store, 1), await trail(store)) == before
    assert 'value="a wedding"' in asked.text
    assert is_done(await send(web, f"{DESK}/off", DESK, first=day, why="a wedding", sure="true"))
    assert [each.kind for each in await all_of(store, OutboxMessage)].count("rebook") == 1
    page = (await web.get(DESK)).text
    assert "a wedding" in page
    assert "1 meeting is still booked on these days" in page
    free = {"first": "2026-03-02", "first_time": "14:00", "last_time": "15:30"}
    assert is_done(await send(web, f"{DESK}/off", DESK, **free)), "where nobody is booked nothing is asked"
    assert (await kept(store, 1))["off"][1][:2] == ("2026-03-02T08:30:00+00:00", "2026-03-02T10:00:00+00:00")
    for number in ("1", "2"):
        assert is_done(await send(web, f"{DESK}/off/back", DESK, number=number))
    assert (await send(web, f"{DESK}/off/back", DESK, number="1")).status_code == 409
    assert (await kept(store, 1))["off"] == []
    did = [did for _, did in await trail(store)]
    assert (did.count("time_off.add"), did.count("time_off.remove")) == (2, 2)


async def test_the_address_of_their_calendar_is_made_renewed_and_revoked(web: AsyncClient, store: Store) -> None:
    def address(page: str) -> str:
        return page.partition('readonly value="')[2].partition('"')[0].partition("/calendars/")[2]

    assert is_done(await send(web, f"{DESK}/feed", DESK, do="make"))
    first = address((await web.get(DESK)).text)
    assert (await web.get(f"/calendars/{first}")).status_code == 200
    assert is_done(await send(web, f"{DESK}/feed", DESK, do="make"))
    second = address((await web.get(DESK)).text)
    assert second != first
    assert (await web.get(f"/calendars/{first}")).status_code == 404
    assert is_done(await send(web, f"{DESK}/feed", DESK, do="revoke"))
    assert (await web.get(f"/calendars/{second}")).status_code == 404
    assert ">Create URL</button>" in (await web.get(DESK)).text
    assert (await send(web, f"{DESK}/feed", DESK, do="burn")).status_code == 422


async def test_who_leaves_keeps_the_meetings_that_are_made_and_may_come_back(web: AsyncClient, store: Store) -> None:
    await booked(store)
    assert "1 upcoming meeting stays" in (await web.get(DESK)).text
    assert is_done(await send(web, f"{DESK}/leave", DESK), "left")
    assert not (await kept(store, 1))["active"]
    assert [each.state for each in await all_of(store, Booking)] == ["booked"]
    assert is_done(await send(web, f"{DESK}/back", DESK), "back")
    assert (await kept(store, 1))["active"]
    assert [did for _, did in await trail(store)][-2:] == ["counselor.deactivate", "counselor.activate"]


async def test_a_counselor_keeps_their_own_hours_days_off_and_address(own: AsyncClient, store: Store) -> None:
    assert (await own.get("/counselors/mine")).headers["location"] == DESK
    page = (await own.get(DESK)).text
    assert 'href="/counselors/mine" aria-current="page"' in page
    assert f'action="{DESK}/details"' not in page
    assert f'action="{DESK}/leave"' not in page
    assert is_done(await send(own, f"{DESK}/hours", DESK, mon="11:00-15:00"))
    assert is_done(await send(own, f"{DESK}/off", DESK, first="2026-03-02", why="leave"))
    assert is_done(await send(own, f"{DESK}/feed", DESK, do="make"))
    now = await kept(store, 1)
    assert (now["hours"], len(now["off"]), now["feed"]) == ({"mon": "11:00-15:00"}, 1, 1)
    assert {who for who, _ in (await trail(store))[-3:]} == {"counselor@example.com"}


async def test_a_counselor_changes_nothing_else_and_nobody_else(own: AsyncClient, store: Store) -> None:
    other = await another(store)
    before = await kept(store, 1), await kept(store, other), await trail(store)
    for form in ("details", "advice", "leave", "back"):
        assert (await send(own, f"{DESK}/{form}", DESK, **DETAILS)).status_code == 403, form
    assert (await own.get("/counselors/new")).status_code == 403
    assert (await own.get("/counselors")).status_code == 403
    theirs = f"/counselors/{other}"
    assert (await own.get(theirs)).status_code == 404
    wishes = {
        "hours": {"mon": "10:00-11:00"},
        "off": {"first": "2026-03-02"},
        "off/back": {"number": "1"},
        "feed": {"do": "make"},
    }
    for form, fields in wishes.items():
        assert (await send(own, f"{theirs}/{form}", DESK, **fields)).status_code == 404, form
    assert (await send(own, f"{theirs}/hours", DESK, mon="crooked")).status_code == 404
    assert (await kept(store, 1), await kept(store, other), await trail(store)) == before


async def test_days_off_of_somebody_else_are_not_taken_back_by_their_number(own: AsyncClient, store: Store) -> None:
    other = await another(store)
    async with store.sessions.begin() as session:
        await time_off.add(session, other, TUESDAY_11, TUESDAY_11 + timedelta(days=1), "")
    assert (await send(own, f"{DESK}/off/back", DESK, number="1")).status_code == 409
    assert len((await kept(store, other))["off"]) == 1


async def test_an_auditor_sees_everything_but_secrets_and_changes_nothing(moved: Settings, store: Store) -> None:
    async with signed_in(moved, store, Role.MARKETING) as web:
        await send(web, f"{DESK}/feed", DESK, do="make")
    async with signed_in(moved, store, Role.AUDITOR) as web:
        before = await kept(store, 1), await trail(store)
        page = (await web.get(DESK)).text
        assert "Monday" in page
        assert "/calendars/" not in page
        assert "<button>Save" not in page
        for form in ("hours", "details", "off", "feed", "leave"):
            assert (await send(web, f"{DESK}/{form}", DESK, do="make")).status_code == 403, form
    assert (await kept(store, 1), await trail(store)) == before


async def test_a_meeting_is_moved_and_cancelled_in_the_app_and_one_comes_back(web: AsyncClient, store: Store) -> None:
    booking = await booked(store)
    at = f"/bookings/{booking.id}"
    assert f'href="{at}"' in (await web.get("/bookings/all")).text
    assert f'href="{at}"' in (await web.get(f"/bookings?week={starts_of(booking):%G-W%V}")).text
    page = (await web.get(at)).text
    assert 'href="/bookings/all"' in page
    slot = page.split('name="slot" value="')[-1].partition('"')[0].replace("&#43;", "+")
    assert starts_of(booking).isoformat() not in page.replace("&#43;", "+").partition('name="slot"')[2]
    assert is_done(await send(web, f"{at}/move", at, slot=slot), "moved-mail-none", at)
    told = (await web.get(f"{at}?done=moved-mail-none")).text
    assert "The student gets an email. The counselor has no email address: tell them yourself." in told
    letters = len(await all_of(store, OutboxMessage))
    again = await send(web, f"{at}/move", at, slot=slot)
    assert (again.status_code, "the meeting is already at this time" in again.text) == (409, True)
    assert len(await all_of(store, OutboxMessage)) == letters
    (now,) = await all_of(store, Booking)
    assert starts_of(now).isoformat() == slot.partition("@")[2]
    for crooked, status in (("", 422), ("1@tomorrow", 422), ("1@2026-02-15T11:00:00+05:30", 409)):
        assert (await send(web, f"{at}/move", at, slot=crooked)).status_code == status, crooked
    early = await send(web, f"{at}/went", at, verdict="showed")
    assert (early.status_code, "has not started yet" in early.text) == (409, True)
    assert is_done(await send(web, f"{at}/cancel", at), "cancelled-mail-none", at)
    assert (await send(web, f"{at}/move", at, slot=slot)).status_code == 409
    assert [did for _, did in await trail(store)][-2:] == ["booking.move", "booking.cancel"]


async def test_how_it_went_is_said_in_the_app(settings: Settings, store: Store) -> None:
    booking = await booked(store)
    later = (starts_of(booking) + timedelta(hours=1)).isoformat(timespec="minutes")
    told = settings.model_copy(update={"dialer_clock": later, "twilio_api_url": "http://127.0.0.1:9"})
    other = await another(store)
    at = f"/bookings/{booking.id}"
    async with signed_in(told, store, Role.COUNSELOR) as own:
        past = await own.get("/bookings/all?when=past")
        assert "Record outcome" in past.text
        wrong = await send(own, f"{at}/went", at, verdict="vanished", note="waited")
        assert (wrong.status_code, ">waited</textarea>" in wrong.text) == (422, True)
        said = await send(own, f"{at}/went", at, verdict="no_show", note="waited ten minutes")
        assert is_done(said, "noted", at), said.text
        page = (await own.get(at)).text
        assert "Did not attend: waited ten minutes" in page
        assert 'data-state="no_show"' in (await own.get("/bookings/all?when=past")).text
        assert is_done(await send(own, f"{at}/went", at, verdict="showed", wrong=["budget"]), "noted", at)
        (now,) = await all_of(store, Booking)
        assert (now.state, now.wrong_fields) == ("attended", ["budget"])
        async with store.sessions.begin() as session:
            (await session.get_one(Booking, booking.id)).counselor_id = other
        assert (await own.get(at)).status_code == 404, "nobody else's"
        for act in ("move", "cancel", "went"):
            fields = {"verdict": "no_show", "slot": "1@2026-02-13T11:00:00+05:30"}
            assert (await send(own, f"{at}/{act}", DESK, **fields)).status_code == 404, act
    (now,) = await all_of(store, Booking)
    assert now.state == "attended"


async def test_the_week_shows_a_slot_that_is_held_while_the_hold_is_alive(web: AsyncClient, store: Store) -> None:
    booking = await booked(store)
    week = f"/bookings?week={starts_of(booking):%G-W%V}"
    for until, is_shown in (("now() + interval '1 minute'", True), ("now() - interval '1 minute'", False)):
        await sql(store.sessions, f"UPDATE booking SET state = 'held', held_until = {until}")
        assert ('data-state="held"' in (await web.get(week)).text) == is_shown


async def test_the_week_shows_time_off_instead_of_hours_and_who_is_to_choose_another_time(
    web: AsyncClient, store: Store
) -> None:
    """B25."""
    booking = await booked(store)
    day = starts_of(booking).astimezone(ZoneInfo("Asia/Kolkata")).date()
    week = f"/bookings?week={day:%G-W%V}"
    before = (await web.get(week)).text
    assert 'data-state="booked"' in before
    assert is_done(await send(web, f"{DESK}/off", DESK, first=str(day), why="Diwali shopping", sure="true"))
    page = (await web.get(week)).text
    assert "Diwali shopping" in page
    assert re.search(r"Unavailable<br>\s*Diwali shopping", page)
    assert 'data-state="awaiting new time"' in page
