"""What is said in all calls of a bridge, written down together: many turns in one transaction, told live in one message.

A database that is away delays turns and loses none: those of each call wait, the newest words of each. Turns that the
database will not take keep no other call's from being written.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from redis.asyncio import Redis

from dialer.bridge.conversation.core import Conversation
from dialer.bridge.conversation.effects import SaveTurn
from dialer.bus import live_feed
from dialer.store.calls import transcripts
from dialer.store.sessions import DatabaseError, Sessions

BATCH_S = 0.15
RETRY_S = 0.5
LIVE_TIMEOUT_S = 1.0
MAX_TURNS = 1000
log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class CallTranscript:
    """The turns of one call that are not written yet, and where those that are stand."""

    call_id: UUID
    conversation: Conversation
    waiting: dict[str, SaveTurn] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)

    def add(self, turn: SaveTurn) -> bool:
        """A turn, or newer words of one; False where too many wait already."""
        if turn.item not in self.waiting and len(self.waiting) >= MAX_TURNS:
            log.error("a turn is dropped: %s wait already", MAX_TURNS, extra={"call_id": str(self.call_id)})
            return False
        self.waiting[turn.item] = turn
        return True


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is to be written of one call now: the turns, and the written ones that stand elsewhere by now."""

    page: CallTranscript
    turns: dict[str, SaveTurn]
    moved: dict[str, int]
    places: dict[str, int]


class TranscriptWriter:
    """The writer of a process. It writes while somebody runs `flow`."""

    def __init__(self, sessions: Sessions, redis: "Redis", clock: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._redis = redis
        self._clock = clock
        self._pages: set[CallTranscript] = set()
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()

    def add(self, page: CallTranscript, turn: SaveTurn) -> None:
        """A turn to be written; nothing is awaited."""
        if page.add(turn):
            self._pages.add(page)
            self._wake.set()

    async def flush(self, page: CallTranscript, within_s: float) -> bool:
        """Wait until nothing of a call is left to be written; False if it took too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while page.waiting:
                    self._hurry.set()
                    await asyncio.sleep(0.01)
        self._pages.discard(page)
        return not page.waiting

    async def run(self) -> None:
        """Write for as long as the process lives."""
        while True:
            await self._wake.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(BATCH_S):
                    await self._hurry.wait()
            self._wake.clear()
            self._hurry.clear()
            await self._write([_batch(page) for page in self._pages if page.waiting])
            self._pages = {page for page in self._pages if page.waiting}
            if self._pages:
                self._wake.set()

    async def _write(self, batches: Sequence[_Batch]) -> None:
        if not batches:
            return
        at = self._clock()
        try:
            async with self._sessions.begin() as session:
                await transcripts.save(session, [each for batch in batches for each in _said(batch, at)])
                await transcripts.move(
                    session,
                    [
                        (batch.page.call_id, storable(item), place)
                        for batch in batches
                        for item, place in batch.moved.items()
                    ],
                )
        except (DatabaseError, OSError) as error:
            if len(batches) > 1:  # one call's turns may be what it will not take
                for batch in batches:
                    await self._write([batch])
                return
            log.warning("turns wait for the database: %s", error, extra={"call_id": str(batches[0].page.call_id)})
            await asyncio.sleep(RETRY_S)
            return
        for batch in batches:
            batch.page.places.update(batch.places)
            for item, turn in batch.turns.items():
                if batch.page.waiting.get(item) is turn:
                    del batch.page.waiting[item]
        await self._publish(batches, at)

    async def _publish(self, batches: Sequence[_Batch], at: datetime) -> None:
        """Whoever watches sees what is written; a moment late is never."""
        messages = [
            live_feed.message(
                "ava_response" if turn.who == "ava" else "user_transcript",
                batch.page.call_id,
                at,
                text=turn.words,
                item=turn.item,
                position=batch.places.get(turn.item),
            )
            for batch in batches
            for turn in batch.turns.values()
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(LIVE_TIMEOUT_S):
                await live_feed.publish(self._redis, *messages)


def _batch(page: CallTranscript) -> _Batch:
    positions = page.conversation.positions()
    moved = {item: place for item, place in page.places.items() if positions.get(item, place) != place}
    said = dict(page.waiting)
    standing = page.places.keys() | said.keys()
    return _Batch(
        page,
        said,
        {item: positions[item] for item in moved},
        {item: positions[item] for item in standing if item in positions},
    )


def _said(batch: _Batch, at: datetime) -> list[transcripts.TurnRow]:
    # By the name that is stored: two that differ only in what cannot be stored are one row.
    said = {storable(item): turn for item, turn in batch.turns.items()}
    return [
        transcripts.TurnRow(
            call_id=batch.page.call_id,
            item=item,
            position=batch.places.get(turn.item, len(batch.places)),
            who=turn.who,
            words=storable(turn.words),
            stream_ms=turn.stream_ms,
            heard_ms=turn.heard_ms,
            at=at,
        )
        for item, turn in said.items()
    ]


def storable(text: str) -> str:
    """Text as a database takes it, whatever a provider put into it."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()
