"""Bookings over the API: whoever may see one may move it, once for each key, and a counselor only their own."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from httpx import AsyncClient
from pydantic import SecretStr
from sqlalchemy import select

from dialer.domain.access.roles import Role, Scope
from dialer.services.accounts.manage import accept_invitation, add_token, invite
from dialer.settings import Settings
from dialer.store.tables import Account, Booking, Counselor
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.meetings import booked, starts_of
from tests.support.people import TUESDAY_11
from tests.support.web import serving


@pytest.fixture
async def booking(store: Store) -> Booking:
    return await booked(store)


async def _client(settings: Settings, later: timedelta) -> AsyncIterator[AsyncClient]:
    told = settings.model_copy(
        update={
            "dialer_clock": (TUESDAY_11 + later).isoformat(timespec="minutes"),
            "dialer_secret_key": SecretStr("k" * 40),
            "twilio_api_url": "http://127.0.0.1:9",
        }
    )
    async with serving(told) as client:
        yield client


@pytest.fixture
async def web(settings: Settings, booking: Booking) -> AsyncIterator[AsyncClient]:
    async for each in _client(settings, timedelta(0)):
        yield each


async def _bearer(store: Store, role: Role, counselor_id: int | None = None) -> dict[str, str]:
    async with store.sessions.begin() as session:
        guest = await invite(session, ADMIN, f"{role.value}{counselor_id}@example.com", role, counselor_id=counselor_id)
        await accept_invitation(session, guest.key, "seven green umbrellas sing")
        account = await session.scalar(select(Account.id).where(Account.email == guest.email))
        assert account is not None
        return {
            "authorization": f"Bearer {await add_token(session, account, 'all', [Scope.READ, Scope.WRITE], by='t')}"
        }


async def test_a_counselor_sees_and_moves_their_own_meeting_and_nobody_elses(
    store: Store, web: AsyncClient, booking: Booking
) -> None:
    async with store.sessions.begin() as session:
        other = Counselor(name="Somebody else", zone="Asia/Kolkata")
        session.add(other)
        await session.flush()
        stranger = other.id
    theirs = await _bearer(store, Role.COUNSELOR, booking.counselor_id)
    others = await _bearer(store, Role.COUNSELOR, stranger)
    (seen,) = (await web.get("/api/bookings", headers=theirs)).json()
    assert (seen["booking_id"], seen["state"]) == (str(booking.id), "booked")
    assert (await web.get("/api/bookings", headers=others)).json() == []
    for path in ("times", "move", "cancel", "went"):
        method = "GET" if path == "times" else "POST"
        body = {"counselor_id": 1, "starts": "2026-02-12T10:00:00+05:30", "verdict": "showed"}
        told = {key: body[key] for key in {"move": ("counselor_id", "starts"), "went": ("verdict",)}.get(path, ())}
        answer = await web.request(method, f"/api/bookings/{booking.id}/{path}", headers=others, json=told or None)
        assert answer.status_code == 404, path
    (offered,) = (await web.get(f"/api/bookings/{booking.id}/times", headers=theirs)).json()
    wish = {"counselor_id": offered["counselor_id"], "starts": offered["starts"][0]}
    once = {**theirs, "idempotency-key": "one"}
    moved = [await web.post(f"/api/bookings/{booking.id}/move", headers=once, json=wish) for _ in range(2)]
    assert [each.status_code for each in moved] == [200, 200]
    assert [each.json()["sequence"] for each in moved] == [1, 1]
    early = await web.post(f"/api/bookings/{booking.id}/went", headers=theirs, json={"verdict": "showed"})
    assert (early.status_code, early.json()["detail"]) == (409, "the meeting has not started yet")
    cancelled = await web.post(f"/api/bookings/{booking.id}/cancel", headers=theirs)
    assert cancelled.json()["state"] == "cancelled"


async def test_how_it_went_is_said_over_the_api(settings: Settings, store: Store, booking: Booking) -> None:
    async for web in _client(settings, starts_of(booking) - TUESDAY_11 + timedelta(hours=1)):
        said = await web.post(
            f"/api/bookings/{booking.id}/went", json={"verdict": "no_show", "note": "waited ten minutes"}
        )
        assert (said.status_code, said.json()["state"]) == (200, "no_show")
        assert (await web.post(f"/api/bookings/{UUID(int=0)}/cancel")).status_code == 404


async def test_a_span_that_makes_no_sense_is_refused(web: AsyncClient) -> None:
    for span in ({"since": "2026-02-10T00:00:00"}, {"since": "2026-02-10T00:00:00Z", "until": "2026-02-09T00:00:00Z"}):
        assert (await web.get("/api/bookings", params=span)).status_code == 422
    assert [each["name"] for each in (await web.get("/api/counselors")).json()]


async def test_the_pages_show_a_counselor_their_own_meetings_with_what_can_be_done(
    store: Store, web: AsyncClient, booking: Booking
) -> None:
    async with store.sessions.begin() as session:
        other = Counselor(name="Somebody else", zone="Asia/Kolkata")
        session.add(other)
        await session.flush()
        stranger = other.id
    week = f"/bookings?week={starts_of(booking):%G-W%V}"
    theirs = await _bearer(store, Role.COUNSELOR, booking.counselor_id)
    others = await _bearer(store, Role.COUNSELOR, stranger)
    reads = await _bearer(store, Role.AUDITOR)
    for path in (week, "/bookings/all"):
        assert "Asha Rao" in (await web.get(path, headers=theirs)).text, path
        assert "Asha Rao" not in (await web.get(path, headers=others)).text, path
    assert "Move or cancel" in (await web.get("/bookings/all", headers=theirs)).text
    assert "move or cancel" not in (await web.get("/bookings/all", headers=reads)).text, "an auditor changes nothing"
