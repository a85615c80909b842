"""Runs long jobs (imports, exports, …) in a separate process, so that they do not delay calls."""

import asyncio
import logging
import os
import sys
from typing import Any

from dialer.settings import Settings
from dialer.store.system import jobs
from workers.jobs import Context

PARENT = "DIALER_PARENT"
STOP_TIMEOUT_S = 5.0
log = logging.getLogger(__name__)


class JobRunner:
    """Runs at most one job at a time for a worker."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None

    async def begin_next(self, ctx: Context) -> int:
        """Start the next job unless one is running here; return how many were started."""
        if self._process is not None and self._process.returncode is None:
            return 0
        async with ctx["parts"].sessions.begin() as session:
            job_id = await jobs.claim(session)
        if job_id is None:
            return 0
        environment: dict[str, str] = {
            **os.environ,
            "DIALER_DATABASE_URL": self._settings.dialer_database_url or "",
            "DIALER_REDIS_URL": self._settings.dialer_redis_url or "",
            PARENT: str(os.getpid()),
        }
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dialer", "job", str(job_id)), env=environment, stdin=asyncio.subprocess.DEVNULL
        )
        log.info("started job %s", job_id)
        return 1

    async def stop(self) -> None:
        """Terminate the job's process: uncommitted work is rolled back, and another worker starts the job again."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


async def run_next_job(ctx: Any) -> int:
    """Start the next job (arq job, see `JobRunner`)."""
    runner: JobRunner = ctx["job_runner"]
    return await runner.begin_next(ctx)
