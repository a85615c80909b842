"""How many calls one worker core places per second, beside the naive way of a job, an ORM and httpx per call.

Both go through arq, the same database, the same Redis and the same carrier on paper; what is compared is the CPU time
of the worker alone.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx

from dialer.bench.harness import MORNING, Ground, Result, campaign_of, ground
from dialer.bench.yardsticks.baseline import ADDRESSES, naive_place
from dialer.bench.yardsticks.fake_carrier import paper_carrier
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
    """Calls placed per second of the worker's CPU."""
    logging.getLogger("arq").setLevel(logging.WARNING)
    result = Result("dial")
    async with ground() as here:
        with paper_carrier() as url:
            carrier = Twilio(
                account_sid="AC0",
                auth_token="on paper",  # noqa: S106 - the account is invented, and the carrier on paper
                from_number="+15005550006",
                api_url=url,
                on_loopback=True,
                calls_per_second=1_000_000.0,
            )
            ours, naive = [], []
            for turn in range(ROUNDS):
                say(f"round {turn + 1} of {ROUNDS} …")
                meant = await _meant(here, carrier, 2 * turn)
                with bench.counting() as sent:
                    ours.append(await _ours(here, carrier, meant))
                result.figures["statements_per_call"] = sent[0] / len(meant)
                meant = await _meant(here, carrier, 2 * turn + 1)
                with bench.counting() as sent:
                    naive.append(await _naive(here, url, meant))
                result.yardsticks["naive_statements_per_call"] = sent[0] / len(meant)
            await carrier.close()
    for name, values in (("calls_per_cpu_second", 0), ("calls_per_second", 1)):
        result.figures[name] = max(each[values] for each in ours)
        result.yardsticks[f"naive_{name}"] = max(each[values] for each in naive)
    result.ratios["rate_over_naive"] = (
        result.figures["calls_per_cpu_second"] / result.yardsticks["naive_calls_per_cpu_second"]
    )
    return result


async def _meant(here: Ground, carrier: Twilio, turn: int) -> list[str]:
    """A fresh campaign whose leads are all meant to be called now."""
    campaign_id = await campaign_of(here.sessions, f"Round {turn}", CALLS, first=turn * CALLS)
    meant: list[UUID] = []
    async with here.sessions.begin() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        rows = await claim_queue.due(session, campaign_id, [1], MORNING, CALLS)
        empty: Any = type("Verdict", (), {"answers": (), "may_ring": True, "next_at": None})()
        for first in range(0, CALLS, 500):
            line = CallerId(carrier, carrier.from_number)
            some = [(in_campaign, lead, empty, line) for in_campaign, lead in rows[first : first + 500]]
            meant += await create_attempts(session, campaign, some, MORNING)
    return [str(call_id) for call_id in meant]


async def _ours(here: Ground, carrier: Twilio, call_ids: list[str]) -> tuple[float, float]:
    async def place(ctx: dict[str, Any], ids: list[str]) -> None:
        calls = [UUID(call_id) for call_id in ids]
        await place_calls(here.sessions, calls, {"twilio": carrier}, ADDRESSES, lambda: MORNING)

    lots = [call_ids[first : first + MAX_AT_ONCE] for first in range(0, len(call_ids), MAX_AT_ONCE)]
    return await _worked(here, place, [(lot,) for lot in lots], call_ids, {})


async def _naive(here: Ground, url: str, call_ids: list[str]) -> tuple[float, float]:
    async with httpx.AsyncClient(timeout=10) as http:
        ctx = {"sessions": here.sessions, "http": http, "carrier": url}
        return await _worked(here, naive_place, [(call_id,) for call_id in call_ids], call_ids, ctx)


async def _worked(
    here: Ground, job: Any, arguments: list[tuple[Any, ...]], call_ids: list[str], ctx: dict[str, Any]
) -> tuple[float, float]:
    """Let an arq worker do the jobs until none is left; calls per CPU second, and per second."""
    cpu, wall = await run_jobs(here.settings.dialer_redis_url or "", job, arguments, ctx)
    async with here.sessions.begin() as session:
        mine = [UUID(each) for each in call_ids]
        placed = await bench.count_placed(session, mine)
        assert placed == len(call_ids), f"{placed} of {len(call_ids)} were placed"
        await bench.end_calls(session, mine, datetime.now(UTC))
    return len(call_ids) / cpu, len(call_ids) / wall
