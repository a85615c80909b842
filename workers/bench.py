"""Runs jobs through arq as the workers do, for `dialer bench dial`: the product and its baseline use the same queue."""

import time
from collections.abc import Sequence
from typing import Any, cast

from arq.worker import Worker, func

from workers.main import MAX_JOBS, POLL_S, dumps, loads, open_redis


async def run_jobs(
    redis_url: str, job: Any, arguments: Sequence[tuple[Any, ...]], ctx: dict[str, Any]
) -> tuple[float, float]:
    """Enqueue one job per tuple of arguments and process all; return CPU seconds of this process, and wall seconds."""
    redis = open_redis(redis_url)
    for job_arguments in arguments:
        await redis.enqueue_job("job", *job_arguments)
    worker = Worker(
        functions=[func(cast(Any, job), name="job", keep_result=0)],
        redis_pool=redis,
        job_serializer=dumps,
        job_deserializer=loads,
        max_jobs=MAX_JOBS,
        poll_delay=POLL_S,
        burst=True,
        handle_signals=False,
        ctx=ctx,
    )
    cpu, wall = time.process_time(), time.perf_counter()
    await worker.async_run()
    took = time.process_time() - cpu, time.perf_counter() - wall
    await redis.aclose()
    return took
