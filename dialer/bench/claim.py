"""The cost of claiming calls as lists grow, and of a scheduler tick outside calling hours."""

import time
from collections.abc import Callable
from datetime import datetime
from statistics import median
from typing import Any, cast

from dialer.bench.harness import MORNING, NIGHT, Environment, Result, StubCarrier, bench_environment, campaign_of
from dialer.services.dialing.claim import BATCH, claim_due, worth_claiming
from dialer.store import bench

SIZES = (10_000, 1_000_000, 5_000_000)
TICKS, NIGHTS = 30, 200
NAMES = {10_000: "10k", 1_000_000: "1m", 5_000_000: "5m"}


async def measure(say: Callable[[str], None]) -> Result:
    """Measure milliseconds per claimed call, in batches of 100, with 10 k, 1 M and 5 M leads; and per tick at night."""
    result = Result("claim")
    async with bench_environment() as env:
        first = 0
        for size in SIZES:
            say(f"{size:,} leads …")
            campaign_id = await campaign_of(env.sessions, f"List of {size}", size, first=first)
            first += size
            name = NAMES[size]
            claims = [await _timed(env, MORNING) / BATCH for _ in range(TICKS)]
            result.figures[f"ms_per_claim_{name}"] = median(claims)
            with bench.counting() as sent:
                await _timed(env, MORNING)
            result.figures["statements_per_batch"] = sent[0] - 1  # without the bench's own refill of the buckets
            nights = [await _timed(env, NIGHT) for _ in range(NIGHTS)]
            result.figures[f"tick_closed_ms_{name}"] = median(nights)
            await _end(env, campaign_id)
    result.yardsticks["ms_per_claim_10k"] = result.figures["ms_per_claim_10k"]
    result.ratios["cost_5m_over_10k"] = result.figures["ms_per_claim_5m"] / result.figures["ms_per_claim_10k"]
    return result


async def _timed(env: Environment, now: datetime) -> float:
    """Return the milliseconds of one tick's claim, including its commit."""
    await _tokens(env)
    before = time.perf_counter()
    claimed = []
    if await worth_claiming(env.sessions, now):
        async with env.sessions.begin() as session:
            claimed = await claim_due(session, {"twilio": cast(Any, StubCarrier())}, now)
    took = (time.perf_counter() - before) * 1000
    calls = sum(len(batch.calls) for batch in claimed)
    assert calls == (BATCH if now == MORNING else 0), calls
    return took


async def _tokens(env: Environment) -> None:
    """Fill every token bucket with one batch."""
    async with env.sessions.begin() as session:
        keys = [f"carrier:{StubCarrier.name}", f"number:{StubCarrier.from_number}"]
        await bench.fill_buckets(session, keys, float(BATCH))


async def _end(env: Environment, campaign_id: int) -> None:
    async with env.sessions.begin() as session:
        await bench.stop_campaign(session, campaign_id)
