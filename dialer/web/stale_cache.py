"""Sums that are dear to make, kept for a moment: whoever asks meanwhile is answered at once, with how old they are.

What took long is kept longer (twenty times as long as it took, a minute at most), so that the sums never take more than a
twentieth of the database's time. Past that, whoever asks waits a tenth of a second for the new one; where it takes longer,
they are shown the old one, up to ten minutes of age.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
LEAST_S, TIMES, MOST_S = 1.0, 20, 60.0
STALE_S = 600.0
WAIT_S = 0.1
MAX_ENTRIES = 500


@dataclass(slots=True)
class _Entry:
    value: Any
    made: float
    good_for: float


class StaleCache:
    """The sums of one process."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._held: dict[Hashable, _Entry] = {}
        self._making: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """The sum of that name, made where there is none that is good. Raises what `make` raises."""
        held = self._held.get(key)
        age = self._now() - held.made if held else 0.0
        if held is not None and age <= held.good_for:
            found: T = held.value
            return found
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._make(key, make))
            making.add_done_callback(lambda done: self._made(key, done))
        if held is not None and age <= STALE_S:
            done, _ = await asyncio.wait({making}, timeout=WAIT_S)
            stale: T = making.result() if done else held.value
            return stale
        made: T = await asyncio.shield(making)
        return made

    def forget(self, key: Hashable) -> None:
        """Something was just changed: the next one who asks waits for the new sum."""
        self._held.pop(key, None)
        self._making.pop(key, None)

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        began = self._now()
        value = await make()
        took = self._now() - began
        if len(self._held) >= MAX_ENTRIES:
            self._held.clear()
        self._held[key] = _Entry(value, began, min(MOST_S, max(LEAST_S, took * TIMES)))
        return value

    def _made(self, key: Hashable, done: "asyncio.Task[Any]") -> None:
        if self._making.get(key) is done:
            del self._making[key]
        if not done.cancelled():
            done.exception()  # told to whoever waits; nobody may, and the next one tries again
