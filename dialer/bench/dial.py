"""Calls placed per second of one worker core, against a baseline with a job, an ORM session and httpx per call.

Both use arq, the same database, the same Redis and the same fake carrier; only the CPU time of the worker is compared.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx

from dialer.bench.harness import MORNING, Environment, Result, bench_environment, campaign_of
from dialer.bench.yardsticks.baseline import CALLBACK_URLS, naive_place
from dialer.bench.yardsticks.fake_carrier import fake_carrier
from dialer.carriers.twilio.rest import Twilio
from dialer.services.dialing.claim import create_attempts
from dialer.services.dialing.eligibility import CallerId
from dialer.services.dialing.place import MAX_AT_ONCE, place_calls
from dialer.store import bench
from dialer.store.campaigns import claim_queue
from dialer.store.tables import Campaign
from workers.bench import run_jobs

CALLS = 3_000
ROUNDS = 2


async def measure(say: Callable[[str], None]) -> Result:
    """Measure calls placed per second of the worker's CPU."""
    logging.getLogger("arq").setLevel(logging.WARNING)
    result = Result("dial")
    async with bench_environment() as env:
        with fake_carrier() as url:
            carrier = Twilio(
                account_sid="AC0",
                auth_token="fake",  # noqa: S106 - the account and the carrier are fake
                from_number="+15005550006",
                api_url=url,
                on_loopback=True,
                calls_per_second=1_000_000.0,
            )
            ours, naive = [], []
            for turn in range(ROUNDS):
                say(f"round {turn + 1} of {ROUNDS} …")
                call_ids = await _intended_calls(env, carrier, 2 * turn)
                with bench.counting() as sent:
                    ours.append(await _ours(env, carrier, call_ids))
                result.figures["statements_per_call"] = sent[0] / len(call_ids)
                call_ids = await _intended_calls(env, carrier, 2 * turn + 1)
                with bench.counting() as sent:
                    naive.append(await _naive(env, url, call_ids))
                result.yardsticks["naive_statements_per_call"] = sent[0] / len(call_ids)
            await carrier.close()
    for name, index in (("calls_per_cpu_second", 0), ("calls_per_second", 1)):
        result.figures[name] = max(rates[index] for rates in ours)
        result.yardsticks[f"naive_{name}"] = max(rates[index] for rates in naive)
    result.ratios["rate_over_naive"] = (
        result.figures["calls_per_cpu_second"] / result.yardsticks["naive_calls_per_cpu_second"]
    )
    return result


async def _intended_calls(env: Environment, carrier: Twilio, turn: int) -> list[str]:
    """Create a campaign and an intended call for each of its leads; return the call ids."""
    campaign_id = await campaign_of(env.sessions, f"Round {turn}", CALLS, first=turn * CALLS)
    call_ids: list[UUID] = []
    async with env.sessions.begin() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        rows = await claim_queue.due(session, campaign_id, [1], MORNING, CALLS)
        eligible: Any = type("Eligible", (), {"answers": (), "may_ring": True, "next_at": None})()
        for first in range(0, CALLS, 500):
            caller_id = CallerId(carrier, carrier.from_number)
            batch = [(in_campaign, lead, eligible, caller_id) for in_campaign, lead in rows[first : first + 500]]
            call_ids += await create_attempts(session, campaign, batch, MORNING)
    return [str(call_id) for call_id in call_ids]


async def _ours(env: Environment, carrier: Twilio, call_ids: list[str]) -> tuple[float, float]:
    async def place(ctx: dict[str, Any], ids: list[str]) -> None:
        calls = [UUID(call_id) for call_id in ids]
        await place_calls(env.sessions, calls, {"twilio": carrier}, CALLBACK_URLS, lambda: MORNING)

    batches = [call_ids[first : first + MAX_AT_ONCE] for first in range(0, len(call_ids), MAX_AT_ONCE)]
    return await _run(env, place, [(batch,) for batch in batches], call_ids, {})


async def _naive(env: Environment, url: str, call_ids: list[str]) -> tuple[float, float]:
    async with httpx.AsyncClient(timeout=10) as http:
        ctx = {"sessions": env.sessions, "http": http, "carrier": url}
        return await _run(env, naive_place, [(call_id,) for call_id in call_ids], call_ids, ctx)


async def _run(
    env: Environment, job: Any, arguments: list[tuple[Any, ...]], call_ids: list[str], ctx: dict[str, Any]
) -> tuple[float, float]:
    """Run all jobs in an arq worker; return calls per CPU second, and per second."""
    cpu, wall = await run_jobs(env.settings.dialer_redis_url or "", job, arguments, ctx)
    async with env.sessions.begin() as session:
        ids = [UUID(call_id) for call_id in call_ids]
        placed = await bench.count_placed(session, ids)
        assert placed == len(call_ids), f"{placed} of {len(call_ids)} calls were placed"
        await bench.end_calls(session, ids, datetime.now(UTC))
    return len(call_ids) / cpu, len(call_ids) / wall
