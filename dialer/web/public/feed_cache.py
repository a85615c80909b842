"""The CSV files of feeds that were read within the last minute: however often a URL is asked for, it costs one export."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

KEPT_S = 60.0


class FeedBusyError(Exception):
    """An export of this feed is running; there is no file to show yet."""


class FeedCache:
    """The files of one process, in a folder that only it can read."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._folder = tempfile.TemporaryDirectory(prefix="dialer-feeds-")
        self._files: dict[int, tuple[Path, float]] = {}
        self._making: set[int] = set()
        self._count = 0

    async def get(self, feed_id: int, write: Callable[[Path], Awaitable[None]]) -> Path:
        """The feed's file, at most a minute old; `write` makes it where there is none.

        Open it before anything else is awaited: a later call may delete it.

        Raises:
            FeedBusyError: it is being made for another request.
        """
        self._forget_old()
        if (held := self._files.get(feed_id)) is not None:
            return held[0]
        if feed_id in self._making:
            raise FeedBusyError
        self._making.add(feed_id)
        self._count += 1
        path = Path(self._folder.name) / f"{feed_id}-{self._count}.csv"
        try:
            await write(path)
        finally:
            self._making.discard(feed_id)
        self._files[feed_id] = path, self._now()
        asyncio.get_running_loop().call_later(KEPT_S + 1, self._forget_old)
        return path

    def close(self) -> None:
        """Delete all files."""
        self._files.clear()
        self._folder.cleanup()

    def _forget_old(self) -> None:
        for feed_id, (path, made) in list(self._files.items()):
            if self._now() - made >= KEPT_S:
                del self._files[feed_id]
                path.unlink(missing_ok=True)
