"""Booking races: many callers want one slot, ten thousand times. Exactly one booking per race, the rest get alternatives.

AVA's own tools race on a real database, 3 callers at a time and in a few races 50. The baseline checks and then writes,
without the database constraint: it shows what the constraint costs, and how often the baseline books a slot twice.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dialer.ava import tools
from dialer.ava.tools import Tools
from dialer.bench.harness import (
    MORNING,
    CannotMeasureError,
    Environment,
    Result,
    StubCarrier,
    bench_environment,
    campaign_of,
)
from dialer.domain.meetings.slots import Slot
from dialer.services.calls.context import CallContext
from dialer.services.dialing.claim import create_attempts
from dialer.services.dialing.eligibility import CallerId
from dialer.store import bench
from dialer.store.campaigns import claim_queue
from dialer.store.tables import Campaign

RACES = 10_000
CALLERS = 3
MANY, MANY_RACES = 50, 20
NAIVE = 500
PATIENCE_S = 30.0
STARTS = datetime(2026, 2, 11, 4, 30, tzinfo=UTC)
"""Wednesday, 10:00 in Kolkata."""


async def measure(say: Callable[[str], None]) -> Result:
    """Measure the races won by exactly one caller, and holds per second, against check-then-write."""
    result = Result("slots")
    tools.TIMEOUT_S = PATIENCE_S  # the bench measures who wins; production timeouts would cut off waiting callers
    async with bench_environment() as env:
        calls, slot = await _answered_calls(env, MANY)
        began, won, refused = time.perf_counter(), 0, 0
        sizes = [CALLERS] * (RACES - MANY_RACES) + [MANY] * min(MANY_RACES, RACES)
        for turn, size in enumerate(sizes, 1):
            if turn % 1000 == 0:
                say(f"race {turn} of {len(sizes)} …")
            others = await _race(env, calls[:size], slot, turn)
            won, refused = won + 1, refused + others
        took = time.perf_counter() - began
        result.figures |= {"races": len(sizes), "one_booking": won, "others_offered": refused}
        result.figures["holds_per_second"] = sum(sizes) / took
        await _naive(env, result, slot)
    result.ratios["holds_over_naive"] = result.figures["holds_per_second"] / result.yardsticks["naive_holds_per_second"]
    return result


async def _race(env: Environment, calls: Sequence[CallContext], slot: Slot, turn: int) -> int:
    """Run one race; return how many callers got alternatives. Raises CannotMeasureError unless exactly one booked."""
    toolsets = [Tools(env.sessions, call, lambda: MORNING) for call in calls]
    for call in calls:
        call.offered = {"wanted": slot}

    async def use(toolset: Tools, name: str) -> dict[str, Any]:
        return dict(json.loads((await toolset.run(f"{name}-{turn}", name, '{"slot": "wanted"}')).output))

    async def hold_and_book(toolset: Tools) -> dict[str, Any]:
        held = await use(toolset, "hold_slot")
        return await use(toolset, "book_slot") if held.get("held") else held

    outcomes = await asyncio.gather(*map(hold_and_book, toolsets))
    booked = [outcome for outcome in outcomes if outcome.get("booked")]
    others = [outcome for outcome in outcomes if outcome.get("slots") and outcome.get("held") is False]
    async with env.sessions.begin() as session:
        rows = await bench.count_and_delete_bookings(session)
    if (len(booked), rows, len(others)) != (1, 1, len(calls) - 1):
        raise CannotMeasureError(f"race {turn}: {len(booked)} booked, {rows} rows, {len(others)} got alternatives")
    return len(others)


async def _answered_calls(env: Environment, count: int) -> tuple[list[CallContext], Slot]:
    """Create `count` answered calls, and the slot that they all want."""
    campaign_id = await campaign_of(env.sessions, "Races", count)
    async with env.sessions.begin() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        rows = await claim_queue.due(session, campaign_id, [1], MORNING, count)
        eligible: Any = type("Eligible", (), {"answers": (), "may_ring": True, "next_at": None})()
        carrier: Any = StubCarrier()
        caller_id = CallerId(carrier, StubCarrier.from_number)
        await create_attempts(
            session, campaign, [(in_campaign, lead, eligible, caller_id) for in_campaign, lead in rows], MORNING
        )
        calls = await bench.answer_calls(session)
        counselor_id = await bench.first_counselor(session)
    assert counselor_id is not None
    contexts = [
        CallContext(call.id, campaign_id, call.campaign_lead_id, call.phone, "Asha", "Asia/Kolkata") for call in calls
    ]
    return contexts, Slot(counselor_id, STARTS, STARTS + timedelta(minutes=30))


async def _naive(env: Environment, result: Result, slot: Slot) -> None:
    """Measure the baseline, check-then-write, with two callers at a time."""
    async with env.sessions.begin() as session:
        await bench.make_naive_bookings(session)
    twice = 0
    began = time.perf_counter()
    for _ in range(NAIVE):
        checked = asyncio.Barrier(2)
        booked = await asyncio.gather(*(_check_and_write(env, slot, checked) for _ in range(2)))
        twice += sum(booked) > 1
        async with env.sessions.begin() as session:
            await bench.delete_naive_bookings(session)
    result.yardsticks["naive_booked_twice_of_100"] = 100 * twice / NAIVE
    result.yardsticks["naive_holds_per_second"] = 2 * NAIVE / (time.perf_counter() - began)


async def _check_and_write(env: Environment, slot: Slot, checked: asyncio.Barrier) -> bool:
    async with env.sessions.begin() as session:
        free = await bench.is_naively_free(session, slot.counselor_id, slot.starts)
        await checked.wait()
        if free:
            await bench.add_naive_booking(session, slot.counselor_id, slot.starts)
    return free
