"""The arq worker. Redis only wakes jobs; database rows decide what is to be done.

Jobs are serialized as JSON instead of pickle and take seconds; SIGTERM waits for running jobs; polling is frequent enough
that due calls are not delayed. Redis may restart, hang, be full or be read-only: the worker logs it, waits, and resumes
when Redis is back.
"""

import asyncio
import json
import logging
import os
import socket
import time
from contextlib import AsyncExitStack
from datetime import UTC, timedelta
from typing import Any, cast

from arq import ArqRedis, cron
from arq.constants import default_queue_name
from arq.worker import Worker, func
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from dialer.services.dialing.acquire import CallbackUrls
from dialer.services.dialing.sweep import Patience
from dialer.settings import Settings, WrongSettingError
from dialer.wiring.carriers import make_carriers
from dialer.wiring.stores import open_store
from dialer.wiring.voices import make_sockets, make_voices
from workers.audit_anchor import anchor_audit
from workers.exports import send_webhooks, webhook_context, write_scheduled
from workers.job_runner import JobRunner, run_next_job
from workers.jobs import (
    WorkerContext,
    erase_recordings,
    judge,
    place_calls,
    preflight_voice_job,
    reconcile_lists,
    sweep_calls,
    tick,
    tolerant,
)
from workers.loop_lag import watch_loop_lag
from workers.mail_and_calendars import read_busy_times, send_mail, set_mail_context
from workers.sweep_files import sweep_old_files
from workers.voices import PreflightVoices
from workers.webhooks import apply_in_background

EVERY_SECOND = set(range(60))
EVERY_FIVE = set(range(0, 60, 5))
EVERY_TEN = set(range(0, 60, 10))
REDIS_TIMEOUT_S = 3.0
MAX_JOBS = 20
POLL_S = 0.05
RETRIES = 12  # about ten seconds, enough to cover a restart of Redis
MAX_WAIT_S = 10.0
RECOVERED_AFTER_S = 3.0
log = logging.getLogger(__name__)


def dumps(value: dict[str, Any]) -> bytes:
    """Serialize a job as JSON: with arq's default pickle, write access to Redis would mean code execution here."""
    return json.dumps(value, default=str).encode()


loads = json.loads


def open_redis(url: str) -> ArqRedis:
    """Create arq's Redis client: retries cover a restart, and short timeouts a server that hangs."""
    redis: ArqRedis = ArqRedis.from_url(
        url,
        encoding="utf8",
        socket_connect_timeout=2,
        socket_timeout=REDIS_TIMEOUT_S,
        retry=Retry(ExponentialBackoff(cap=1, base=0.1), RETRIES),
        retry_on_error=[RedisConnectionError, RedisTimeoutError, OSError],
    )
    redis.job_serializer, redis.job_deserializer = dumps, loads
    redis.default_queue_name = default_queue_name
    return redis


class ResilientWorker(Worker):
    """An arq worker that survives an unreachable, full or read-only Redis."""

    _failed = 0
    _failed_at = 0.0

    async def _poll_iteration(self) -> None:
        try:
            await super()._poll_iteration()
        except (RedisError, OSError) as error:
            self._failed += 1
            wait_s = min(MAX_WAIT_S, 0.5 * 2 ** min(self._failed, 8))
            log.error("Redis is unavailable, no calls are placed; next attempt in %.0f s: %s", wait_s, error)
            await asyncio.sleep(wait_s)
            self._failed_at = time.monotonic()
            for job in self.cron_jobs:
                job.next_run = None  # do not catch up on missed runs: every tick processes all that is due
        else:
            # A successful poll is not enough: a read-only Redis passes it.
            if self._failed and time.monotonic() > self._failed_at + RECOVERED_AFTER_S:
                log.warning("Redis is back")
                self._failed = 0

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Start jobs one by one, because arq does not release the slot of a job that Redis failed to deliver."""
        for job_id in job_ids:
            if self.job_counter >= self.max_jobs:
                return
            try:
                await super().start_jobs([job_id])
            except (RedisError, OSError):
                self._release_sem_dec_counter_on_complete()
                raise

    async def close(self) -> None:
        """Shut down, even if Redis is unavailable."""
        try:
            await super().close()
        except (RedisError, OSError) as error:
            log.warning("shut down without Redis: %s", error)


async def start(ctx: dict[str, Any]) -> None:
    """Open the worker's resources (arq's on_startup)."""
    settings: Settings = ctx["settings"]
    stack = ctx["stack"] = AsyncExitStack()
    await stack.enter_async_context(watch_loop_lag())
    store = await stack.enter_async_context(open_store(settings))
    carriers = make_carriers(settings)
    for carrier in carriers.values():
        stack.push_async_callback(carrier.close)
    parts = ctx["parts"] = WorkerContext(
        store.sessions,
        carriers,
        CallbackUrls(settings.public_url, settings.media_url),
        store.clock.now,
        Patience(
            timedelta(seconds=settings.dialer_placing_after_s), timedelta(seconds=settings.dialer_unknown_horizon_s)
        ),
        voices := PreflightVoices(make_voices(settings), make_sockets(settings)),
    )
    stack.push_async_callback(voices.shut)
    await stack.enter_async_context(apply_in_background(parts, ctx["redis"]))
    runner = ctx["job_runner"] = JobRunner(settings)
    stack.push_async_callback(runner.stop)
    await stack.enter_async_context(webhook_context(ctx, settings))
    set_mail_context(ctx, settings)


async def stop(ctx: dict[str, Any]) -> None:
    """Close the worker's resources (arq's on_shutdown)."""
    await ctx["stack"].aclose()


def run(settings: Settings) -> None:
    """Run the worker until it is stopped."""
    if settings.dialer_redis_url is None:
        raise WrongSettingError("DIALER_REDIS_URL is not set")
    logging.getLogger("arq").setLevel(logging.WARNING)
    asyncio.set_event_loop(asyncio.new_event_loop())
    once: dict[str, Any] = {"max_tries": 1, "keep_result": 0}
    ResilientWorker(
        functions=[
            func(cast(Any, place_calls), name="place_calls", timeout=60, max_tries=3, keep_result=0),
            func(cast(Any, preflight_voice_job), name="try_voice", timeout=45, max_tries=1, keep_result=0),
        ],
        cron_jobs=[
            cron(cast(Any, tolerant(tick)), name="tick", second=EVERY_SECOND, timeout=20, **once),
            cron(cast(Any, tolerant(judge)), name="judge", second=EVERY_FIVE, timeout=20, **once),
            cron(cast(Any, tolerant(sweep_calls)), name="sweep", second=EVERY_FIVE, timeout=60, **once),
            cron(cast(Any, tolerant(reconcile_lists)), name="reconcile", minute=EVERY_TEN, timeout=600, **once),
            cron(cast(Any, tolerant(run_next_job)), name="long_work", second=EVERY_SECOND, timeout=20, **once),
            cron(cast(Any, tolerant(write_scheduled)), name="scheduled", second=EVERY_TEN, timeout=600, **once),
            cron(cast(Any, tolerant(send_webhooks)), name="hooks", second=EVERY_FIVE, timeout=60, **once),
            cron(cast(Any, tolerant(send_mail)), name="mail", second=EVERY_FIVE, timeout=300, **once),
            cron(cast(Any, tolerant(read_busy_times)), name="calendars", second=EVERY_TEN, timeout=120, **once),
            cron(cast(Any, tolerant(sweep_old_files)), name="sweep_files", hour={3}, minute={17}, timeout=600, **once),
            cron(cast(Any, tolerant(anchor_audit)), name="anchor", hour={3}, minute={7}, timeout=60, **once),
            cron(cast(Any, tolerant(erase_recordings)), name="erase", minute=EVERY_TEN, timeout=600, **once),
        ],
        redis_pool=open_redis(settings.dialer_redis_url),
        job_serializer=dumps,
        job_deserializer=loads,
        max_jobs=MAX_JOBS,
        poll_delay=POLL_S,
        queue_read_limit=200,
        job_completion_wait=30,
        keep_result=0,
        health_check_interval=10,
        health_check_key=f"arq:health:{socket.gethostname()}:{os.getpid()}",
        on_startup=start,
        on_shutdown=stop,
        ctx={"settings": settings},
        timezone=UTC,
    ).run()
