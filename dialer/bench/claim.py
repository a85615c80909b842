"""What a claim costs as lists grow, and what a tick costs in the night."""

import time
from collections.abc import Callable
from datetime import datetime
from statistics import median
from typing import Any, cast

from dialer.bench.harness import MORNING, NIGHT, Ground, PaperCarrier, Result, campaign_of, ground
from dialer.services.dialing.claim import BATCH, claim_due, worth_claiming
from dialer.store import bench

SIZES = (10_000, 1_000_000, 5_000_000)
TICKS, NIGHTS = 30, 200
NAMES = {10_000: "10k", 1_000_000: "1m", 5_000_000: "5m"}


async def measure(say: Callable[[str], None]) -> Result:
    """Milliseconds per claimed call, of batches of 100, with 10 k, 1 M and 5 M leads; and per tick at night."""
    result = Result("claim")
    async with ground() as here:
        first = 0
        for size in SIZES:
            say(f"{size:,} leads …")
            campaign_id = await campaign_of(here.sessions, f"List of {size}", size, first=first)
            first += size
            name = NAMES[size]
            claims = [await _timed(here, MORNING) / BATCH for _ in range(TICKS)]
            result.figures[f"ms_per_claim_{name}"] = median(claims)
            with bench.counting() as sent:
                await _timed(here, MORNING)
            result.figures["statements_per_batch"] = sent[0] - 1  # the buckets were filled by hand
            nights = [await _timed(here, NIGHT) for _ in range(NIGHTS)]
            result.figures[f"tick_closed_ms_{name}"] = median(nights)
            await _end(here, campaign_id)
    result.yardsticks["ms_per_claim_10k"] = result.figures["ms_per_claim_10k"]
    result.ratios["cost_5m_over_10k"] = result.figures["ms_per_claim_5m"] / result.figures["ms_per_claim_10k"]
    return result


async def _timed(here: Ground, now: datetime) -> float:
    """Milliseconds of one tick's claim, with its commit."""
    await _tokens(here)
    before = time.perf_counter()
    claimed = []
    if await worth_claiming(here.sessions, now):
        async with here.sessions.begin() as session:
            claimed = await claim_due(session, {"twilio": cast(Any, PaperCarrier())}, now)
    took = (time.perf_counter() - before) * 1000
    calls = sum(len(each.calls) for each in claimed)
    assert calls == (BATCH if now == MORNING else 0), calls
    return took


async def _tokens(here: Ground) -> None:
    """Let every bucket hold one batch."""
    async with here.sessions.begin() as session:
        keys = [f"carrier:{PaperCarrier.name}", f"number:{PaperCarrier.from_number}"]
        await bench.fill_buckets(session, keys, float(BATCH))


async def _end(here: Ground, campaign_id: int) -> None:
    async with here.sessions.begin() as session:
        await bench.stop_campaign(session, campaign_id)
