"""What a carrier says of a call, from a webhook or a look-up: bound to its call, applied upward only.

A call whose media stream is still with a bridge is not ended here: the bridge ends it, when the last words are
stored. What the carrier adds later (duration, cost) is kept.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dialer.carriers.port import CallStatus
from dialer.domain.calling.call import OVER, Outcome, State
from dialer.services.calls.finish import finish_by_carrier
from dialer.services.prices import carrier_cost
from dialer.store.calls import calls
from dialer.store.sessions import Session
from dialer.store.system import database_clock
from dialer.store.tables import Call


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a report changed."""

    call_id: UUID
    phone: str
    state: State
    outcome: Outcome | None


async def record_status(session: Session, call_id: UUID, report: CallStatus, now: datetime) -> Recorded | None:
    """Apply a report to a call; None where it changed nothing."""
    call = await calls.locked(session, call_id)
    if call is None:
        return None
    before = (call.state, call.outcome)
    await _bind(session, call, report)
    if report.state is State.ENDED:
        await _ended(session, call, report, now)
    elif call.state not in OVER:
        if report.state is State.RINGING:
            call.ringing_at = call.ringing_at or now
        if report.state is State.TALKING:
            call.answered_at = call.answered_at or now
            # From here on its media stream is waited for.
            call.last_event_at = call.last_event_at or database_clock.transaction_time()
        await session.flush()
        await calls.move(session, call.id, report.state)
    await session.flush()
    await session.refresh(call)
    if (call.state, call.outcome) == before:
        return None
    return Recorded(call.id, call.phone, call.state, call.outcome)


async def _bind(session: Session, call: Call, report: CallStatus) -> None:
    call.carrier_sid = call.carrier_sid or report.sid
    call.duration_s = report.duration_s if report.duration_s is not None else call.duration_s
    call.answered_by = report.answered_by or call.answered_by
    if report.cost is not None:
        call.carrier_price, call.currency = report.cost, report.currency
        call.carrier_cost = await carrier_cost(session, report.cost, report.currency, call.created_at.date())


async def _ended(session: Session, call: Call, report: CallStatus, now: datetime) -> None:
    assert report.ended is not None
    if call.state in OVER:
        return
    if call.stream_opened_at is not None and call.stream_closed_at is None:
        call.ended_at = call.ended_at or now
        return
    await finish_by_carrier(session, call, report.ended, now)
