"""What the carrier says of a call comes late, twice and in any order; what became of the call is the same."""

import asyncio
import itertools
import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from dialer.carriers.port import CallStatus
from dialer.carriers.twilio.webhooks import parse_status
from dialer.domain.calling.call import Outcome, State
from dialer.services.calls.close_conversation import CallMetrics, close_conversation
from dialer.services.calls.finish import finish_call
from dialer.services.calls.record_status import record_status
from dialer.store.tables import Call, Enrollment
from dialer.wiring.stores import Store
from tests.support.carrier import HUNG_UP, ScriptedCarrier
from tests.support.people import TUESDAY_11, call_row, lead_now, placed_call, talk_with

VECTORS = Path(__file__).parents[3] / "vectors" / "twilio-status-callbacks.json"
SEQUENCES: dict[str, list[dict[str, str]]] = json.loads(VECTORS.read_text(encoding="utf-8"))["sequences"]
ENDS = {
    "completed": (Outcome.FAILED, 132),  # answered, but no audio reached us
    "completed_with_recording": (Outcome.FAILED, 132),
    "no_answer": (Outcome.NO_ANSWER, 0),
    "busy": (Outcome.BUSY, 0),
    "failed": (Outcome.INVALID_NUMBER, 0),
    "canceled": (Outcome.NOT_PLACED, 0),
    "answered_by_machine_sync_amd": (Outcome.FAILED, 13),
    "only_default_event": (Outcome.FAILED, 132),
}
RANK = list(State)


def reports(name: str, sid: str) -> list[CallStatus]:
    """The sequence's callbacks, as they are read, for this call."""
    read = [parse_status({**fields, "CallSid": sid}) for fields in SEQUENCES[name]]
    return [report for report in read if report is not None]


def orders(these: list[CallStatus]) -> Iterable[tuple[CallStatus, ...]]:
    """In order, reversed, doubled, every shuffle, and some shuffles with repetitions."""
    yield tuple(these)
    yield tuple(reversed(these))
    yield tuple(each for each in these for _ in range(2))
    yield from itertools.permutations(these)
    chance = random.Random(7)
    for _ in range(6):
        yield tuple(chance.sample(these * 2, len(these) * 2))


async def apply(store: Store, call_id: UUID, report: CallStatus) -> State:
    """Record what the carrier said; the call's state after it."""
    async with store.sessions.begin() as session:
        await record_status(session, call_id, report, TUESDAY_11)
        return (await session.get_one(Call, call_id)).state


async def afresh(store: Store, call: Call) -> None:
    """Put the call back to where the carrier had just taken it."""
    blank = dict.fromkeys(("outcome", "reason", "ended_at", "ringing_at", "answered_at", "duration_s", "answered_by"))
    async with store.sessions.begin() as session:
        await session.execute(update(Call).where(Call.id == call.id).values(state=State.PLACED, **blank))
        await session.execute(update(Enrollment).values(state="calling", last_outcome=None, rank=1))


def test_every_sequence_of_the_vectors_is_expected() -> None:
    assert SEQUENCES.keys() == ENDS.keys()


@pytest.mark.parametrize("name", ENDS)
async def test_in_whatever_order_it_is_told_a_call_ends_the_same_way(store: Store, name: str) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    ends = set()
    for order in orders(reports(name, call.carrier_sid or "")):
        await afresh(store, call)
        highest = RANK.index(State.PLACED)
        for report in order:
            now = RANK.index(await apply(store, call.id, report))
            assert now >= highest, f"went down at {report.state} of {order}"
            highest = now
        ended, lead = await call_row(store.sessions, call.id), await lead_now(store.sessions)
        ends.add((ended.state, ended.outcome, ended.duration_s, lead.state, lead.attempts))
    outcome, duration = ENDS[name]
    lead_state = "done" if outcome is Outcome.INVALID_NUMBER else "waiting"
    assert ends == {(State.ENDED, outcome, duration, lead_state, 1)}


async def test_five_of_the_same_at_once_have_one_effect(store: Store) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    busy = reports("busy", call.carrier_sid or "")[-1]

    async def tell() -> bool:
        async with store.sessions.begin() as session:
            return await record_status(session, call.id, busy, TUESDAY_11) is not None

    assert sorted(await asyncio.gather(*(tell() for _ in range(5)))) == [False] * 4 + [True]
    lead = await lead_now(store.sessions)
    assert (lead.state, lead.attempts, lead.last_outcome) == ("waiting", 1, Outcome.BUSY)


async def test_all_of_a_call_at_once_end_it_once(store: Store) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    await asyncio.gather(*(apply(store, call.id, each) for each in reports("no_answer", call.carrier_sid or "") * 3))
    ended = await call_row(store.sessions, call.id)
    assert (ended.state, ended.outcome) == (State.ENDED, Outcome.NO_ANSWER)


async def test_a_webhook_does_not_end_a_call_whose_words_are_still_being_stored(store: Store) -> None:
    talk = await talk_with(store.sessions, ScriptedCarrier())
    call = await call_row(store.sessions, talk.call_id)
    for report in reports("completed", call.carrier_sid or ""):
        await apply(store, talk.call_id, report)
    still = await call_row(store.sessions, talk.call_id)
    assert (still.state, still.outcome, still.duration_s) == (State.TALKING, None, 132)
    async with store.sessions.begin() as session:
        usage = {"gpt-realtime-2.1": {"audio_in": 900}}
        measured = CallMetrics(usage, ("openai_realtime",), "gpt-realtime-2.1", "gpt-transcribe", 300, [400, 900, 500])
        assert await close_conversation(session, talk.call_id, measured, ours=None, now=TUESDAY_11) is Outcome.DROPPED
    over = await call_row(store.sessions, talk.call_id)
    assert (over.state, over.outcome, over.duration_s, over.latency_p50_ms) == (State.ENDED, Outcome.DROPPED, 132, 500)


async def test_what_the_carrier_adds_after_the_end_is_kept(store: Store) -> None:
    talk = await talk_with(store.sessions, ScriptedCarrier())
    async with store.sessions.begin() as session:
        await close_conversation(
            session, talk.call_id, CallMetrics({}, (), "", "", None, []), ours=None, now=TUESDAY_11
        )
    before = await call_row(store.sessions, talk.call_id)
    late = CallStatus(
        before.carrier_sid or "", State.ENDED, HUNG_UP, duration_s=61, cost=Decimal("0.014"), currency="USD",
        answered_by="human",
    )  # fmt: skip
    await apply(store, talk.call_id, late)
    after = await call_row(store.sessions, talk.call_id)
    assert (after.state, after.outcome, after.ended_at) == (before.state, before.outcome, before.ended_at)
    assert (after.duration_s, after.carrier_cost, after.currency) == (61, Decimal("0.014"), "USD")
    assert after.answered_by == "human"


async def test_a_later_report_without_a_duration_does_not_take_it_away(store: Store) -> None:
    call = await placed_call(store.sessions, ScriptedCarrier())
    sid = call.carrier_sid or ""
    await apply(store, call.id, CallStatus(sid, State.ENDED, HUNG_UP, duration_s=132))
    await apply(store, call.id, CallStatus(sid, State.RINGING))
    await apply(store, call.id, CallStatus(sid, State.ENDED, HUNG_UP))
    assert (await call_row(store.sessions, call.id)).duration_s == 132


async def test_a_report_of_a_call_that_is_not_there_changes_nothing(store: Store) -> None:
    async with store.sessions.begin() as session:
        nobody = UUID(int=7)
        assert await record_status(session, nobody, CallStatus("CA0", State.ENDED, HUNG_UP), datetime.now(UTC)) is None


async def test_who_is_rung_again_is_never_promised_a_moment_outside_the_hours(store: Store) -> None:
    """Twenty hours after a voicemail at one o'clock is nine in the morning: the window opens at ten."""
    call = await placed_call(store.sessions, ScriptedCarrier())
    one_o_clock = TUESDAY_11 + timedelta(hours=2)
    async with store.sessions.begin() as session:
        found = await session.get_one(Call, call.id)
        await finish_call(session, found, Outcome.VOICEMAIL, "a machine answered", one_o_clock)
    lead = await lead_now(store.sessions)
    ten = TUESDAY_11 + timedelta(hours=23)
    assert lead.state == "waiting"
    assert ten <= lead.next_attempt_at <= ten + timedelta(hours=1, minutes=30)
