"""Many callers for one slot, ten thousand times: exactly one booking each, everybody else hears of other times at once.

AVA's own tools race on a real database, in threes and now and then in fifties. The yardstick looks first and writes then,
without the constraint: what it costs less, and how often it books one time twice where both looked before either wrote.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dialer.ava import tools
from dialer.ava.tools import Tools
from dialer.bench.harness import MORNING, CannotMeasureError, Ground, PaperCarrier, Result, campaign_of, ground
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
"""Wednesday, ten in the morning in Kolkata."""


async def measure(say: Callable[[str], None]) -> Result:
    """Races won by exactly one, and holds per second, beside looking first and writing then."""
    result = Result("slots")
    tools.TIMEOUT_S = PATIENCE_S  # what is measured is who wins, not how long a person would wait here
    async with ground() as here:
        talks, slot = await _talks(here, MANY)
        began, won, refused = time.perf_counter(), 0, 0
        sizes = [CALLERS] * (RACES - MANY_RACES) + [MANY] * min(MANY_RACES, RACES)
        for turn, size in enumerate(sizes, 1):
            if turn % 1000 == 0:
                say(f"race {turn} of {len(sizes)} …")
            others = await _race(here, talks[:size], slot, turn)
            won, refused = won + 1, refused + others
        took = time.perf_counter() - began
        result.figures |= {"races": len(sizes), "one_booking": won, "others_offered": refused}
        result.figures["holds_per_second"] = sum(sizes) / took
        await _naive(here, result, slot)
    result.ratios["holds_over_naive"] = result.figures["holds_per_second"] / result.yardsticks["naive_holds_per_second"]
    return result


async def _race(here: Ground, talks: Sequence[CallContext], slot: Slot, turn: int) -> int:
    """One race; how many were offered other times. Raises CannotMeasureError where the promise is broken."""
    hands = [Tools(here.sessions, talk, lambda: MORNING) for talk in talks]
    for talk in talks:
        talk.offered = {"wanted": slot}

    async def use(hand: Tools, name: str) -> dict[str, Any]:
        return dict(json.loads((await hand.run(f"{name}-{turn}", name, '{"slot": "wanted"}')).output))

    async def want(hand: Tools) -> dict[str, Any]:
        held = await use(hand, "hold_slot")
        return await use(hand, "book_slot") if held.get("held") else held

    answers = await asyncio.gather(*map(want, hands))
    booked = [each for each in answers if each.get("booked")]
    others = [each for each in answers if each.get("slots") and each.get("held") is False]
    async with here.sessions.begin() as session:
        rows = await bench.count_and_delete_bookings(session)
    if (len(booked), rows, len(others)) != (1, 1, len(talks) - 1):
        raise CannotMeasureError(f"race {turn}: {len(booked)} booked, {rows} rows, {len(others)} were offered others")
    return len(others)


async def _talks(here: Ground, count: int) -> tuple[list[CallContext], Slot]:
    """So many answered calls, and the slot that they all want."""
    campaign_id = await campaign_of(here.sessions, "Races", count)
    async with here.sessions.begin() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        rows = await claim_queue.due(session, campaign_id, [1], MORNING, count)
        fine: Any = type("Verdict", (), {"answers": (), "may_ring": True, "next_at": None})()
        carrier: Any = PaperCarrier()
        line = CallerId(carrier, PaperCarrier.from_number)
        await create_attempts(
            session, campaign, [(in_campaign, lead, fine, line) for in_campaign, lead in rows], MORNING
        )
        calls = await bench.answer_calls(session)
        desk = await bench.first_counselor(session)
    assert desk is not None
    talks = [
        CallContext(each.id, campaign_id, each.campaign_lead_id, each.phone, "Asha", "Asia/Kolkata") for each in calls
    ]
    return talks, Slot(desk, STARTS, STARTS + timedelta(minutes=30))


async def _naive(here: Ground, result: Result, slot: Slot) -> None:
    """Look whether it is free, then write: two callers at a time."""
    async with here.sessions.begin() as session:
        await bench.make_naive_bookings(session)
    twice = 0
    began = time.perf_counter()
    for _ in range(NAIVE):
        looked = asyncio.Barrier(2)
        got = await asyncio.gather(*(_look_and_write(here, slot, looked) for _ in range(2)))
        twice += sum(got) > 1
        async with here.sessions.begin() as session:
            await bench.delete_naive_bookings(session)
    result.yardsticks["naive_booked_twice_of_100"] = 100 * twice / NAIVE
    result.yardsticks["naive_holds_per_second"] = 2 * NAIVE / (time.perf_counter() - began)


async def _look_and_write(here: Ground, slot: Slot, looked: asyncio.Barrier) -> bool:
    async with here.sessions.begin() as session:
        free = await bench.is_naively_free(session, slot.counselor_id, slot.starts)
        await looked.wait()
        if free:
            await bench.add_naive_booking(session, slot.counselor_id, slot.starts)
    return free
