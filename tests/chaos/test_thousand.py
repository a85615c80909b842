"""A whole campaign while workers are killed at random, one a second: a small one in every run, the thousand in a full run."""

import asyncio
import random
import signal
from pathlib import Path

import pytest

from tests.support.rehearsed import BUSY, hurting


@pytest.mark.parametrize(
    ("leads", "workers", "per_second", "within_s"),
    [pytest.param(40, 2, 10, 150, marks=pytest.mark.full), pytest.param(1000, 3, 50, 900, marks=pytest.mark.full)],
)
async def test_a_campaign_whose_workers_die_every_second_rings_everybody_once(
    leads: int, workers: int, per_second: int, within_s: float, tmp_path: Path
) -> None:
    """F01 to F07 at random moments, the seed is fixed; whoever was being asked for may stay unknown, and is not rung twice.

    A breaker may pause the campaign over calls that stayed unknown; it is then started again, as its owner would.
    """
    numbers, chance = BUSY[:leads], random.Random(20260303)
    # This carrier answers at once, so what was not answered for is soon known to be lost.
    soon = {"dialer_placing_after_s": 6.0, "dialer_unknown_horizon_s": 12.0}
    with hurting(tmp_path / "data", workers=workers, **soon) as hurt:
        hurt.begin(numbers, per_second=per_second)
        kills = starts = 0

        async def done() -> bool:
            nonlocal kills, starts
            if await hurt.fetch("SELECT 1 FROM campaign_lead WHERE state = 'ready'"):
                hurt.signal(chance.choice([name for name in hurt.processes if name != "web"]), signal.SIGKILL)
                kills += 1
                await asyncio.sleep(1)
            if await hurt.fetch("SELECT 1 FROM campaign WHERE state = 'paused'"):
                hurt.dialer("campaign", "start", "Chaos")
                starts += 1
            return await hurt.settled()

        hurt.measured(f"{leads} leads: all settled after s", await hurt.until(done, within_s, "not all settled"))
        lost = {row["phone"] for row in await hurt.fetch("SELECT phone FROM call WHERE outcome = 'not_placed'")}
        hurt.measured(f"{leads} leads: kills, starts again, lost", f"{kills}, {starts}, {len(lost)}")
        assert set(hurt.rung()) == set(numbers) - lost
        assert len(lost) <= kills * 20, "only what was being asked for at that moment"
        hurt.assert_nobody_wronged(numbers, all_rung=False)
