"""A rehearsal as a process of its own: what stops it stops its servers, its world and its dialer too."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from dialer.cli.errors import CommandError
from dialer.isolated.parent import PARENT
from dialer.settings import Settings

STOP_TIMEOUT_S = 60.0
MAX_LINE_BYTES = 4 * 1024 * 1024
Watch = Callable[[int, int], Awaitable[None]]


async def run_rehearsal(campaign: str, leads: int, settings: Settings, watch: Watch) -> dict[str, Any]:
    """Rehearse a campaign; `watch` is told how many leads of how many are settled. Raises CommandError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialer", "campaign", "rehearse", campaign, "--leads", str(leads), "--steps"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=MAX_LINE_BYTES,
        env={
            **os.environ,
            "DIALER_DATABASE_URL": settings.dialer_database_url or "",
            "DIALER_REDIS_URL": settings.dialer_redis_url or "",
            PARENT: str(os.getpid()),
        },
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said = asyncio.ensure_future(process.stderr.read())
    result: dict[str, Any] | None = None
    try:
        async for line in process.stdout:
            told = json.loads(line)
            if "result" in told:
                result = told["result"]
            else:
                await watch(told["done"], told["total"])
        lines = (await said).decode(errors="replace").strip().splitlines()
        await process.wait()
    finally:
        said.cancel()
        await _end(process)
    if result is None:
        raise CommandError(lines[-1].removeprefix("dialer: ") if lines else "it ended, and did not say why")
    return result


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
