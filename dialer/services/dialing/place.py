"""Ring leads, each once (reliability.md R3–R6).

The intent is committed before anybody comes here. One compare-and-set decides who asks the carrier; the gate is
asked again in that same transaction; then one request goes out per call, with no retry. Whatever the carrier answers
is sorted into certain answers and `unknown`, and an unknown call is never asked for again: it is looked up.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from uuid import UUID

from dialer.carriers.port import AccountRejected, PlaceResult
from dialer.failpoint import failpoint
from dialer.services.dialing.acquire import (
    Acquired,
    CallbackUrls,
    Skipped,
    acquire_calls,
    begin_again,
    begin_with,
    release,
)
from dialer.services.dialing.eligibility import Carriers
from dialer.services.dialing.record_placement import PlacementRecorder
from dialer.store.sessions import Sessions

SEND_TIMEOUT_S = 5.0
LATE = "the worker was frozen between taking the call and asking for it"
REFUSED = "the carrier refuses the account"
MAX_AT_ONCE = 50
AT_ONCE = 1e6
Clock = Callable[[], datetime]
Found = dict[UUID, PlaceResult | Skipped]


async def place_call(
    sessions: Sessions, call_id: UUID, carriers: Carriers, addresses: CallbackUrls, clock: Clock
) -> PlaceResult | Skipped:
    """Place an intended call; a call in any other state is left alone, so being told twice does nothing."""
    return (await place_calls(sessions, [call_id], carriers, addresses, clock))[call_id]


async def place_calls(
    sessions: Sessions,
    call_ids: Sequence[UUID],
    carriers: Carriers,
    addresses: CallbackUrls,
    clock: Clock,
    per_second: float = AT_ONCE,
) -> Found:
    """Place intended calls, started no faster than `per_second`; what came of each."""
    found: Found = {each: Skipped("not meant any more") for each in call_ids}
    sent = 0
    asking: list[asyncio.Future[Found]] = []
    async for lot in _lots(sessions, call_ids, clock, max(1, min(MAX_AT_ONCE, int(per_second)))):
        if sent:
            await asyncio.sleep(sent / per_second)
        taken_at = time.monotonic()
        async with sessions.begin() as session:
            took = await acquire_calls(session, lot, carriers, addresses, clock())
        failpoint("after_take")
        found |= {call_id: each for call_id, each in took.items() if isinstance(each, Skipped)}
        ours = [each for each in took.values() if isinstance(each, Acquired)]
        asking.append(asyncio.ensure_future(_ask_all(sessions, ours, clock, per_second, taken_at)))
        sent = len(ours)
    # A worker told to stop finishes this much: the requests that were begun, and what came of them.
    for answers in await asyncio.shield(asyncio.gather(*asking)):
        found |= answers
    return found


async def _lots(sessions: Sessions, call_ids: Sequence[UUID], clock: Clock, most: int) -> AsyncIterator[list[UUID]]:
    """Calls that are to be taken together; one that a worker began with and never took goes alone."""
    async with sessions.begin() as session:
        fresh, again = await begin_with(session, call_ids)
    for first in range(0, len(fresh), most):
        yield fresh[first : first + most]
    for call_id in again:
        async with sessions.begin() as session:
            goes = await begin_again(session, call_id, clock())
        if goes:
            yield [call_id]


async def _ask_all(
    sessions: Sessions, taken: Sequence[Acquired], clock: Clock, per_second: float, taken_at: float
) -> Found:
    """Ask for each, evenly spaced; answers are written down together as they come."""
    refused: set[str] = set()
    async with PlacementRecorder(sessions, clock) as recorder:

        async def ask(place: int, each: Acquired) -> PlaceResult | Skipped:
            if place:
                await asyncio.sleep(max(0.0, taken_at + place / per_second - time.monotonic()))
            late = time.monotonic() - taken_at > SEND_TIMEOUT_S
            if late or each.carrier.name in refused:
                # Frozen since it was taken, and others may have given it up; or sure to be refused like the last.
                async with sessions.begin() as session:
                    await release(session, each.order, LATE if late else REFUSED)
                return Skipped(LATE if late else REFUSED)
            answer = await each.carrier.place(each.order)
            if isinstance(answer, AccountRejected):
                refused.add(each.carrier.name)
            failpoint("after_answer")
            await recorder.record(each.order.call_id, answer)
            return answer

        answers = await asyncio.gather(*(ask(place, each) for place, each in enumerate(taken)))
    failpoint("after_record")
    return {each.order.call_id: answer for each, answer in zip(taken, answers, strict=True)}
