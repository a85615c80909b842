"""Workers end, freeze or stand still at every named place, and nobody is rung twice, nobody is forgotten.

By the world's ledger, not by ours. Each test names the fault of the list that it tries (F…).
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.rehearsed import BUSY, hurting
from workers.main import open_redis

FULL = pytest.mark.full


def crash_at(place: str, folder: Path) -> dict[str, str]:
    """The environment of a process that ends (or what the place says) there, once."""
    return {"DIALER_FAILPOINT": place, "DIALER_FAILPOINT_ONCE": str(folder / "crashed")}


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        pytest.param("before_claim_commit", "F01", marks=FULL),
        pytest.param("after_claim", "F02", marks=FULL),
        pytest.param("job_started", "F03", marks=FULL),
        ("after_post", "F05"),
        pytest.param("after_answer", "F06", marks=FULL),
        pytest.param("after_record", "F07", marks=FULL),
    ],
)
async def test_a_worker_killed_at_any_place_wrongs_nobody(place: str, fault: str, tmp_path: Path) -> None:
    """F01, F02, F03, F05, F06, F07: before the request it is made up for, after it nobody asks again."""
    numbers = BUSY[:6]
    with hurting(tmp_path / "data", workers=0) as hurt:
        hurt.begin(numbers)
        await hurt.let_start(len(numbers))
        hurt.start("worker", **crash_at(place, tmp_path))

        async def dead() -> bool:
            return bool(hurt.deaths)

        await hurt.until(dead, 30, "the worker did not crash")
        before = len(hurt.rung())
        hurt.measured(f"{fault} recovered in s", await hurt.settle())
        assert hurt.deaths == ["worker"], f"{fault}: the crash did happen, once"
        asked = place in ("after_post", "after_answer", "after_record")
        assert bool(before) == asked
        # Of a batch that was being asked for, what the carrier never got is given up, and told as such.
        hurt.assert_nobody_wronged(numbers, all_rung=not asked)
        lost = await hurt.fetch("SELECT phone FROM call WHERE outcome = 'not_placed'")
        assert {row["phone"] for row in lost} == set(numbers) - set(hurt.rung())


@FULL
async def test_a_worker_killed_before_it_asks_leaves_a_call_that_is_never_asked_for_again(tmp_path: Path) -> None:
    """F04: the compare-and-set is done, the request was not sent; nobody can know that."""
    numbers = BUSY[:4]
    with hurting(tmp_path / "data", workers=0) as hurt:
        hurt.begin(numbers)
        await hurt.let_start(len(numbers))
        hurt.start("worker", **crash_at("after_take", tmp_path))
        await hurt.settle(120)
        assert hurt.deaths == ["worker"]
        hurt.assert_nobody_wronged(numbers, all_rung=False)
        outcomes = Counter(row["outcome"] for row in await hurt.fetch("SELECT outcome FROM call"))
        assert outcomes["not_placed"] >= 1
        lost = await hurt.fetch("SELECT phone FROM call WHERE outcome = 'not_placed'")
        assert not {row["phone"] for row in lost} & set(hurt.rung())
        later = await hurt.fetch("SELECT state, attempts FROM campaign_lead WHERE last_outcome = 'not_placed'")
        assert all((row["state"], row["attempts"]) == ("waiting", 1) for row in later), "it counts, and is tried later"


@FULL
async def test_a_worker_told_to_stop_finishes_what_it_asked_for(tmp_path: Path) -> None:
    """F08: a deploy in the middle of a request."""
    numbers = BUSY[:10]
    with hurting(tmp_path / "data") as hurt:
        hurt.world("faults", [{"where": "create", "does": "delay", "seconds": 3, "count": 4}])
        hurt.begin(numbers)

        async def asking() -> bool:
            return bool(await hurt.fetch("SELECT 1 FROM call WHERE state = 'placing'"))

        await hurt.until(asking, 30, "no request under way")
        worker, began = hurt.processes["worker"], time.monotonic()
        hurt.signal("worker", signal.SIGTERM)
        worker.wait(timeout=45)
        took = time.monotonic() - began
        hurt.measured("F08 drained in s", took)
        assert took < 30
        await hurt.settle()
        unknown = await hurt.fetch("SELECT 1 FROM call WHERE unknown_at IS NOT NULL")
        assert unknown == [], "every answer was waited for"
        hurt.assert_nobody_wronged(numbers)


@FULL
async def test_a_worker_frozen_past_every_lease_does_not_ring_when_it_thaws(tmp_path: Path) -> None:
    """F09: it wakes after its call was given up, with the request still to be sent."""
    numbers = BUSY[:4]
    with hurting(tmp_path / "data", workers=0) as hurt:
        hurt.begin(numbers)
        await hurt.let_start(len(numbers))
        hurt.start("worker", **crash_at("after_take:STOP", tmp_path))
        await hurt.until(_exists(tmp_path / "crashed"), 30, "not frozen")
        hurt.start("worker:1")
        await hurt.settle(120)
        before = Counter(hurt.rung())
        hurt.signal("worker", signal.SIGCONT)
        await asyncio.sleep(3)
        assert Counter(hurt.rung()) == before, "too late to ask: the deadline was checked before the request"
        hurt.assert_nobody_wronged(numbers, all_rung=False)


@FULL
async def test_a_worker_whose_event_loop_stood_still_does_not_ring_when_it_goes_on(tmp_path: Path) -> None:
    """F11: blocked for 20 s, it gives back or finds given up what it had taken, and its log says why."""
    numbers = BUSY[:4]
    with hurting(tmp_path / "data", workers=0) as hurt:
        hurt.begin(numbers)
        await hurt.let_start(len(numbers))
        hurt.start("worker", **crash_at("after_take:BLOCK:20", tmp_path))
        await hurt.until(_exists(tmp_path / "crashed"), 30, "not blocked")
        hurt.start("worker:1")
        await hurt.settle(120)
        assert hurt.deaths == []
        assert "event loop blocked for" in hurt.log("worker")
        hurt.assert_nobody_wronged(numbers, all_rung=False)


@FULL
async def test_the_same_job_delivered_to_many_workers_rings_once(tmp_path: Path) -> None:
    """F10: every claimed call stands in the queue five times over, for three workers that start at once."""
    numbers = BUSY[:12]
    with hurting(tmp_path / "data", workers=0) as hurt:
        hurt.begin(numbers)
        await hurt.let_start(len(numbers))
        hurt.start("worker", **crash_at("after_claim:STOP", tmp_path))
        await hurt.until(_exists(tmp_path / "crashed"), 30, "nothing claimed")
        claimed = [str(row["id"]) for row in await hurt.fetch("SELECT id FROM call WHERE state = 'intent'")]
        assert len(claimed) > 1
        redis = open_redis(hurt.settings.dialer_redis_url or "")
        for time_over in range(5):
            for call_id in claimed:
                await redis.enqueue_job("place_calls", [call_id], 20.0, _job_id=f"{time_over}:{call_id}")
        await redis.aclose()
        hurt.start("worker:1", "worker:2", "worker:3")
        await hurt.settle()
        hurt.signal("worker", signal.SIGCONT)
        await asyncio.sleep(3)
        hurt.assert_nobody_wronged(numbers)


@FULL
async def test_a_lead_that_ends_every_worker_is_set_aside_and_the_others_are_rung(tmp_path: Path) -> None:
    """F12: whatever looks at this lead dies, before the call is taken; after three times nobody looks any more."""
    numbers = BUSY[:8]
    poison, others = numbers[3], [*numbers[:3], *numbers[4:]]
    with hurting(tmp_path / "data", workers=0) as hurt:
        hurt.environment |= {"DIALER_FAILPOINT": "judging", "DIALER_FAILPOINT_PHONE": poison}
        hurt.begin(numbers)
        await hurt.let_start(len(numbers))
        hurt.start("worker", "worker:1")
        hurt.measured("F12 set aside after s", await hurt.settle(400))
        assert 3 <= len(hurt.deaths) <= 4
        (lead,) = await hurt.fetch(
            "SELECT campaign_lead.state, why FROM campaign_lead JOIN lead ON lead.id = lead_id WHERE phone = $1", poison
        )
        assert lead["state"] == "done"
        assert "set aside" in lead["why"]
        hurt.assert_nobody_wronged(others)


def _exists(path: Path) -> Callable[[], Awaitable[bool]]:
    async def exists() -> bool:
        return path.exists()

    return exists
