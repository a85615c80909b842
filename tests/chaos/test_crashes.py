"""Workers end at every named place, and nobody is rung twice, nobody is forgotten: by the world's ledger, not by ours.

Each test names the fault of the list that it tries (F…).
"""

import asyncio
import json
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.rehearsed import Hurt, hurting, write_list

pytestmark = pytest.mark.xdist_group("processes")
FULL = pytest.mark.full

BUSY = [f"+9198765{n:04}2" for n in range(1, 400)]
"""Invented numbers whose last digit makes the simulated line busy: a call of a second."""


async def ring_all(hurt: Hurt, folder: Path, numbers: list[str], within_s: float = 90.0) -> None:
    """Import the numbers, start, and wait until every lead is done or scheduled."""
    hurt.dialer("campaign", "create", "Chaos", "--concurrency", "50", "--per-second", "20")
    hurt.dialer("leads", "import", str(write_list(folder / "list.csv", numbers)), "--campaign", "Chaos")
    hurt.dialer("campaign", "start", "Chaos")
    await hurt.until(hurt.settled, within_s, "leads are neither done nor scheduled")


def assert_nobody_wronged(hurt: Hurt, numbers: list[str], *, all_rung: bool = True) -> None:
    """One ring each at most, everybody rung who should be, and the proof clean."""
    rung = Counter(hurt.rung())
    assert {number for number, times in rung.items() if times > 1} == set()
    assert set(rung) <= set(numbers)
    if all_rung:
        assert set(rung) == set(numbers)
    proof = json.loads(hurt.dialer("prove", "--json"))
    assert proof["clean"], proof


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        pytest.param("before_claim_commit", "F01", marks=FULL),
        ("after_claim", "F02"),
        pytest.param("job_started", "F03", marks=FULL),
        ("after_post", "F05"),
        pytest.param("after_answer", "F06", marks=FULL),
        pytest.param("after_record", "F07", marks=FULL),
    ],
)
async def test_a_worker_killed_at_any_place_wrongs_nobody(place: str, fault: str, tmp_path: Path) -> None:
    numbers = BUSY[:6]
    crash = {"DIALER_FAILPOINT": place, "DIALER_FAILPOINT_ONCE": str(tmp_path / "crashed")}
    with hurting(tmp_path / "data", crash=crash) as hurt:
        await ring_all(hurt, tmp_path, numbers)
        assert hurt.deaths == ["worker"], f"{fault}: the crash did happen, once"
        assert_nobody_wronged(hurt, numbers)


@FULL
async def test_a_worker_killed_before_it_asks_leaves_a_call_that_is_never_asked_for_again(tmp_path: Path) -> None:
    """F04: the compare-and-set is done, the request was not sent; nobody can know that."""
    numbers = BUSY[:4]
    crash = {"DIALER_FAILPOINT": "after_take", "DIALER_FAILPOINT_ONCE": str(tmp_path / "crashed")}
    with hurting(tmp_path / "data", crash=crash) as hurt:
        await ring_all(hurt, tmp_path, numbers, 120)
        assert hurt.deaths == ["worker"]
        assert_nobody_wronged(hurt, numbers, all_rung=False)
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
        hurt.dialer("campaign", "create", "Chaos", "--concurrency", "50", "--per-second", "20")
        hurt.dialer("leads", "import", str(write_list(tmp_path / "list.csv", numbers)), "--campaign", "Chaos")
        hurt.dialer("campaign", "start", "Chaos")

        async def asking() -> bool:
            return bool(await hurt.fetch("SELECT 1 FROM call WHERE state = 'placing'"))

        await hurt.until(asking, 30, "no request under way")
        worker, began = hurt.processes["worker"], time.monotonic()
        hurt.signal("worker", signal.SIGTERM)
        worker.wait(timeout=35)
        assert time.monotonic() - began < 30
        await hurt.until(hurt.settled, 90, "leads are neither done nor scheduled")
        unknown = await hurt.fetch("SELECT 1 FROM call WHERE unknown_at IS NOT NULL")
        assert unknown == [], "every answer was waited for"
        assert_nobody_wronged(hurt, numbers)


@FULL
async def test_a_worker_frozen_past_every_lease_does_not_ring_when_it_thaws(tmp_path: Path) -> None:
    """F09: it wakes after its call was given up, with the request still to be sent."""
    numbers = BUSY[:4]
    crash = {"DIALER_FAILPOINT": "after_take:STOP", "DIALER_FAILPOINT_ONCE": str(tmp_path / "frozen")}
    with hurting(tmp_path / "data", workers=2, crash=crash) as hurt:
        await ring_all(hurt, tmp_path, numbers, 120)
        before = Counter(hurt.rung())
        hurt.signal("worker", signal.SIGCONT)
        await asyncio.sleep(3)
        assert Counter(hurt.rung()) == before, "too late to ask: the deadline was checked before the request"
        assert_nobody_wronged(hurt, numbers, all_rung=False)


@FULL
async def test_the_same_job_delivered_to_many_workers_rings_once(tmp_path: Path) -> None:
    """F10: every batch is enqueued again and again, for three workers."""
    numbers = BUSY[:12]
    with hurting(tmp_path / "data", workers=3) as hurt:
        hurt.dialer("campaign", "create", "Chaos", "--concurrency", "50", "--per-second", "20")
        hurt.dialer("leads", "import", str(write_list(tmp_path / "list.csv", numbers)), "--campaign", "Chaos")
        hurt.dialer("campaign", "start", "Chaos")
        await hurt.until(hurt.settled, 60, "leads are neither done nor scheduled")
        assert_nobody_wronged(hurt, numbers)


@pytest.mark.parametrize(
    ("does", "count", "all_rung", "fault"),
    [
        ("too_many", 3, True, "F24"),
        pytest.param("error_after", 2, True, "F25", marks=FULL),
        pytest.param("drop_after", 2, True, "F26", marks=FULL),
        pytest.param("drop_before", 1, False, "F25", marks=FULL),
        pytest.param("error_before", 1, False, "F25", marks=FULL),
    ],
)
async def test_whatever_the_carrier_answers_nobody_is_asked_for_twice(
    does: str, count: int, all_rung: bool, fault: str, tmp_path: Path
) -> None:
    numbers = BUSY[:4]
    with hurting(tmp_path / "data") as hurt:
        rule = {"where": "create", "does": does, "count": count}
        hurt.world("faults", [{**rule, "retry_after": 1} if does == "too_many" else rule])
        await ring_all(hurt, tmp_path, numbers, 120)
        assert hurt.world("faults") == [], f"{fault}: the fault was met"
        assert_nobody_wronged(hurt, numbers, all_rung=all_rung)


@FULL
async def test_when_all_webhooks_are_lost_the_carrier_is_asked(tmp_path: Path) -> None:
    """F32."""
    numbers = BUSY[:4]
    with hurting(tmp_path / "data") as hurt:
        hurt.world("faults", [{"where": "webhook", "does": "lose", "count": -1}])
        hurt.dialer("campaign", "create", "Chaos", "--concurrency", "50", "--per-second", "20")
        await hurt.fetch("UPDATE campaign SET ring_timeout_s = 5")
        hurt.dialer("leads", "import", str(write_list(tmp_path / "list.csv", numbers)), "--campaign", "Chaos")
        hurt.dialer("campaign", "start", "Chaos")
        await hurt.until(hurt.settled, 110, "leads are neither done nor scheduled")
        outcomes = {row["outcome"] for row in await hurt.fetch("SELECT outcome FROM call")}
        assert outcomes == {"busy"}
        assert_nobody_wronged(hurt, numbers)
