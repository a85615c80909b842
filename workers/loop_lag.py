"""Whether this process keeps up with itself: an event loop that stood still is said in the log, with how long.

A worker that was frozen or blocked gives back what it had taken (place_call); this line tells why, and that whatever
else ran in it was late by as much.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

EVERY_S = 0.5
WARN_S = 1.0
log = logging.getLogger(__name__)


@asynccontextmanager
async def watch_loop_lag(every_s: float = EVERY_S, warn_s: float = WARN_S) -> AsyncIterator[None]:
    """Watch the running event loop for as long as the context lasts."""
    watch = asyncio.create_task(_watch(every_s, warn_s))
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


async def _watch(every_s: float, warn_s: float) -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(every_s)
        lag = time.monotonic() - before - every_s
        if lag > warn_s:
            log.warning("the event loop stood still for %.1f s: blocked, frozen, or a machine that is too busy", lag)
