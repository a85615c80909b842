"""Applies the webhooks that the web processes stored: on notification, and every second as a fallback.

Not an arq job: it must continue while Redis is away, and one loop per worker is enough.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from dialer.bus import live_feed
from dialer.services.calls.apply_webhook import apply_webhook, do_at_carrier, record_failure
from dialer.services.calls.record_status import Recorded
from dialer.store.calls import webhooks_in
from dialer.store.sessions import DatabaseError
from workers.jobs import WorkerContext, who_is_called

MAX_CONCURRENT = 100
POLL_EVERY_S = 1
RETRY_EVERY_S = 10.0
log = logging.getLogger(__name__)


@asynccontextmanager
async def apply_in_background(parts: WorkerContext, redis: "Redis") -> AsyncIterator[None]:
    """Apply webhooks in a background task inside the context."""
    task = asyncio.create_task(_apply_loop(parts, redis))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _apply_loop(parts: WorkerContext, redis: "Redis") -> None:
    loop = asyncio.get_running_loop()
    retry_at = loop.time()
    while True:
        try:
            await redis.blpop([live_feed.CALL_REQUESTED], timeout=POLL_EVERY_S)  # type: ignore[misc]  # typed as sync or async
        except (RedisError, OSError):
            await asyncio.sleep(POLL_EVERY_S)
        retry = loop.time() >= retry_at
        retry_at = loop.time() + RETRY_EVERY_S if retry else retry_at
        try:
            await apply_all(parts, redis)
            if retry:
                await apply_all(parts, redis, again=True)
        except (DatabaseError, OSError) as error:
            log.error("webhooks could not be applied, will retry: %s", error)
            await asyncio.sleep(POLL_EVERY_S)


async def apply_all(parts: WorkerContext, redis: "Redis | None" = None, *, again: bool = False) -> int:
    """Apply all stored webhooks; return how many were processed. `again` retries those that failed, once each."""
    done = 0
    while True:
        async with parts.sessions() as session:
            ids = await webhooks_in.unapplied(session, MAX_CONCURRENT, again=again)
        for event_id in ids:
            recorded = await _apply(parts, event_id)
            if recorded is not None and redis is not None:
                await live_feed.publish(redis, await _message(parts, recorded))
        done += len(ids)
        if again or len(ids) < MAX_CONCURRENT:
            return done


async def _apply(parts: WorkerContext, event_id: int) -> Recorded | None:
    try:
        async with parts.sessions.begin() as session:
            applied = await apply_webhook(session, event_id, parts.carriers, parts.clock())
    except Exception as error:  # a bug in handling one event must not block the others
        log.exception("webhook could not be applied: event %s", event_id)
        async with parts.sessions.begin() as session:
            await record_failure(session, event_id, error)
        return None
    if applied is None:
        return None
    await do_at_carrier(parts.carriers, applied.wanted)
    return applied.recorded


async def _message(parts: WorkerContext, recorded: Recorded) -> str:
    now, outcome = parts.clock(), recorded.outcome
    fields: dict[str, object] = {"status": "inactive", "state": recorded.state, "outcome": outcome}
    if outcome is None:  # a webhook may arrive before the carrier's response, when the page does not know the call yet
        callees = await who_is_called(parts, [recorded.call_id])
        fields |= {"status": "active", **callees.get(recorded.call_id, {})}
    return live_feed.message("callStatus", recorded.call_id, now, **fields)
