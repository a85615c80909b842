"""Webhooks are kept before they are answered, those that come together in one commit.

Whoever waits is answered after the commit that holds its own event. The workers apply what is kept; the bell tells
them, and if it is not heard they look every second.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from dialer.store.calls import webhooks_in
from dialer.store.calls.webhooks_in import Event
from dialer.store.sessions import Sessions, autocommit

Waiting = list[tuple[Event, "asyncio.Future[UUID | None]"]]
MAX_AT_ONCE = 500


class WebhookInbox:
    """The events of one web process on their way into the database."""

    def __init__(self, sessions: Sessions, bell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._sessions = sessions
        self._bell = bell
        self._waiting: Waiting = []
        self._writing: asyncio.Task[None] | None = None
        self._ringing: asyncio.Task[None] | None = None

    async def store(self, event: Event) -> UUID | None:
        """Store an event; return its call, None for a call of nobody. Raises what the database raises: nothing was stored.

        An event with NUL, which PostgreSQL holds in no text, is of no call: it must not fail the batch of the others.
        """
        if any("\0" in text for text in (event.sid, event.sequence, *event.fields, *event.fields.values())):
            return None
        kept: asyncio.Future[UUID | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return await kept

    async def close(self) -> None:
        """Finish what was accepted; to be called before Redis and the database are closed."""
        for task in (self._writing, self._ringing):
            if task is not None:
                await asyncio.gather(task, return_exceptions=True)

    async def _write_all(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:MAX_AT_ONCE], self._waiting[MAX_AT_ONCE:]
            await self._write(some)
            if self._ringing is None or self._ringing.done():
                self._ringing = asyncio.create_task(self._bell())

    async def _write(self, some: Waiting) -> None:
        try:
            # One statement that commits itself: three round trips less than a transaction around it.
            async with self._sessions() as session:
                await autocommit(session)
                found = await webhooks_in.store(session, [event for event, _ in some])
        except Exception as error:  # noqa: BLE001 - those who wait are told, whatever it is
            if len(some) == 1:
                _answer(some[0][1], error)
                return
            for each in some:  # one of them may be what fails
                await self._write([each])
            return
        for (_, kept), call_id in zip(some, found, strict=True):
            _answer(kept, call_id)


def _answer(kept: "asyncio.Future[UUID | None]", result: UUID | Exception | None) -> None:
    if kept.done():  # its request was given up by the carrier
        return
    if isinstance(result, Exception):
        kept.set_exception(result)
    else:
        kept.set_result(result)
