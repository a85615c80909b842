"""The worker's jobs: each opens a transaction, calls one service and enqueues what follows. A job takes seconds.

Jobs are idempotent: database rows decide what is to be done, not the message, so a duplicate delivery does nothing.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from arq import ArqRedis

from dialer.bus import live_feed
from dialer.carriers.port import Placed, Throttled
from dialer.failpoint import failpoint
from dialer.services.calls.recordings import erase_expired
from dialer.services.campaigns.breakers import trip_breakers
from dialer.services.campaigns.preflight import preflight_voice, request_preflights
from dialer.services.dialing.acquire import CallbackUrls, Skipped
from dialer.services.dialing.claim import claim_due, worth_claiming
from dialer.services.dialing.eligibility import Carriers
from dialer.services.dialing.place import place_calls as place
from dialer.services.dialing.reconcile import reconcile
from dialer.services.dialing.sweep import Patience, sweep
from dialer.settings import Settings
from dialer.store.calls import incidents, live_calls
from dialer.store.campaigns import voice_checks
from dialer.store.sessions import DatabaseError, Sessions
from dialer.store.system import database_clock
from workers.voices import PreflightVoices

MAX_ASKED = 50
CLOCKS_APART_S = 2.0
RECONCILE_EVERY = timedelta(hours=24)
RECONCILE_SPAN = timedelta(hours=26)
ERASE_EVERY = timedelta(hours=24)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """The dependencies shared by all jobs of a worker."""

    sessions: Sessions
    carriers: Carriers
    addresses: CallbackUrls
    clock: Callable[[], datetime]
    patience: Patience
    voices: PreflightVoices | None = None
    """If None, voices are not tested before a campaign calls."""


class Context(TypedDict):
    """The entries of arq's job context that the jobs use."""

    redis: ArqRedis
    parts: WorkerContext
    settings: Settings


async def check_clocks(sessions: Sessions) -> bool:
    """Whether this machine's clock agrees with the database's.

    Calling hours are evaluated with this machine's clock, so no calls are placed while it may be wrong.
    """
    async with sessions() as session:
        database_time = await database_clock.read(session)
    skew_s: float = abs((datetime.now(UTC) - database_time).total_seconds())
    if skew_s > CLOCKS_APART_S:
        log.error("no calls are placed: clocks of this machine and the database differ by %.1f s; sync them", skew_s)
    return skew_s <= CLOCKS_APART_S


async def tick(ctx: Context) -> int:
    """Claim due calls and enqueue one job per batch; return how many calls were claimed."""
    parts = ctx["parts"]
    await _request_calls(ctx)
    if not await worth_claiming(parts.sessions, parts.clock()) or not await check_clocks(parts.sessions):
        return 0
    held = await _held_campaigns(ctx)
    async with parts.sessions.begin() as session:
        claimed = await claim_due(session, parts.carriers, parts.clock(), held)
        failpoint("before_claim_commit")
    failpoint("after_claim")
    for batch in claimed:
        ids = [str(call_id) for call_id in batch.calls]
        await ctx["redis"].enqueue_job("place_calls", ids, batch.per_second, _job_id=f"calls:{ids[0]}")
    return sum(len(batch.calls) for batch in claimed)


async def _held_campaigns(ctx: Context) -> Sequence[int]:
    """Return the campaigns whose voice has not passed its preflight, and enqueue the preflights that are due."""
    parts = ctx["parts"]
    if parts.voices is None:
        return ()
    async with parts.sessions() as session:
        if not await voice_checks.list_unchecked(session):  # the usual case: avoids a write transaction per tick
            return ()
    async with parts.sessions.begin() as session:
        requested = await request_preflights(session)
        held = await voice_checks.list_unchecked(session)
    for campaign_id in requested:
        await ctx["redis"].enqueue_job("try_voice", campaign_id)
    return held


async def preflight_voice_job(ctx: Context, campaign_id: int) -> bool:
    """Run the preflight of a campaign's voice; return whether it passed."""
    parts = ctx["parts"]
    assert parts.voices is not None
    return await preflight_voice(parts.sessions, campaign_id, parts.voices.trial())


async def _request_calls(ctx: Context) -> None:
    """Enqueue individually requested calls; their intents are committed, and their ids are queued in Redis."""
    for _ in range(MAX_ASKED):
        raw: bytes | None = await ctx["redis"].lpop(live_feed.REQUESTED_CALLS)  # type: ignore[misc]  # sync or async
        if raw is None:
            return
        await ctx["redis"].enqueue_job("place_calls", [raw.decode()], 1.0, _job_id=f"calls:{raw.decode()}")


async def place_calls(ctx: Context, call_ids: list[str], per_second: float) -> int:
    """Place intended calls, no faster than the campaign's pace; return how many the carrier accepted."""
    parts = ctx["parts"]
    failpoint("job_started")
    if not await check_clocks(parts.sessions):
        return 0  # the intents stay, and the sweep enqueues them again
    ids = [UUID(call_id) for call_id in call_ids]
    results = await place(parts.sessions, ids, parts.carriers, parts.addresses, parts.clock, per_second)
    callees = await who_is_called(parts, [call_id for call_id, result in results.items() if isinstance(result, Placed)])
    for call_id, result in results.items():
        match result:
            case Placed():
                fields = {"status": "active", "state": "placed", **callees.get(call_id, {})}
                text = live_feed.message("callStatus", call_id, parts.clock(), **fields)
                await live_feed.publish(ctx["redis"], text)
            case Throttled(reason, after_s):
                log.warning("call postponed: %s", reason, extra={"call_id": str(call_id)})
                await ctx["redis"].enqueue_job("place_calls", [str(call_id)], 1.0, _defer_by=after_s)
            case Skipped(reason):
                log.info("call not placed: %s", reason, extra={"call_id": str(call_id)})
            case other:
                log.warning("call not placed: %s", other.says, extra={"call_id": str(call_id)})
    return sum(isinstance(result, Placed) for result in results.values())


async def who_is_called(parts: WorkerContext, call_ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """Return the callees' details by call, for the Live page; {} if the database is away, as the page can do without."""
    if not call_ids:
        return {}
    try:
        async with parts.sessions() as session:
            return await live_calls.callees(session, call_ids)
    except (DatabaseError, OSError) as error:
        log.warning("callee details could not be read for the Live page: %s", error)
        return {}


async def judge(ctx: Context) -> int:
    """Pause campaigns whose circuit breaker trips; return how many."""
    async with ctx["parts"].sessions.begin() as session:
        tripped = await trip_breakers(session)
    for breaker in tripped:
        log.error("campaign %r was paused automatically: %s", breaker.campaign, breaker.why)
    return len(tripped)


async def sweep_calls(ctx: Context) -> int:
    """Resolve stuck calls; return how many changed."""
    parts = ctx["parts"]
    swept = await sweep(parts.sessions, parts.carriers, parts.clock(), parts.patience)
    for call_id in swept.intents:
        await ctx["redis"].enqueue_job("place_calls", [str(call_id)], 1.0, _job_id=f"again:{call_id}")
    for change in swept.changed:
        text = live_feed.message(
            "callStatus", change.call_id, parts.clock(), status="inactive", state=change.state, outcome=change.outcome
        )
        await live_feed.publish(ctx["redis"], text)
    return len(swept.changed)


async def reconcile_lists(ctx: Context) -> int:
    """Compare our calls with the carriers' lists, once a day across all workers; return how many incidents are new."""
    parts = ctx["parts"]
    async with parts.sessions.begin() as session:
        if not await incidents.claim_turn(session, "reconcile", RECONCILE_EVERY):
            return 0
    done = await reconcile(parts.sessions, parts.carriers, parts.clock(), datetime.now(UTC) - RECONCILE_SPAN)
    level = logging.ERROR if done.told else logging.INFO
    log.log(level, "reconciled: %s calls listed by the carriers, %s new incidents", done.listed, done.told)
    return done.told


async def erase_recordings(ctx: Context) -> int:
    """Erase recordings past their retention, once a day across all workers; return how many were erased."""
    parts = ctx["parts"]
    async with parts.sessions.begin() as session:
        if not await incidents.claim_turn(session, "erase_recordings", ERASE_EVERY):
            return 0
    erased = await erase_expired(parts.sessions, parts.clock())
    if erased:
        log.info("erased %s recordings past their retention", erased)
    return erased


def tolerant(job: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Wrap a periodic job so that an unreachable database or Redis skips one run and is logged once per run."""

    async def run(ctx: Any) -> int:
        try:
            done: int = await job(ctx)
        except (DatabaseError, OSError) as error:
            log.error("%s skipped: %s", job.__name__, error)
            return 0
        return done

    run.__qualname__ = run.__name__ = job.__name__
    return run
