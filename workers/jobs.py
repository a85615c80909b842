"""The worker's jobs, each of seconds: open a transaction, call one flow, ring the bell for what follows.

Told twice, a job does nothing the second time: what is to be done is decided by the rows, never by the message.
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
    """What every job of a worker shares."""

    sessions: Sessions
    carriers: Carriers
    addresses: CallbackUrls
    clock: Callable[[], datetime]
    patience: Patience
    voices: PreflightVoices | None = None
    """Where it is None, no voice is tried."""


class Context(TypedDict):
    """arq's context, as far as the jobs use it."""

    redis: ArqRedis
    parts: WorkerContext
    settings: Settings


async def check_clocks(sessions: Sessions) -> bool:
    """Whether this machine's clock and the database's tell the same time (reliability.md R22).

    The hours in which people may be called are judged by this machine's: one that is wrong rings nobody.
    """
    async with sessions() as session:
        theirs = await database_clock.read(session)
    apart: float = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart > CLOCKS_APART_S:
        log.error("nothing is rung: this machine's clock and the database's are %.1f s apart; set them right", apart)
    return apart <= CLOCKS_APART_S


async def tick(ctx: Context) -> int:
    """Claim what is due and ring the bell once per claimed batch; how many calls were claimed."""
    parts = ctx["parts"]
    await _request_calls(ctx)
    if not await worth_claiming(parts.sessions, parts.clock()) or not await check_clocks(parts.sessions):
        return 0
    held = await _held(ctx)
    async with parts.sessions.begin() as session:
        claimed = await claim_due(session, parts.carriers, parts.clock(), held)
        failpoint("before_claim_commit")
    failpoint("after_claim")
    for batch in claimed:
        ids = [str(call_id) for call_id in batch.calls]
        await ctx["redis"].enqueue_job("place_calls", ids, batch.per_second, _job_id=f"calls:{ids[0]}")
    return sum(len(batch.calls) for batch in claimed)


async def _held(ctx: Context) -> Sequence[int]:
    """The campaigns whose voice has not spoken yet; those that are to be tried now are put to work."""
    parts = ctx["parts"]
    if parts.voices is None:
        return ()
    async with parts.sessions() as session:
        if not await voice_checks.list_unchecked(session):  # at nearly every tick
            return ()
    async with parts.sessions.begin() as session:
        asked = await request_preflights(session)
        held = await voice_checks.list_unchecked(session)
    for campaign_id in asked:
        await ctx["redis"].enqueue_job("try_voice", campaign_id)
    return held


async def preflight_voice_job(ctx: Context, campaign_id: int) -> bool:
    """Try a campaign's voice; whether it speaks."""
    parts = ctx["parts"]
    assert parts.voices is not None
    return await preflight_voice(parts.sessions, campaign_id, parts.voices.trial())


async def _request_calls(ctx: Context) -> None:
    """Calls that somebody asked for one by one: their intents are written, and their ids wait in Redis."""
    for _ in range(MAX_ASKED):
        asked: bytes | None = await ctx["redis"].lpop(live_feed.REQUESTED_CALLS)  # type: ignore[misc]  # sync or async
        if asked is None:
            return
        await ctx["redis"].enqueue_job("place_calls", [asked.decode()], 1.0, _job_id=f"calls:{asked.decode()}")


async def place_calls(ctx: Context, call_ids: list[str], per_second: float) -> int:
    """Place intended calls, no faster than the campaign's pace; how many the carrier took."""
    parts = ctx["parts"]
    failpoint("job_started")
    if not await check_clocks(parts.sessions):
        return 0  # the intents stay, and are called for again
    ids = [UUID(call_id) for call_id in call_ids]
    found = await place(parts.sessions, ids, parts.carriers, parts.addresses, parts.clock, per_second)
    who = await who_is_called(parts, [call_id for call_id, answer in found.items() if isinstance(answer, Placed)])
    for call_id, answer in found.items():
        match answer:
            case Placed():
                told = {"status": "active", "state": "placed", **who.get(call_id, {})}
                text = live_feed.message("callStatus", call_id, parts.clock(), **told)
                await live_feed.publish(ctx["redis"], text)
            case Throttled(says, after_s):
                log.warning("call put off: %s", says, extra={"call_id": str(call_id)})
                await ctx["redis"].enqueue_job("place_calls", [str(call_id)], 1.0, _defer_by=after_s)
            case Skipped(says):
                log.info("call not placed: %s", says, extra={"call_id": str(call_id)})
            case other:
                log.warning("call not placed: %s", other.says, extra={"call_id": str(call_id)})
    return sum(isinstance(answer, Placed) for answer in found.values())


async def who_is_called(parts: WorkerContext, call_ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """Whom calls are to, for the Live page; nothing where the database is away: the page then learns it later."""
    if not call_ids:
        return {}
    try:
        async with parts.sessions() as session:
            return await live_calls.callees(session, call_ids)
    except (DatabaseError, OSError) as error:
        log.warning("the Live page is not told whom calls are to: %s", error)
        return {}


async def judge(ctx: Context) -> int:
    """Pause campaigns that do harm; how many were."""
    async with ctx["parts"].sessions.begin() as session:
        tripped = await trip_breakers(session)
    for each in tripped:
        log.error("campaign %r paused itself: %s", each.campaign, each.why)
    return len(tripped)


async def sweep_calls(ctx: Context) -> int:
    """Put stuck calls right; how many changed."""
    parts = ctx["parts"]
    swept = await sweep(parts.sessions, parts.carriers, parts.clock(), parts.patience)
    for call_id in swept.intents:
        await ctx["redis"].enqueue_job("place_calls", [str(call_id)], 1.0, _job_id=f"again:{call_id}")
    for each in swept.changed:
        text = live_feed.message(
            "callStatus", each.call_id, parts.clock(), status="inactive", state=each.state, outcome=each.outcome
        )
        await live_feed.publish(ctx["redis"], text)
    return len(swept.changed)


async def reconcile_lists(ctx: Context) -> int:
    """Once a day, by whichever worker comes first: our calls against the carriers' lists; how many new incidents."""
    parts = ctx["parts"]
    async with parts.sessions.begin() as session:
        if not await incidents.claim_turn(session, "reconcile", RECONCILE_EVERY):
            return 0
    done = await reconcile(parts.sessions, parts.carriers, parts.clock(), datetime.now(UTC) - RECONCILE_SPAN)
    level = logging.ERROR if done.told else logging.INFO
    log.log(level, "reconciled: %s calls listed by the carriers, %s new incidents", done.listed, done.told)
    return done.told


async def erase_recordings(ctx: Context) -> int:
    """Once a day, by whichever worker comes first: recordings that were kept long enough; how many were erased."""
    parts = ctx["parts"]
    async with parts.sessions.begin() as session:
        if not await incidents.claim_turn(session, "erase_recordings", ERASE_EVERY):
            return 0
    erased = await erase_expired(parts.sessions, parts.clock())
    if erased:
        log.info("%s recordings were kept long enough and are erased", erased)
    return erased


def tolerant(job: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A job that runs again by itself soon: a database or Redis that is away costs this turn and is said once a turn."""

    async def run(ctx: Any) -> int:
        try:
            done: int = await job(ctx)
        except (DatabaseError, OSError) as error:
            log.error("%s put off: %s", job.__name__, error)
            return 0
        return done

    run.__qualname__ = run.__name__ = job.__name__
    return run
