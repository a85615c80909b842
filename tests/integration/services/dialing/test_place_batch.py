"""A worker takes calls by the batch: what one lead brings with it touches no other."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.carriers.port import AccountRejected, CallRequest, NumberRejected, Placed, PlaceResult, Throttled, Unknown
from dialer.domain.calling.call import Outcome, State
from dialer.services.dialing import place as placing
from dialer.services.dialing import record_placement
from dialer.services.dialing.acquire import SET_ASIDE, Skipped
from dialer.services.dialing.place import place_calls
from dialer.store.calls import incidents
from dialer.store.campaigns import kill_switches
from dialer.wiring.stores import Store
from tests.support.carrier import ScriptedCarrier
from tests.support.people import (
    ADDRESSES,
    call_row,
    campaign_now,
    claim,
    eleven,
    enrol,
    lead_now,
    phone_of,
    running_campaign,
    sql,
)

Found = dict[UUID, PlaceResult | Skipped]


async def meant(store: Store, carrier: ScriptedCarrier, people: int, **columns: object) -> list[UUID]:
    campaign_id = await running_campaign(store.sessions, **columns)
    await enrol(store.sessions, campaign_id, [phone_of(n) for n in range(people)])
    return await claim(store.sessions, carrier)


async def placed(store: Store, carrier: ScriptedCarrier, ids: list[UUID], **more: float) -> Found:
    return await place_calls(store.sessions, ids, {"twilio": carrier}, ADDRESSES, eleven, **more)


async def test_a_batch_is_asked_for_once_however_many_workers_have_it(store: Store) -> None:
    """F10: the same batch, delivered to five workers at once."""
    carrier = ScriptedCarrier()
    ids = await meant(store, carrier, 60)
    found = await asyncio.gather(*(placed(store, carrier, ids) for _ in range(5)))
    assert Counter(order.call_id for order in carrier.orders) == dict.fromkeys(ids, 1)
    assert sum(isinstance(answer, Placed) for each in found for answer in each.values()) == 60
    assert await sql(store.sessions, "SELECT count(*) FROM call WHERE state = 'placed'") == 60


async def test_every_answer_of_a_batch_finds_its_own_call(store: Store) -> None:
    answers: list[PlaceResult] = [
        Placed("CAone"),
        NumberRejected("no such number"),
        Unknown("nothing came"),
        Throttled("too many", 120.0),
        Placed("CAtwo"),
    ]
    carrier = ScriptedCarrier(*answers)
    ids = await meant(store, carrier, 5)
    found = await placed(store, carrier, ids)
    assert [found[order.call_id] for order in carrier.orders] == answers
    states = [(await call_row(store.sessions, order.call_id)).state for order in carrier.orders]
    assert states == [State.PLACED, State.ENDED, State.UNKNOWN, State.INTENT, State.PLACED]
    later = carrier.orders[3].call_id
    assert await sql(
        store.sessions, "SELECT not_before > now() + interval '110 seconds' FROM call WHERE id = :id", id=later
    ), "F24: the carrier's own wait is kept"


async def test_after_an_account_is_refused_the_rest_of_the_batch_is_not_asked_for(store: Store) -> None:
    """F27: one refusal tells enough; no lead is burned."""
    carrier = ScriptedCarrier(AccountRejected("wrong credentials (20003)"))
    ids = await meant(store, carrier, 5)
    await placed(store, carrier, ids, per_second=50.0)
    assert len(carrier.orders) < 5
    assert (await campaign_now(store.sessions)).state == "paused"
    await placed(store, carrier, ids)
    assert await sql(store.sessions, "SELECT count(*) FROM campaign_lead WHERE state = 'ready' AND attempts = 0") >= 4


async def test_calls_start_no_faster_than_the_pace(store: Store) -> None:
    carrier = ScriptedCarrier()
    ids = await meant(store, carrier, 4)
    began = asyncio.get_running_loop().time()
    await placed(store, carrier, ids, per_second=10.0)
    assert asyncio.get_running_loop().time() - began >= 0.3, "four calls at ten a second"
    assert [order.call_id for order in carrier.orders] == ids


async def test_a_call_that_ends_every_worker_is_set_aside_and_the_others_go_on(store: Store) -> None:
    """F12: three workers ended before they took it; the fourth does not touch it."""
    carrier = ScriptedCarrier()
    ids = await meant(store, carrier, 3)
    poison, *others = ids
    seen: list[list[UUID]] = []

    async def crash(session: AsyncSession, call_ids: list[UUID], *_: object) -> None:
        seen.append(list(call_ids))
        if poison in call_ids:
            raise MemoryError
        raise AssertionError("never without the poison")

    for _ in range(3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(placing, "acquire_calls", crash)
            with pytest.raises(MemoryError):
                await placed(store, carrier, ids)
        await sql(store.sessions, "UPDATE call SET placement_tried_at = placement_tried_at - interval '30 seconds'")
    assert seen == [ids, [poison], [poison]], "after the first crash it goes alone"
    found = await placed(store, carrier, ids)
    assert isinstance(found[poison], Skipped)
    assert {type(found[each]) for each in others} == {Placed}
    assert (await call_row(store.sessions, poison)).state is State.CANCELLED
    lead = await lead_now(store.sessions, 0)
    assert (lead.state, lead.attempts, lead.why) == ("done", 0, SET_ASIDE)
    async with store.sessions() as session:
        assert [(each.kind, each.message) for each in await incidents.latest(session)] == [("set_aside", SET_ASIDE)]


async def test_a_lead_whose_row_cannot_be_judged_is_refused_alone(store: Store) -> None:
    """F12: a zone that no machine knows; the tick and the others go on."""
    carrier = ScriptedCarrier()
    campaign_id = await running_campaign(store.sessions)
    await enrol(store.sessions, campaign_id, [phone_of(1)], {"zones": ["Mars/Phobos"]})
    await enrol(store.sessions, campaign_id, [phone_of(2), phone_of(3)])
    assert len(await claim(store.sessions, carrier)) == 2
    lead = await lead_now(store.sessions, 1)
    assert lead.state == "ready"
    assert "cannot be judged" in (lead.why or "")


async def test_answers_wait_for_a_database_that_is_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """F18: the connection is lost between the taking and the writing down."""
    carrier = ScriptedCarrier()
    ids = await meant(store, carrier, 3)
    write, failures = record_placement.record_placements, iter(range(6))

    async def failing(session: AsyncSession, *more: object) -> None:
        if next(failures, None) is not None:
            raise OperationalError("COMMIT", {}, ConnectionResetError())
        await write(session, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(record_placement, "record_placements", failing)
    monkeypatch.setattr(record_placement, "RETRY_S", 0.01)
    await placed(store, carrier, ids)
    assert [(await call_row(store.sessions, each)).state for each in ids] == [State.PLACED] * 3
    assert len(carrier.orders) == 3


async def test_a_certain_no_counts_even_after_a_sweep_gave_the_call_up(store: Store) -> None:
    """F26, F28: the answer came late, and it is certain."""

    async def late(order: CallRequest) -> PlaceResult:
        await sql(
            store.sessions, "UPDATE call SET state = 'unknown', unknown_at = now() WHERE id = :id", id=order.call_id
        )
        return NumberRejected("not a valid number")

    carrier = ScriptedCarrier(late)
    (call_id,) = await meant(store, carrier, 1)
    await placed(store, carrier, [call_id])
    call = await call_row(store.sessions, call_id)
    assert (call.state, call.outcome) == (State.ENDED, Outcome.INVALID_NUMBER)


async def test_whoever_throws_the_kill_switch_waits_for_those_who_are_taking(store: Store) -> None:
    """F61: once `kill on` has returned, no call is placed that was not asked for before."""
    carrier = ScriptedCarrier()
    (call_id,) = await meant(store, carrier, 1)
    order: list[str] = []

    async def throw() -> None:
        async with store.sessions.begin() as session:
            await kill_switches.activate(session, "all", "fire", "test")
        order.append("thrown")

    async with store.sessions.begin() as session:
        await kill_switches.share(session)
        throwing = asyncio.create_task(throw())
        await asyncio.sleep(0.2)
        order.append("taken")
    await throwing
    assert order == ["taken", "thrown"]
    assert isinstance((await placed(store, carrier, [call_id]))[call_id], Skipped)
    assert carrier.orders == []
