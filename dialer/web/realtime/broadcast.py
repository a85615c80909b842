"""Everybody who watches calls through this process: one Redis subscription serves them all.

A watcher that cannot keep up loses messages, not the process its memory.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType

from redis.asyncio import Redis
from redis.exceptions import RedisError

from dialer.bus import live_feed

BACKLOG = 500
RETRY_S = 1.0


class Broadcast:
    """Everybody who watches through this process."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._queues: set[asyncio.Queue[str]] = set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Broadcast":
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator["asyncio.Queue[str]"]:
        """The messages from now on, as a queue."""
        queue: asyncio.Queue[str] = asyncio.Queue(BACKLOG)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    async def _listen(self) -> None:
        while True:
            try:
                async with live_feed.subscribe(self._redis) as messages:
                    async for text in messages:
                        for queue in self._queues:
                            if queue.full():
                                queue.get_nowait()
                            queue.put_nowait(text)
            except (RedisError, OSError):
                await asyncio.sleep(RETRY_S)
