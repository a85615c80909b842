"""One lead is rung once, whatever the carrier says and however often a worker is told."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from dialer.carriers.port import (
    AccountRejected,
    CallRequest,
    CallStatus,
    NumberRejected,
    Placed,
    PlaceResult,
    Throttled,
    Unknown,
)
from dialer.domain.calling.call import Outcome, State
from dialer.services.calls.accept_stream import AcceptedCall, StreamRejected, accept_stream
from dialer.services.calls.record_status import record_status
from dialer.services.dialing.acquire import Skipped
from dialer.services.do_not_call.suppress import suppress
from dialer.store.calls import calls
from dialer.wiring.stores import Store
from tests.support.carrier import ScriptedCarrier
from tests.support.people import (
    ADDRESSES,
    TUESDAY_11,
    call_row,
    campaign_now,
    claim,
    enrol,
    lead_now,
    meant_call,
    phone_of,
    place,
    placed_call,
    sql,
)


async def list_phone(store: Store, n: int, scope: str = "account") -> None:
    async with store.sessions.begin() as session:
        await suppress(session, [phone_of(n)], scope=scope, source="by hand", reason="asked", by="test", now=TUESDAY_11)


async def test_told_five_times_at_once_the_phone_rings_once(store: Store) -> None:
    """F10."""
    carrier = ScriptedCarrier()
    call_id = await meant_call(store.sessions, carrier)
    answers = await asyncio.gather(*(place(store.sessions, call_id, carrier) for _ in range(5)))
    assert len(carrier.orders) == 1
    assert sorted(type(answer).__name__ for answer in answers) == ["Placed", *["Skipped"] * 4]


async def test_told_again_later_nothing_happens(store: Store) -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    assert isinstance(await place(store.sessions, call.id, carrier), Skipped)
    assert len(carrier.orders) == 1
    assert (await call_row(store.sessions, call.id)).state is State.PLACED


async def test_a_call_that_was_taken_knows_its_sid_and_what_the_gate_said(store: Store) -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    (order,) = carrier.orders
    assert (call.state, call.carrier_sid) == (State.PLACED, next(iter(carrier.calls)))
    assert call.token_hash == calls.token_hash(order.token)
    assert order.token not in (call.token_hash or "")
    assert (order.to, order.from_number) == (phone_of(1), carrier.from_number)
    assert order.status_url == f"{ADDRESSES.public_url}/carriers/twilio/status?token={order.token}"
    assert order.media_url == f"{ADDRESSES.media_url}/media-stream"
    assert call.gate["may_ring"] is True
    assert all(rule["ok"] for rule in call.gate["rules"])


async def test_a_carrier_that_asks_for_patience_costs_the_lead_no_attempt(store: Store) -> None:
    carrier = ScriptedCarrier(Throttled("too many requests", 2.0))
    call_id = await meant_call(store.sessions, carrier)
    assert await place(store.sessions, call_id, carrier) == Throttled("too many requests", 2.0)
    call, lead = await call_row(store.sessions, call_id), await lead_now(store.sessions)
    assert (call.state, call.placing_at, call.token_hash) == (State.INTENT, None, None)
    assert (lead.state, lead.attempts) == ("calling", 1)
    assert isinstance(await place(store.sessions, call_id, carrier), Placed)
    assert (await lead_now(store.sessions)).attempts == 1
    assert len({order.token for order in carrier.orders}) == 2


async def test_an_account_that_is_refused_pauses_the_campaign_and_burns_no_lead(store: Store) -> None:
    """F27."""
    carrier = ScriptedCarrier(AccountRejected("credentials are wrong (20003)"))
    call_id = await meant_call(store.sessions, carrier)
    await place(store.sessions, call_id, carrier)
    call, lead = await call_row(store.sessions, call_id), await lead_now(store.sessions)
    campaign = await campaign_now(store.sessions, "Campaign 1")
    assert (campaign.state, campaign.state_reason) == ("paused", "credentials are wrong (20003)")
    assert (call.state, call.outcome) == (State.CANCELLED, None)
    assert (lead.state, lead.attempts, lead.last_outcome) == ("ready", 0, None)
    assert await claim(store.sessions, carrier) == []


async def test_a_number_that_is_refused_ends_as_invalid_and_is_left_alone(store: Store) -> None:
    """F28."""
    carrier = ScriptedCarrier(NumberRejected("not a valid phone number (21211)"))
    call_id = await meant_call(store.sessions, carrier)
    await place(store.sessions, call_id, carrier)
    call, lead = await call_row(store.sessions, call_id), await lead_now(store.sessions)
    assert (call.state, call.outcome) == (State.ENDED, Outcome.INVALID_NUMBER)
    assert call.reason == "not a valid phone number (21211)"
    assert (lead.state, lead.last_outcome) == ("done", Outcome.INVALID_NUMBER)
    assert await claim(store.sessions, carrier, TUESDAY_11 + timedelta(days=7)) == []


async def test_a_call_nobody_knows_about_is_never_asked_for_again_and_counts(store: Store) -> None:
    carrier = ScriptedCarrier(Unknown("no answer within 10 s"))
    call_id = await meant_call(store.sessions, carrier, calls_per_day=1)
    await place(store.sessions, call_id, carrier)
    assert isinstance(await place(store.sessions, call_id, carrier), Skipped)
    call = await call_row(store.sessions, call_id)
    assert (call.state, call.reason) == (State.UNKNOWN, "no answer within 10 s")
    assert call.placing_at is not None
    async with store.sessions() as session:
        rung = await calls.called_since(session, [phone_of(1)], TUESDAY_11 - timedelta(days=1))
        assert len(rung[phone_of(1)]) == 1
        assert await calls.live_phones(session, [phone_of(1)]) == {phone_of(1)}
    assert len(carrier.orders) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE campaign SET state = 'paused'", "the campaign is paused"),
        ("UPDATE campaign SET state = 'stopped'", "the campaign is stopped"),
        ("UPDATE lead SET consent = false", "did not consent to calls"),
        ("UPDATE lead SET zones = '{America/New_York}'", "outside calling hours in America/New_York"),
        (
            "INSERT INTO do_not_call (phone, source, added_by) SELECT phone, 'by hand', 'test' FROM lead",
            "on the do-not-call list",
        ),
    ],
)
async def test_what_changed_since_the_claim_is_seen_before_the_phone_rings(store: Store, change: str, why: str) -> None:
    carrier = ScriptedCarrier()
    call_id = await meant_call(store.sessions, carrier)
    await sql(store.sessions, change)
    answer = await place(store.sessions, call_id, carrier)
    assert isinstance(answer, Skipped)
    assert why in answer.says
    assert carrier.orders == []
    call, lead = await call_row(store.sessions, call_id), await lead_now(store.sessions)
    assert (call.state, call.outcome, call.placing_at) == (State.CANCELLED, None, None)
    assert (lead.state, lead.attempts) == ("ready", 0)
    assert why in (lead.why or "")


async def test_a_number_that_is_listed_between_claim_and_placing_is_not_rung(store: Store) -> None:
    carrier = ScriptedCarrier()
    call_id = await meant_call(store.sessions, carrier)
    await list_phone(store, 1)
    assert isinstance(await place(store.sessions, call_id, carrier), Skipped)
    assert carrier.orders == []
    assert (await call_row(store.sessions, call_id)).state is State.CANCELLED
    lead = await lead_now(store.sessions)
    assert (lead.state, lead.attempts, lead.why) == ("done", 0, "on the do-not-call list")


async def test_one_campaigns_list_does_not_take_back_the_call_of_another(store: Store) -> None:
    carrier = ScriptedCarrier()
    call_id = await meant_call(store.sessions, carrier, 1)
    await meant_call(store.sessions, carrier, 2)
    other = await campaign_now(store.sessions, "Campaign 2")
    await list_phone(store, 1, f"campaign:{other.id}")
    assert (await call_row(store.sessions, call_id)).state is State.INTENT
    assert isinstance(await place(store.sessions, call_id, carrier), Placed)


async def test_a_carrier_that_lost_its_credentials_costs_no_attempt(store: Store) -> None:
    carrier = ScriptedCarrier()
    call_id = await meant_call(store.sessions, carrier)
    await sql(store.sessions, "UPDATE call SET carrier = 'exotel'")
    assert isinstance(await place(store.sessions, call_id, carrier), Skipped)
    assert (await call_row(store.sessions, call_id)).state is State.CANCELLED
    assert (await lead_now(store.sessions)).attempts == 0


def ringing_before(store: Store, call_id: UUID, answer: PlaceResult) -> ScriptedCarrier:
    """A carrier whose webhook comes before its answer to the request."""

    async def webhook_first(order: CallRequest) -> PlaceResult:
        async with store.sessions.begin() as session:
            assert await record_status(session, call_id, CallStatus("CAfirst", State.RINGING), TUESDAY_11)
        return answer

    return ScriptedCarrier(webhook_first)


@pytest.mark.parametrize(
    "answer", [Placed("CAfirst"), Unknown("lost"), Throttled("429", 1.0), NumberRejected("no"), AccountRejected("no")]
)
async def test_a_webhook_before_the_answer_is_not_undone(store: Store, answer: PlaceResult) -> None:
    """F35."""
    call_id = await meant_call(store.sessions, ScriptedCarrier())
    await place(store.sessions, call_id, ringing_before(store, call_id, answer))
    call = await call_row(store.sessions, call_id)
    assert (call.state, call.carrier_sid) == (State.RINGING, "CAfirst")
    assert call.placing_at is not None
    assert (await lead_now(store.sessions)).state == "calling"


async def test_a_worker_told_to_stop_writes_down_what_the_carrier_said(store: Store) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(order: CallRequest) -> PlaceResult:
        asked.set()
        await go_on.wait()
        return Placed("CAslow")

    carrier = ScriptedCarrier(slowly)
    call_id = await meant_call(store.sessions, carrier)
    job = asyncio.create_task(place(store.sessions, call_id, carrier))
    await asked.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    go_on.set()
    for _ in range(100):
        if (await call_row(store.sessions, call_id)).state is State.PLACED:
            break
        await asyncio.sleep(0.02)
    assert (await call_row(store.sessions, call_id)).carrier_sid == "CAslow"
    assert len(carrier.orders) == 1


async def test_the_stream_is_taken_once_and_only_with_the_token_of_this_call(store: Store) -> None:
    carrier = ScriptedCarrier()
    call, other = await placed_call(store.sessions, carrier, 1), await placed_call(store.sessions, carrier, 2)
    token = carrier.orders[0].token

    async def take(word: str, sid: str | None) -> AcceptedCall | StreamRejected:
        async with store.sessions.begin() as session:
            return await accept_stream(session, word, sid or "", TUESDAY_11)

    assert isinstance(await take("guessed", call.carrier_sid), StreamRejected)
    assert isinstance(await take(token, other.carrier_sid), StreamRejected)
    taken = await asyncio.gather(*(take(token, call.carrier_sid) for _ in range(4)))
    assert sorted(type(each).__name__ for each in taken) == ["AcceptedCall", *["StreamRejected"] * 3]
    assert (await call_row(store.sessions, call.id)).state is State.TALKING


async def test_who_was_listed_while_it_rang_hears_no_word(store: Store) -> None:
    carrier = ScriptedCarrier()
    call = await placed_call(store.sessions, carrier)
    await list_phone(store, 1)
    async with store.sessions.begin() as session:
        taken = await accept_stream(session, carrier.orders[0].token, call.carrier_sid or "", TUESDAY_11)
    assert isinstance(taken, StreamRejected)


async def test_two_campaigns_do_not_ring_one_phone_at_once(store: Store) -> None:
    carrier = ScriptedCarrier()
    call_id = await meant_call(store.sessions, carrier, 1)
    await meant_call(store.sessions, carrier, 2)
    other = await campaign_now(store.sessions, "Campaign 2")
    await enrol(store.sessions, other.id, [phone_of(1)])
    assert await claim(store.sessions, carrier) == []
    waits = await lead_now(store.sessions, 1, other.id)
    assert waits.why == "a call is in progress"
    assert waits.next_attempt_at == TUESDAY_11 + timedelta(minutes=10), "and is left alone for ten minutes after"
    assert isinstance(await place(store.sessions, call_id, carrier), Placed)
