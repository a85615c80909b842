"""The arq worker: Redis is a doorbell, the rows say what is to be done.

The settings follow reliability.md R14: JSON instead of pickle, jobs of seconds, a wait for running jobs at SIGTERM, a
Redis that may restart, and polls quick enough that a due call does not wait for them.
"""

import asyncio
import json
import logging
import os
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, ClassVar, cast

from arq import cron, run_worker
from arq.connections import RedisSettings
from arq.worker import func
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from dialer.flows.place_call import Addresses
from dialer.flows.sweep import Patience
from dialer.settings import Settings, WrongSettingError
from dialer.wiring.carriers import make_carriers
from dialer.wiring.stores import open_store
from workers.jobs import Parts, judge, place_calls, sweep_calls, tick, tolerant

EVERY_SECOND = set(range(60))
EVERY_FIVE = set(range(0, 60, 5))
EVERY_TEN = set(range(0, 60, 10))


def dumps(value: dict[str, Any]) -> bytes:
    """What goes through Redis is JSON: whoever can write there can then still run nothing (reliability.md A21)."""
    return json.dumps(value, default=str).encode()


def redis_settings(url: str) -> RedisSettings:
    """arq's connection, patient with a Redis that restarts (reliability.md A9)."""
    settings = RedisSettings.from_dsn(url)
    settings.conn_retries = 30
    settings.retry_on_timeout = True
    settings.retry_on_error = [RedisConnectionError, RedisTimeoutError, OSError]
    settings.retry = Retry(ExponentialBackoff(cap=2, base=0.2), 30)
    return settings


class WorkerSettings:
    """arq's settings. `run` fills in what comes from the environment."""

    functions: ClassVar[list[Any]] = [
        func(cast(Any, place_calls), name="place_calls", timeout=60, max_tries=3, keep_result=0)
    ]
    cron_jobs: ClassVar[list[Any]] = [
        cron(cast(Any, tolerant(tick)), name="tick", second=EVERY_SECOND, timeout=20, max_tries=1, keep_result=0),
        cron(cast(Any, tolerant(judge)), name="judge", second=EVERY_FIVE, timeout=20, max_tries=1, keep_result=0),
        cron(cast(Any, tolerant(sweep_calls)), name="sweep", second=EVERY_TEN, timeout=60, max_tries=1, keep_result=0),
    ]
    max_jobs = 20
    poll_delay = 0.05
    queue_read_limit = 200
    job_completion_wait = 30
    keep_result = 0
    health_check_interval = 10
    job_serializer = staticmethod(dumps)
    job_deserializer = staticmethod(json.loads)


async def start(ctx: dict[str, Any]) -> None:
    """Open the database and the carriers of this worker."""
    settings: Settings = ctx["settings"]
    stack = ctx["stack"] = AsyncExitStack()
    store = await stack.enter_async_context(open_store(settings))
    carriers = make_carriers(settings)
    for carrier in carriers.values():
        stack.push_async_callback(carrier.close)
    ctx["parts"] = Parts(
        store.sessions,
        carriers,
        Addresses(settings.public_url, settings.media_url),
        store.clock.now,
        Patience(
            timedelta(seconds=settings.dialer_placing_after_s), timedelta(seconds=settings.dialer_unknown_horizon_s)
        ),
    )


async def stop(ctx: dict[str, Any]) -> None:
    """Close them."""
    await ctx["stack"].aclose()


def run(settings: Settings) -> None:
    """Work until told to stop."""
    if settings.dialer_redis_url is None:
        raise WrongSettingError("DIALER_REDIS_URL is not set")
    logging.getLogger("arq").setLevel(logging.WARNING)
    asyncio.set_event_loop(asyncio.new_event_loop())
    run_worker(
        WorkerSettings,  # type: ignore[arg-type]  # arq's protocol class wants attributes that have defaults
        redis_settings=redis_settings(settings.dialer_redis_url),
        on_startup=start,
        on_shutdown=stop,
        health_check_key=f"arq:health:{os.getpid()}",
        ctx={"settings": settings},
    )
