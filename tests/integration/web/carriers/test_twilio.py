"""What carriers call, against the real application: only genuine requests count, and each counts once."""

import asyncio
import random
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from dialer.carriers.port import Unknown
from dialer.domain.calling.call import Outcome, State
from dialer.settings import Settings
from dialer.store.tables import Call
from dialer.web.app import make_app
from dialer.wiring.stores import Store
from tests.support.carrier import ScriptedCarrier
from tests.support.people import call_row, lead_now, meant_call, place, placed_call, row_counts, sql
from tests.support.twilio import SEQUENCES, apply_kept, call_back, twilio_settings
from tests.support.web import application, serving

Web = AsyncTestClient[Any]
# One test below makes the application with warnings as errors; here they would hide everything else.
pytestmark = pytest.mark.filterwarnings("default::litestar.exceptions.LitestarDeprecationWarning")


@pytest.fixture
def ours(settings: Settings) -> Settings:
    return twilio_settings(settings)


@pytest.fixture
async def web(ours: Settings) -> AsyncIterator[Web]:
    with application(ours) as app:
        async with AsyncTestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
            yield client


def test_the_application_uses_nothing_that_litestar_is_about_to_drop(ours: Settings) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_app(ours)


def said(call: Call, name: str) -> list[dict[str, str]]:
    return [{**fields, "CallSid": call.carrier_sid or ""} for fields in SEQUENCES[name]]


async def told(store: Store, *call: Any, **more: Any) -> int:
    """A callback, and a worker that applies what was kept; the answer's status."""
    status = await call_back(*call, **more)
    await apply_kept(store.sessions, ScriptedCarrier())
    return status


async def test_a_genuine_callback_moves_the_call_and_is_kept(store: Store, ours: Settings, web: Web) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    ringing = said(call, "busy")[1]
    assert await told(store, web, ours, ringing) == 204
    assert (await call_row(store.sessions, call.id)).state is State.RINGING
    assert await sql(store.sessions, "SELECT fields->>'CallStatus' FROM call_event") == "ringing"
    assert await sql(store.sessions, "SELECT applied_at IS NOT NULL FROM call_event") is True


@pytest.mark.parametrize("signature", [b"", b"AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "\u2713".encode()])
async def test_a_forged_callback_is_refused_and_leaves_nothing(
    store: Store, ours: Settings, web: Web, signature: bytes
) -> None:
    """F36."""
    call = await placed_call(store.sessions, ScriptedCarrier())
    before = await row_counts(store.sessions)
    assert await call_back(web, ours, said(call, "busy")[-1], signature=signature) == 403
    assert await row_counts(store.sessions) == before
    assert (await call_row(store.sessions, call.id)).state is State.PLACED


async def test_a_callback_without_a_signature_is_refused(store: Store, web: Web) -> None:
    """F36."""
    call = await placed_call(store.sessions, ScriptedCarrier())
    answer = await web.post("/carriers/twilio/status", data=said(call, "busy")[-1])
    assert answer.status_code == 403
    assert (await call_row(store.sessions, call.id)).state is State.PLACED


async def test_a_signature_of_another_key_or_over_other_fields_is_refused(
    store: Store, ours: Settings, web: Web
) -> None:
    """F36: also the body of another request."""
    call = await placed_call(store.sessions, ScriptedCarrier())
    busy = said(call, "busy")[-1]
    assert await call_back(web, ours, busy, key="f" * 32) == 403
    elsewhere = twilio_settings(ours, dialer_public_url="https://somebody.example.net")
    assert await call_back(web, elsewhere, busy) == 403
    assert await sql(store.sessions, "SELECT count(*) FROM call_event") == 0


async def test_without_an_auth_token_nothing_is_genuine(store: Store, settings: Settings, ours: Settings) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    bare = twilio_settings(settings, twilio_auth_token=None)
    async with AsyncTestClient(make_app(bare), base_url="http://127.0.0.1:8000") as client:
        assert await call_back(client, ours, said(call, "busy")[-1], key="") == 403


@pytest.mark.parametrize("name", ["no_answer", "busy", "failed", "completed"])
async def test_reversed_doubled_late_and_all_at_once_have_one_effect(
    store: Store, ours: Settings, web: Web, name: str
) -> None:
    """F33, F34."""
    call = await placed_call(store.sessions, ScriptedCarrier())
    fields = said(call, name)
    for each in reversed(fields):
        assert await told(store, web, ours, each) == 204
    ended = await call_row(store.sessions, call.id)
    shuffled = random.Random(3).sample(fields * 3, len(fields) * 3)
    assert set(await asyncio.gather(*(told(store, web, ours, each) for each in shuffled))) == {204}
    after = await call_row(store.sessions, call.id)
    assert after.state is State.ENDED
    for column in ("outcome", "reason", "ended_at", "duration_s"):
        assert getattr(after, column) == getattr(ended, column)
    assert await sql(store.sessions, "SELECT count(*) FROM call_event") == len(fields)
    lead = await lead_now(store.sessions)
    assert (lead.attempts, lead.last_outcome) == (1, ended.outcome)


async def test_five_of_the_same_at_once_are_one_event(store: Store, ours: Settings, web: Web) -> None:
    """F33."""
    call = await placed_call(store.sessions, ScriptedCarrier())
    busy = said(call, "busy")[-1]
    assert await asyncio.gather(*(told(store, web, ours, busy) for _ in range(5))) == [204] * 5
    assert await sql(store.sessions, "SELECT count(*) FROM call_event") == 1
    assert (await call_row(store.sessions, call.id)).outcome is Outcome.BUSY


async def test_blank_repeated_and_foreign_letters_keep_their_signature(store: Store, ours: Settings, web: Web) -> None:
    """F39."""
    call = await placed_call(store.sessions, ScriptedCarrier())
    pairs = [*said(call, "busy")[1].items(), ("Tag", "b"), ("Tag", "a"), ("Blank", ""), ("City", "मुंबई + x&y=z")]
    assert await told(store, web, ours, pairs) == 204
    assert await told(store, web, ours, said(call, "busy")[2], fragment="#rc=5&rp=all") == 204
    assert (await call_row(store.sessions, call.id)).outcome is Outcome.BUSY


async def test_a_call_of_nobody_and_a_call_of_another_account_are_not_found(
    store: Store, ours: Settings, web: Web
) -> None:
    """F37."""
    call = await placed_call(store.sessions, ScriptedCarrier())
    busy = said(call, "busy")[-1]
    assert await told(store, web, ours, {**busy, "CallSid": "CA" + "9" * 32}) == 404
    assert await told(store, web, ours, {**busy, "CallSid": "CA" + "9" * 32}, token="guessed") == 404
    assert await told(store, web, ours, {**busy, "AccountSid": "AC" + "9" * 32}) == 404
    assert await sql(store.sessions, "SELECT count(*) FROM call_event") == 0
    assert (await call_row(store.sessions, call.id)).state is State.PLACED


async def test_a_token_tells_the_call_before_its_sid_is_known(store: Store, ours: Settings, web: Web) -> None:
    """F35: the webhook is quicker than the answer to the request."""
    carrier = ScriptedCarrier(Unknown("no answer"))
    call_id = await meant_call(store.sessions, carrier)
    await place(store.sessions, call_id, carrier)
    ringing = {**SEQUENCES["busy"][1], "CallSid": "CAnew"}
    assert await told(store, web, ours, ringing, token=carrier.orders[0].token) == 204
    call = await call_row(store.sessions, call_id)
    assert (call.state, call.carrier_sid) == (State.RINGING, "CAnew")
    assert await told(store, web, ours, {**SEQUENCES["busy"][2], "CallSid": "CAnew"}) == 204
    assert (await call_row(store.sessions, call_id)).outcome is Outcome.BUSY


async def test_a_token_does_not_move_a_call_that_has_another_sid(store: Store, ours: Settings, web: Web) -> None:
    """F36: a token that belongs to another call."""
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    other = {**SEQUENCES["busy"][2], "CallSid": "CAother"}
    assert await told(store, web, ours, other, token=carrier.orders[0].token) == 404
    assert (await call_row(store.sessions, call.id)).state is State.PLACED


async def test_words_we_do_not_know_are_taken_and_change_nothing(store: Store, ours: Settings, web: Web) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    assert await told(store, web, ours, {**said(call, "busy")[1], "CallStatus": "levitating"}) == 204
    assert (await call_row(store.sessions, call.id)).state is State.PLACED


FOREIGN = [
    {"host": "dialer.example.org"},
    {"host": "evil.example:8000"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"x-forwarded-for": "203.0.113.7"},
    {"forwarded": "for=203.0.113.7"},
    {"x-real-ip": "203.0.113.7"},
]


async def test_pages_and_the_api_are_shut_to_whoever_is_not_signed_in(store: Store, web: Web) -> None:
    before = await row_counts(store.sessions)
    for headers in ({}, *FOREIGN):
        for path in ("/", "/schema", "/api/transfers"):
            assert (await web.get(path, headers=headers)).status_code == 401, (path, headers)
        for path in ("/api/calls", "/api/campaigns/Spring/leads"):
            answer = await web.post(path, headers=headers, json={"phone": "+919812000001"})
            assert answer.status_code in (401, 403), (path, headers)
    assert await row_counts(store.sessions) == before


async def test_health_answers_from_anywhere(web: Web) -> None:
    for headers in FOREIGN:
        answer = await web.get("/health", headers=headers)
        assert (answer.status_code, answer.json().get("status")) == (200, "ok"), headers


async def test_the_operators_token_is_accepted_by_every_name_of_the_machine(settings: Settings) -> None:
    async with serving(settings) as client:
        for host in ("127.0.0.1:8000", "localhost:8000", "[::1]:8000"):
            assert (await client.get("/", headers={"host": host})).status_code == 200, host


async def test_a_call_that_is_asked_for_against_the_rules_is_refused_in_words(settings: Settings) -> None:
    async with serving(settings) as client:
        for body in ({"phone": "12"}, {"phone": "+919812000001", "campaign": "Nowhere"}):
            answer = await client.post("/api/calls", json=body)
            assert answer.status_code == 200
            assert answer.json()["success"] is False
            assert answer.json()["message"]
        assert (await client.post("/api/calls", json={})).status_code == 400


async def test_what_breaks_on_our_side_is_said_without_its_inside(store: Store, ours: Settings, web: Web) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    await sql(store.sessions, "ALTER TABLE call_event RENAME TO gone")
    answer = await web.get("/nowhere")
    assert answer.status_code == 404
    assert await call_back(web, ours, said(call, "busy")[-1]) == 500
    await sql(store.sessions, "ALTER TABLE gone RENAME TO call_event")
    assert await told(store, web, ours, said(call, "busy")[-1]) == 204, "the carrier asks again, and then it counts"
    assert (await call_row(store.sessions, call.id)).outcome is Outcome.BUSY
