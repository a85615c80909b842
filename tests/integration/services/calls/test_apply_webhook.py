"""Webhooks are kept before they are answered and applied from the table, by whichever worker comes first, once."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from litestar.testing import AsyncTestClient
from redis.asyncio import Redis
from sqlalchemy.exc import OperationalError

from dialer.bus import live_feed
from dialer.carriers.port import CarrierError
from dialer.domain.calling.call import Outcome, State
from dialer.services.dialing.sweep import Patience
from dialer.settings import Settings
from dialer.store.calls import incidents, webhooks_in
from dialer.store.calls.webhooks_in import Event
from dialer.store.sessions import Sessions
from dialer.store.tables import Call
from dialer.web.app import make_app
from dialer.web.carriers.inbox import WebhookInbox
from dialer.wiring.stores import Store, make_redis
from tests.support.carrier import ScriptedCarrier
from tests.support.people import (
    ADDRESSES,
    call_row,
    eleven,
    enrol,
    meant_call,
    phone_of,
    placed_call,
    running_campaign,
    sql,
)
from tests.support.twilio import SEQUENCES, apply_kept, twilio_settings
from tests.support.web import serving
from workers import jobs
from workers.jobs import WorkerContext
from workers.webhooks import apply_all, apply_in_background

pytestmark = pytest.mark.filterwarnings("default::litestar.exceptions.LitestarDeprecationWarning")


def event(call: Call, n: int, name: str = "busy") -> Event:
    fields = {**SEQUENCES[name][n], "CallSid": call.carrier_sid or ""}
    return Event("twilio", fields["CallSid"], "status", str(n), "", fields)


def parts_of(sessions: Sessions, carrier: ScriptedCarrier) -> WorkerContext:
    return WorkerContext(sessions, {"twilio": carrier}, ADDRESSES, eleven, Patience())


async def kept(store: Store, *told: Event) -> None:
    async with store.sessions.begin() as session:
        await webhooks_in.store(session, told)


async def unheard() -> None:
    """A bell that nobody hears."""


async def test_hundreds_at_once_are_kept_in_a_few_commits_and_each_is_answered_for_itself(store: Store) -> None:
    """F38: a burst; whoever waits is answered after the commit that holds its own event."""
    call = await placed_call(store.sessions, ScriptedCarrier())
    journal = WebhookInbox(store.sessions, unheard)
    strangers = [Event("twilio", f"CA{n}", "status", "0", "", {}) for n in range(20)]
    many = [
        Event("twilio", call.carrier_sid or "", "status", str(n % 100), "", {"n": str(n % 100)}) for n in range(500)
    ]
    before = int(await sql(store.sessions, "SELECT pg_current_xact_id()::text"))
    answers = await asyncio.gather(*(journal.store(each) for each in [*many, *strangers]))
    after = int(await sql(store.sessions, "SELECT pg_current_xact_id()::text"))
    assert answers == [call.id] * 500 + [None] * 20
    assert await sql(store.sessions, "SELECT count(*) FROM call_event") == 100
    assert after - before <= 5


async def test_one_event_that_cannot_be_kept_does_not_take_the_others_with_it(store: Store) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    journal = WebhookInbox(store.sessions, unheard)
    good, bad = event(call, 0), Event("twilio", call.carrier_sid or "", "status", "9", "", {"Broken": "\ud800"})
    first, second, third = await asyncio.gather(
        journal.store(good), journal.store(bad), journal.store(event(call, 1)), return_exceptions=True
    )
    assert (first, third) == (call.id, call.id)
    assert isinstance(second, Exception)
    assert await sql(store.sessions, "SELECT count(*) FROM call_event") == 2


async def test_what_is_kept_is_applied_once_by_many_workers_at_once(store: Store) -> None:
    """F33, F34: every event five times, last ones first, three workers."""
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    for n in reversed(range(len(SEQUENCES["busy"]))):
        for _ in range(5):
            await kept(store, event(call, n))
    await asyncio.gather(*(apply_all(parts_of(store.sessions, carrier)) for _ in range(3)))
    after = await call_row(store.sessions, call.id)
    assert (after.state, after.outcome) == (State.ENDED, Outcome.BUSY)
    assert await sql(store.sessions, "SELECT count(*) FROM call_event WHERE applied_at IS NOT NULL") == len(
        SEQUENCES["busy"]
    )


async def test_the_live_page_is_told_whom_a_call_is_to_from_the_first_ring(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier, told = ScriptedCarrier(), list[Any]()

    async def publish(_: object, *messages: str) -> None:
        told.extend(json.loads(each) for each in messages)

    monkeypatch.setattr(live_feed, "publish", publish)
    parts = parts_of(store.sessions, carrier)
    who = {"phone": phone_of(1), "name": "Asha Rao", "campaign": "Campaign 1"}
    meant = await meant_call(store.sessions, carrier)
    ctx: Any = {"redis": None, "parts": parts}
    assert await jobs.place_calls(ctx, [str(meant)], 1000.0) == 1
    call = await call_row(store.sessions, meant)
    await kept(store, *(event(call, n) for n in range(3)))
    await apply_all(parts, cast("Redis", ctx["redis"] or ctx))
    assert [each["state"] for each in told] == ["placed", "ringing", "ended"]
    assert all({name: each[name] for name in who} == who for each in told[:2])
    assert told[2]["outcome"] == "busy"


async def test_an_event_that_fails_is_tried_again_and_then_told_and_others_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    parts = parts_of(store.sessions, carrier)
    read = carrier.parse_webhook

    def moody(kind: str, fields: dict[str, str]) -> object:
        if fields.get("CallStatus") == "ringing":
            raise KeyError("a word we never met")
        return read(kind, fields)

    monkeypatch.setattr(carrier, "parse_webhook", moody)
    await kept(store, *(event(call, n) for n in range(3)))
    assert await apply_all(parts) == 3
    assert (await call_row(store.sessions, call.id)).outcome is Outcome.BUSY
    assert await apply_all(parts) == 0
    for _ in range(webhooks_in.MAX_TRIES + 2):
        await apply_all(parts, again=True)
    assert await sql(store.sessions, "SELECT tries FROM call_event WHERE applied_at IS NULL") == webhooks_in.MAX_TRIES
    async with store.sessions() as session:
        assert [each.kind for each in await incidents.latest(session)] == ["event"]


async def test_a_machine_is_hung_up_on_after_its_verdict_is_stored(store: Store) -> None:
    """F52: by the carrier's own detection; a carrier that is away costs nothing but the seconds."""
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    verdict = {"CallSid": call.carrier_sid or "", "AnsweredBy": "machine_start"}
    carrier.away = True
    await kept(store, Event("twilio", call.carrier_sid or "", "machine", "machine_start", "", verdict))
    await apply_kept(store.sessions, carrier)
    assert (await call_row(store.sessions, call.id)).answered_by == "machine_start"
    other = await placed_call(store.sessions, ScriptedCarrier(), 2)
    carrier.away = False
    carrier.knows(other.carrier_sid or "", phone_of(2), State.TALKING)
    verdict = {"CallSid": other.carrier_sid or "", "AnsweredBy": "machine_end_beep"}
    await kept(store, Event("twilio", other.carrier_sid or "", "machine", "machine_end_beep", "", verdict))
    await apply_kept(store.sessions, carrier)
    assert carrier.hung_up == [other.carrier_sid]
    assert (await call_row(store.sessions, other.id)).reported is Outcome.VOICEMAIL


async def test_events_of_a_carrier_that_lost_its_credentials_wait(store: Store) -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    await kept(store, event(call, 0))
    nobody = WorkerContext(store.sessions, {}, ADDRESSES, eleven, Patience())
    await apply_all(nobody)
    assert await sql(store.sessions, "SELECT tries FROM call_event") == 1
    assert await apply_all(parts_of(store.sessions, carrier), again=True) == 1
    assert await sql(store.sessions, "SELECT applied_at IS NOT NULL FROM call_event") is True
    assert issubclass(CarrierError, Exception)


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator["Redis"]:
    client = make_redis(settings)
    yield client
    await client.aclose()


async def test_the_bell_is_heard_and_without_it_they_are_found_all_the_same(store: Store, redis: "Redis") -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)

    async def applied() -> None:
        while await sql(store.sessions, "SELECT count(*) FROM call_event WHERE applied_at IS NULL"):
            await asyncio.sleep(0.02)

    async with apply_in_background(parts_of(store.sessions, carrier), redis):
        for n, bell in enumerate((live_feed.notify, None)):
            await kept(store, event(call, n))
            if bell is not None:
                await bell(redis)
            async with asyncio.timeout(5):
                await applied()
    assert (await call_row(store.sessions, call.id)).state is State.RINGING


async def test_they_are_applied_while_redis_is_away_and_after_the_database_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F16: no Redis at all; and a database that answers nothing for a moment."""
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    look, failures = webhooks_in.unapplied, iter(range(2))

    async def failing(*some: object, **more: object) -> object:
        if next(failures, None) is not None:
            raise OperationalError("SELECT", {}, ConnectionResetError())
        return await look(*some, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(webhooks_in, "unapplied", failing)
    monkeypatch.setattr("workers.webhooks.POLL_EVERY_S", 0.05)
    nowhere: Redis = Redis(port=1, socket_connect_timeout=0.05)
    await kept(store, event(call, 1))
    async with apply_in_background(parts_of(store.sessions, carrier), nowhere), asyncio.timeout(10):
        while await sql(store.sessions, "SELECT count(*) FROM call_event WHERE applied_at IS NULL"):
            await asyncio.sleep(0.02)
    assert (await call_row(store.sessions, call.id)).state is State.RINGING


async def test_health_says_when_redis_is_away_and_the_web_goes_on(settings: Settings) -> None:
    """F16."""
    here = twilio_settings(settings)
    async with AsyncTestClient(make_app(here), base_url="http://127.0.0.1:8000") as web:
        assert (await web.get("/health")).json()["redis"] == "ok"
    away = twilio_settings(settings, dialer_redis_url="redis://127.0.0.1:1/0")
    async with AsyncTestClient(make_app(away), base_url="http://127.0.0.1:8000") as web:
        answer = await web.get("/health")
        assert (answer.status_code, answer.json()["status"], answer.json()["redis"]) == (200, "ok", "away")


async def test_the_api_explains_a_lead_as_the_command_does(store: Store, settings: Settings) -> None:
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(1)], {"zones": ["America/New_York"]})
    async with serving(settings) as web:
        (found,) = (await web.get("/api/explain/9812000001")).json()
        assert (found["phone"], found["campaign"]) == (phone_of(1), "Spring")
        assert {"may_ring", "rules", "next_at"} <= found.keys()
        assert {"rule", "ok", "says"} == found["rules"][0].keys()
        assert (await web.get("/api/explain/12")).status_code == 400
        assert (await web.get("/api/explain/9812000009")).status_code == 404
        assert (await web.get("/api/explain/9812000001", params={"campaign": "Winter"})).status_code == 404
