"""What Exotel calls, against the real application: unsigned, so the token must be that of the very call."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from litestar.testing import AsyncTestClient

from dialer.carriers.port import Unknown
from dialer.domain.calling.call import Outcome, State
from dialer.settings import Settings
from dialer.store.tables import Call
from dialer.wiring.stores import Store
from tests.support.exotel import ScriptedExotel, exotel_settings
from tests.support.people import call_row, lead_now, meant_call, place, placed_call, row_counts, sql
from tests.support.twilio import apply_kept
from tests.support.web import application

Web = AsyncTestClient[Any]
pytestmark = pytest.mark.filterwarnings("default::litestar.exceptions.LitestarDeprecationWarning")
VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "exotel-rest-and-callbacks.json").read_text("utf-8"))
COMPLETED, DEFAULT, BUSY = (each["fields"] for each in VECTORS["status_callbacks"])
AUTH = "exotel:secret"
AS_JSON, AS_FORM, AS_PARTS = "json", "form", "parts"


@pytest.fixture
def more() -> dict[str, Any]:
    """Settings that a test adds."""
    return {}


@pytest.fixture
async def web(settings: Settings, more: dict[str, Any]) -> AsyncIterator[Web]:
    with application(exotel_settings(settings, **more)) as app:
        async with AsyncTestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
            yield client


async def call_back(
    web: Web, token: str, fields: dict[str, Any], form: str = AS_JSON, headers: dict[str, str] | None = None
) -> int:
    """POST a callback as Exotel may; the answer's status."""
    path, given = f"/carriers/exotel/status/{token}", headers or {}
    flat = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    if form == AS_PARTS:
        answer = await web.post(path, files={name: (None, value) for name, value in flat.items()}, headers=given)
    else:
        body = json.dumps(fields) if form == AS_JSON else urlencode(flat)
        kind = "application/json" if form == AS_JSON else "application/x-www-form-urlencoded"
        answer = await web.post(path, content=body, headers={**given, "content-type": kind})
    return int(answer.status_code)


async def told(store: Store, carrier: ScriptedExotel, *call: Any, **more: Any) -> int:
    """A callback, and a worker that applies what was kept; the answer's status."""
    status = await call_back(*call, **more)
    await apply_kept(store.sessions, carrier)
    return status


async def ringing_call(store: Store, carrier: ScriptedExotel) -> tuple[Call, str]:
    """A call that Exotel took, and its token."""
    call = await placed_call(store.sessions, carrier)
    return call, carrier.orders[-1].token


@pytest.mark.parametrize("form", [AS_JSON, AS_FORM, AS_PARTS])
async def test_a_callback_counts_in_whatever_form_it_comes(store: Store, web: Web, form: str) -> None:
    carrier = ScriptedExotel()
    call, token = await ringing_call(store, carrier)
    assert await told(store, carrier, web, token, {**BUSY, "CallSid": call.carrier_sid}, form=form) == 200
    now = await call_row(store.sessions, call.id)
    assert (now.state, now.outcome) == (State.ENDED, Outcome.BUSY)
    assert (await lead_now(store.sessions)).state == "waiting"


async def test_a_call_that_is_answered_talks_and_one_that_is_accepted_does_not(store: Store, web: Web) -> None:
    carrier = ScriptedExotel()
    call, token = await ringing_call(store, carrier)
    sid = {"CallSid": call.carrier_sid}
    await told(store, carrier, web, token, {**sid, "Status": "in-progress", "DateUpdated": "1"})
    assert (await call_row(store.sessions, call.id)).state is State.PLACED
    await told(store, carrier, web, token, {**sid, "EventType": "ringing", "DateUpdated": "2"})
    assert (await call_row(store.sessions, call.id)).state is State.RINGING
    await told(
        store, carrier, web, token, {**sid, "EventType": "answered", "Status": "in-progress", "DateUpdated": "3"}
    )
    assert (await call_row(store.sessions, call.id)).state is State.TALKING


@pytest.mark.parametrize("wrong", ["", "x", "another-call's"])
async def test_a_wrong_token_is_refused_and_leaves_nothing_even_with_the_right_sid(
    store: Store, web: Web, wrong: str
) -> None:
    """F36: the sid is no secret, the token is."""
    carrier = ScriptedExotel()
    call, _ = await ringing_call(store, carrier)
    other = await placed_call(store.sessions, carrier, 2)
    token = carrier.orders[-1].token if wrong.startswith("another") else wrong
    before = await row_counts(store.sessions)
    status = await told(store, carrier, web, token, {**BUSY, "CallSid": call.carrier_sid})
    assert status == (403 if wrong else 404)
    assert await row_counts(store.sessions) == before
    assert {(await call_row(store.sessions, each.id)).state for each in (call, other)} == {State.PLACED}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe"])
async def test_a_body_that_cannot_be_read_is_refused_in_one_line(store: Store, web: Web, body: bytes) -> None:
    _, token = await ringing_call(store, ScriptedExotel())
    answer = await web.post(f"/carriers/exotel/status/{token}", content=body)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "the body is neither JSON nor a form"
    assert await sql(store.sessions, "SELECT count(*) FROM call_event") == 0


async def test_an_event_with_nul_fails_alone(store: Store, web: Web) -> None:
    """L8: PostgreSQL holds no NUL; one such event failed the batch that it was in."""
    call, token = await ringing_call(store, ScriptedExotel())
    bad = {"CallSid": f"{call.carrier_sid}\0", "Status": "completed"}
    good = {"CallSid": call.carrier_sid or "", "Status": "busy"}
    statuses = await asyncio.gather(*(call_back(web, token, fields) for fields in (bad, good)))
    assert statuses == [403, 200]


async def test_the_same_callback_three_times_counts_once(store: Store, web: Web) -> None:
    """Exotel tries up to three times (§3.2)."""
    carrier = ScriptedExotel()
    call, token = await ringing_call(store, carrier)
    for _ in range(3):
        assert await told(store, carrier, web, token, {**BUSY, "CallSid": call.carrier_sid}) == 200
    assert await sql(store.sessions, "SELECT count(*) FROM call_event") == 1


async def test_callbacks_in_reverse_move_a_call_upward_only(store: Store, web: Web) -> None:
    """F34."""
    carrier = ScriptedExotel()
    call, token = await ringing_call(store, carrier)
    sid = {"CallSid": call.carrier_sid}
    await told(store, carrier, web, token, {**BUSY, **sid})
    await told(store, carrier, web, token, {**sid, "EventType": "answered", "DateUpdated": "2026-01-15 14:25:20"})
    await told(store, carrier, web, token, {**DEFAULT, **sid})
    assert (await call_row(store.sessions, call.id)).outcome is Outcome.BUSY


async def test_a_callback_that_comes_before_exotels_answer_binds_the_call_by_its_token(store: Store, web: Web) -> None:
    """F35, F05: nobody knew whether Exotel had taken it."""
    carrier = ScriptedExotel(Unknown("no readable answer"))
    call_id = await meant_call(store.sessions, carrier)
    await place(store.sessions, call_id, carrier)
    token = carrier.orders[-1].token
    fields = {"CallSid": "c0ffee", "EventType": "answered", "DateUpdated": "2026-01-15 14:25:20", "Status": ""}
    assert await told(store, carrier, web, token, fields) == 200
    now = await call_row(store.sessions, call_id)
    assert (now.state, now.carrier_sid) == (State.TALKING, "c0ffee")


@pytest.mark.parametrize("more", [{"exotel_callback_auth": AUTH}])
async def test_a_password_that_is_set_is_asked_for(store: Store, web: Web) -> None:
    carrier = ScriptedExotel()
    call, token = await ringing_call(store, carrier)
    fields = {**BUSY, "CallSid": call.carrier_sid}
    assert await told(store, carrier, web, token, fields) == 403
    assert (await call_row(store.sessions, call.id)).state is State.PLACED
    known = {"authorization": f"Basic {b64encode(AUTH.encode()).decode()}"}
    assert await told(store, carrier, web, token, fields, headers=known) == 200
    assert (await call_row(store.sessions, call.id)).state is State.ENDED


@pytest.mark.parametrize("more", [{"exotel_callback_addresses": "203.0.113.0/24", "dialer_proxies": 1}])
async def test_only_exotels_addresses_are_heard_and_what_a_stranger_writes_is_not_believed(
    store: Store, web: Web
) -> None:
    carrier = ScriptedExotel()
    call, token = await ringing_call(store, carrier)
    fields = {**BUSY, "CallSid": call.carrier_sid}
    for seen in ("198.51.100.1", "203.0.113.7, 198.51.100.1", ""):
        assert await told(store, carrier, web, token, fields, headers={"x-forwarded-for": seen}) == 403
    assert await told(store, carrier, web, token, fields, headers={"x-forwarded-for": "10.0.0.1, 203.0.113.7"}) == 200
