"""What the carrier answered is written down, many answers in one transaction; a webhook that was quicker is not undone.

While the database is away the answers wait here for a while. If it stays away they are lost with this process, and the
sweeper finds those calls in the carrier's list (reliability.md F18).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from uuid import UUID

from dialer.carriers.port import AccountRejected, NumberRejected, Placed, PlaceResult, Throttled, Unknown
from dialer.domain.calling.call import Outcome, State
from dialer.services.calls.finish import cancel_call, finish_call
from dialer.store.calls import calls
from dialer.store.campaigns import campaigns
from dialer.store.sessions import DatabaseError, Session, Sessions
from dialer.store.system import database_clock
from dialer.store.tables import Call

TRIES = 20
RETRY_S = 1.0
log = logging.getLogger(__name__)
PlacedAnswer = tuple[UUID, PlaceResult]


class PlacementRecorder:
    """Writes down answers in the order in which they come; leaving the context waits until all are written."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._clock = clock
        self._waiting: list[tuple[PlacedAnswer, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "PlacementRecorder":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writing is not None:
            await self._writing

    async def record(self, call_id: UUID, answer: PlaceResult) -> None:
        """Write one answer down; returns when that is committed, or given up."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(((call_id, answer), written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await written

    async def _write_all(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting, []
            try:
                await self._write([answered for answered, _ in some])
            finally:
                for _, written in some:
                    if not written.done():
                        written.set_result(None)

    async def _write(self, answered: Sequence[PlacedAnswer]) -> None:
        for turn in range(TRIES):
            try:
                async with self._sessions.begin() as session:
                    await record_placements(session, answered, self._clock())
                return
            except (DatabaseError, OSError) as error:
                if len(answered) > 1:  # one of them may be what fails
                    for each in answered:
                        await self._write([each])
                    return
                log.error("an answer of the carrier is not written down yet (%s of %s): %s", turn + 1, TRIES, error)
                await asyncio.sleep(RETRY_S)


async def record_placements(session: Session, answered: Sequence[PlacedAnswer], now: datetime) -> None:
    """Write down what the carrier said of each call."""
    sids = {call_id: answer.sid for call_id, answer in answered if isinstance(answer, Placed)}
    await calls.record_placed(session, sids, now)
    for call_id, answer in answered:
        if not isinstance(answer, Placed):
            call = await calls.locked(session, call_id)
            if call is not None:
                await _record(session, call, answer, now)


async def _record(session: Session, call: Call, answer: PlaceResult, now: datetime) -> None:
    # A sweep may have called it unknown in the meantime; a certain answer still says that no phone rang.
    undecided = call.state in (State.PLACING, State.UNKNOWN) and call.carrier_sid is None
    match answer:
        case Unknown(says):
            await calls.move(session, call.id, State.UNKNOWN, reason=says, unknown_at=database_clock.transaction_time())
        case NumberRejected(says) if undecided:
            call.placing_at = None
            await finish_call(session, call, Outcome.INVALID_NUMBER, says, now)
        case Throttled(says, after_s):
            later = calls.in_seconds(after_s)
            again = {"placing_at": None, "token_hash": None, "not_before": later, "reason": says}
            await calls.move(session, call.id, State.INTENT, **again)
        case AccountRejected(says) if undecided:
            await cancel_call(session, call, says, now, now)
            await campaigns.move(session, call.campaign_id, "paused", says)
