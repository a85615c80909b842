"""Counselors over the API: all that the pages do, problem details where it is refused, and a counselor only their own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient

from dialer.domain.access.roles import Role
from dialer.settings import Settings
from dialer.store.tables import OutboxMessage
from dialer.wiring.stores import Store
from tests.support.ava import all_of
from tests.support.counselors import OTHER, another, kept, trail
from tests.support.meetings import booked, starts_of
from tests.support.pages import bearer
from tests.support.people import TUESDAY_11
from tests.support.web import serving

DESK = "/api/counselors/1"


@pytest.fixture
async def web(settings: Settings) -> AsyncIterator[AsyncClient]:
    """The morning on which meetings are booked."""
    clock = TUESDAY_11.isoformat(timespec="minutes")
    told = settings.model_copy(update={"dialer_clock": clock, "twilio_api_url": "http://127.0.0.1:9"})
    async with serving(told) as client:
        yield client


@pytest.fixture
async def runner(store: Store, web: AsyncClient) -> AsyncClient:
    """A program of marketing's."""
    web.headers.update(await bearer(store, Role.MARKETING))
    return web


async def test_somebody_is_added_once_for_each_key_and_can_be_changed_field_by_field(
    store: Store, runner: AsyncClient
) -> None:
    wish = {"name": OTHER, "zone": "Europe/London", "hours": {"mon": "09:00-17:00"}, "languages": ["en"]}
    made = [await runner.post("/api/counselors", json=wish, headers={"idempotency-key": "meera"}) for _ in range(2)]
    assert [each.status_code for each in made] == [201, 201]
    assert made[0].json() == made[1].json()
    at = f"/api/counselors/{made[0].json()['counselor_id']}"
    again = await runner.post("/api/counselors", json=wish)
    assert (again.status_code, again.json()["detail"]) == (409, f"there is a counselor {OTHER!r} already")
    changes = {
        "hours": {"tue": "10:00-13:00, 14:00-24:00", "mon": ""},
        "max_per_day": 4,
        "buffer_after_minutes": 10,
        "phone": "+91 98120 00099",
        "countries": ["canda"],
        "calendar_url": "https://calendar.example.org/x.ics",
    }
    now = (await runner.patch(at, json=changes)).json()
    assert {day: hours for day, hours in now["hours"].items() if hours} == {"tue": "10:00-13:00, 14:00-24:00"}
    assert (now["max_per_day"], now["phone"], now["countries"]) == (4, "+919812000099", ["Canada"])
    assert (now["calendar"], now["calendar_stale"], now["languages"]) == (True, True, ["en"])
    assert "calendar.example.org" not in str(now), "the address is a secret"
    undone = (await runner.patch(at, json={"max_per_day": 0, "countries": [], "calendar_url": "", "phone": ""})).json()
    assert (undone["max_per_day"], undone["countries"], undone["calendar"], undone["phone"]) == (None, [], False, None)
    assert (await runner.patch(at, json={"hours": undone["hours"]})).json() == undone, "what is told can be sent back"
    assert [each["name"] for each in (await runner.get("/api/counselors")).json()] == [OTHER, "One Window desk"]
    assert (await runner.get(at)).json() == undone
    assert [did for _, did in await trail(store) if did.startswith("counselor")] == [
        *("counselor.add", "counselor.update", "counselor.update"),
    ]


@pytest.mark.parametrize(
    ("wish", "status", "says"),
    [
        ({"hours": {"mon": "18:00-09:00"}, "slot_minutes": 45}, 422, "Monday: hours must end after they start"),
        ({"hours": {"monday": "09:00-18:00"}}, 422, "a day is one of mon"),
        ({"zone": "Mars/Olympus"}, 422, "is not a time zone"),
        ({"countries": ["Canada", "Atlantis"]}, 422, "is not a known country"),
        ({"phone": "12"}, 422, "12"),
        ({"holidays": "XX"}, 422, "no public holidays"),
        ({"name": OTHER}, 409, "already"),
        ({"calendar_url": "https://10.0.0.1/x.ics", "slot_minutes": 45}, 409, "that calendar cannot be read"),
        ({"slot_minutes": 4}, 400, ""),
        ({"active": False}, 400, ""),
    ],
)
async def test_what_cannot_be_so_is_a_problem_and_changes_nothing(
    store: Store, runner: AsyncClient, wish: dict[str, Any], status: int, says: str
) -> None:
    await another(store)
    before = await kept(store, 1), await trail(store)
    refused = await runner.patch(DESK, json=wish)
    assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json"), refused.text
    assert says in refused.json()["detail"]
    assert (await kept(store, 1), await trail(store)) == before


async def test_days_off_are_kept_and_taken_back(store: Store, runner: AsyncClient) -> None:
    day = f"{starts_of(await booked(store)):%Y-%m-%d}"
    made = await runner.post(f"{DESK}/days-off", json={"first": day, "why": "a wedding"})
    assert made.status_code == 201, made.text
    assert made.json() == {
        "number": 1,
        "since": f"{day}T00:00+05:30",
        "until": "2026-02-13T00:00+05:30",
        "why": "a wedding",
        "meetings_to_move": 1,
    }
    assert [each.kind for each in await all_of(store, OutboxMessage)].count("rebook") == 1
    assert (await runner.get(DESK)).json()["days_off"] == [made.json()]
    for crooked in ({"first": "2026-02-30"}, {"first": day, "last": "2026-02-01"}, {"first": f"{day}T10:00+05:30"}):
        assert (await runner.post(f"{DESK}/days-off", json=crooked)).status_code == 422
    other = await another(store)
    assert (await runner.delete(f"/api/counselors/{other}/days-off/1")).status_code == 404, "not theirs"
    assert (await runner.delete(f"{DESK}/days-off/1")).json() == {"removed": 1}
    assert (await runner.delete(f"{DESK}/days-off/1")).status_code == 404
    assert (await runner.get(DESK)).json()["days_off"] == []


async def test_the_feed_is_made_renewed_and_revoked(runner: AsyncClient) -> None:
    assert (await runner.get(f"{DESK}/feed")).json() == {"url": None}
    urls = [(await runner.post(f"{DESK}/feed")).json()["url"] for _ in range(2)]
    assert (await runner.get(f"{DESK}/feed")).json() == {"url": urls[1]}
    assert urls[0] != urls[1]
    assert (await runner.delete(f"{DESK}/feed")).json() == {"url": None}
    assert (await runner.get(f"{DESK}/feed")).json() == {"url": None}


async def test_who_leaves_is_offered_no_more_and_may_come_back(store: Store, runner: AsyncClient) -> None:
    await booked(store)
    gone = (await runner.post(f"{DESK}/leave")).json()
    assert (gone["active"], gone["coming"]) == (False, 1)
    assert (await runner.post(f"{DESK}/leave")).json()["active"] is False
    assert (await runner.post(f"{DESK}/back")).json()["active"] is True
    assert [did for _, did in await trail(store)][-2:] == ["counselor.deactivate", "counselor.activate"]


async def test_a_counselor_keeps_their_own_hours_and_nobody_elses(store: Store, web: AsyncClient) -> None:
    other = await another(store)
    web.headers.update(await bearer(store, Role.COUNSELOR))
    assert (await web.get(DESK)).json()["name"] == "One Window desk"
    assert (await web.patch(DESK, json={"hours": {"sat": ""}})).json()["hours"]["sat"] == ""
    assert (await web.post(f"{DESK}/days-off", json={"first": "2026-03-02"})).status_code == 201
    assert (await web.post(f"{DESK}/feed")).status_code == 201
    before = await kept(store, 1), await kept(store, other), await trail(store)
    for wish in ({"email": "me@example.org"}, {"slot_minutes": 60, "hours": {}}, {"name": "Boss"}):
        assert (await web.patch(DESK, json=wish)).status_code == 403, wish
    for act in ("leave", "back"):
        assert (await web.post(f"{DESK}/{act}")).status_code == 403
    assert (await web.get("/api/counselors")).status_code == 403
    theirs = f"/api/counselors/{other}"
    for method, path, body in (
        *(("GET", "", None), ("PATCH", "", {"hours": {"mon": ""}}), ("POST", "/days-off", {"first": "2026-03-02"})),
        *(("DELETE", "/days-off/1", None), ("GET", "/feed", None), ("POST", "/feed", None), ("DELETE", "/feed", None)),
    ):
        assert (await web.request(method, f"{theirs}{path}", json=body)).status_code == 404, (method, path)
    assert (await kept(store, 1), await kept(store, other), await trail(store)) == before
