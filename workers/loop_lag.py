"""Event loop lag monitoring: logs when the loop was blocked, and for how long.

A worker that was frozen or blocked gives its claimed calls back (see `dialer.services.dialing.place`); the log line
explains why, and that everything else in the process was late by as much.
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
    """Monitor the running event loop inside the context."""
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
            log.warning("event loop blocked for %.1f s: blocking code, a frozen process or an overloaded machine", lag)
