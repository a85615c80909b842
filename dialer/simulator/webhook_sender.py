"""Delivers webhooks: one queue per call, subject to fault rules.

Webhooks of one call are delivered in the order of its events unless a fault changes it; calls do not wait for each
other.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from dialer.simulator.faults import Faults

Deliver = Callable[[], Coroutine[Any, Any, object]]


@dataclass(frozen=True, slots=True)
class _Delivery:
    event: str
    to: str
    deliver: Deliver


class WebhookSender:
    """The outgoing webhooks of one carrier."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._queues: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, list[_Delivery]] = {}

    def send(self, sid: str, to: str, event: str, deliver: Deliver, *, last: bool) -> bool:
        """Apply the faults and queue a delivery behind the earlier ones of its call; return False if a fault loses it.

        `last` releases the deliveries that a `reverse` fault holds back, in reverse order.
        """
        delivery = _Delivery(event, to, deliver)
        if self._faults.take("webhook", "lose", to=to, event=event):
            return False
        if sid in self._held or self._faults.take("webhook", "reverse", to=to, event=event):
            self._held.setdefault(sid, []).append(delivery)
            if last:
                for late in reversed(self._held.pop(sid)):
                    self._queue(sid, late)
            return True
        self._queue(sid, delivery)
        return True

    async def drain(self) -> None:
        """Wait until everything queued has been delivered or abandoned."""
        while self._queues:
            await asyncio.gather(*self._queues.values(), return_exceptions=True)

    async def stop(self) -> None:
        """Cancel all queued deliveries."""
        tasks = list(self._queues.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _queue(self, sid: str, delivery: _Delivery) -> None:
        delay = self._faults.take("webhook", "delay", to=delivery.to, event=delivery.event)
        duplicate = self._faults.take("webhook", "duplicate", to=delivery.to, event=delivery.event)
        before = self._queues.get(sid)
        if delay is not None:
            before = None  # a delayed delivery does not hold up those behind it
        task = asyncio.create_task(
            _after(before, delivery.deliver, delay.seconds if delay else 0.0, duplicate.times if duplicate else 1)
        )
        key = sid if delay is None else f"{sid}:{id(task)}"
        self._queues[key] = task
        task.add_done_callback(lambda done: self._discard(key, done))

    def _discard(self, key: str, done: "asyncio.Task[None]") -> None:
        if self._queues.get(key) is done:
            del self._queues[key]


async def _after(before: "asyncio.Task[None] | None", deliver: Deliver, delay_s: float, times: int) -> None:
    if before is not None:
        await asyncio.gather(before, return_exceptions=True)
    if delay_s:
        await asyncio.sleep(delay_s)
    for _ in range(times):
        await deliver()
