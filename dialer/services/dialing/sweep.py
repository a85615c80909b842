"""Calls that nobody speaks of any more, found and put right (reliability.md R6, R7). Safe to run at any time, anywhere."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from dialer.carriers.port import CallStatus, Carrier, CarrierError
from dialer.domain.calling.call import Outcome, State
from dialer.domain.calling.cost import Spend
from dialer.domain.numbers.phone import mask
from dialer.services.calls.finish import finish_call, finish_conversation
from dialer.services.calls.record_status import Recorded, record_status
from dialer.services.dialing.eligibility import CallerId, Capacity, Carriers, evaluate_leads
from dialer.store.calls import calls, incidents, stuck_calls
from dialer.store.calls.bridges import Bridges
from dialer.store.sessions import Session, Sessions
from dialer.store.system import database_clock
from dialer.store.tables import Call, Campaign

INTENT_AFTER = timedelta(seconds=30)
SILENT_AFTER = timedelta(seconds=30)
# Somebody answered and hears nothing: with a sweep every five seconds they wait ten at most.
NO_STREAM_AFTER = timedelta(seconds=5)
GRACE = timedelta(seconds=60)
# A call that is over comes into a carrier's list, with all that is told of it, within five minutes (exotel.md §3).
LISTED_WITHIN = timedelta(minutes=5)
LOST = "the worker that asked the carrier did not come back"


@dataclass(frozen=True, slots=True)
class Swept:
    """What was found: intents to call the bell for again, and calls whose state changed."""

    intents: tuple[UUID, ...]
    changed: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may go unanswered, and how long an unknown call is looked for (real time)."""

    placing: timedelta = timedelta(seconds=45)
    horizon: timedelta = timedelta(minutes=15)


async def sweep(sessions: Sessions, carriers: Carriers, now: datetime, patience: Patience | None = None) -> Swept:
    """Find what is stuck, ask the carriers, apply what they say."""
    patience = patience or Patience()
    async with sessions.begin() as session:
        for call in await stuck_calls.list_placing(session, patience.placing):
            unknown_at = database_clock.transaction_time()
            await calls.move(session, call.id, State.UNKNOWN, reason=LOST, unknown_at=unknown_at)
        intents = await stuck_calls.list_intended(session, INTENT_AFTER)
        silent = await stuck_calls.list_silent(
            session, grace=GRACE, no_stream_after=NO_STREAM_AFTER, silent_after=SILENT_AFTER
        )
        waiting = [(call.id, call.carrier, call.carrier_sid) for call in _some(carriers, silent)]
        unknown = [call.id for call in _some(carriers, await stuck_calls.list_unknown(session))]
        listed = await stuck_calls.ringing_but_listed(session)
        late = await _queued_past_close(session, carriers, now)
    changed: list[Recorded] = []
    for carrier_name, listed_sid in listed:
        await _hang_up(carriers.get(carrier_name), listed_sid)
    for carrier_name, late_sid in late:
        await _cancel(carriers.get(carrier_name), late_sid)
    for call_id in unknown:
        changed += await _look_for(sessions, carriers, call_id, now, patience)
    for call_id, carrier_name, sid in waiting:
        changed += await _ask_about(sessions, carriers.get(carrier_name), call_id, sid, now)
    return Swept(tuple(call.id for call in intents), tuple(changed))


def _some(carriers: Carriers, stuck: Sequence[Call]) -> list[Call]:
    """Those to be looked up in this sweep: of a carrier that counts look-ups, a few, drawn by lot."""
    by_carrier: dict[str, list[Call]] = {}
    for call in stuck:
        by_carrier.setdefault(call.carrier, []).append(call)
    chosen: list[Call] = []
    for name, theirs in by_carrier.items():
        most = carriers[name].capabilities.max_lookups if name in carriers else None
        chosen += theirs if most is None or len(theirs) <= most else random.sample(theirs, most)
    return chosen


async def _queued_past_close(session: Session, carriers: Carriers, now: datetime) -> list[tuple[str, str]]:
    """Calls that a carrier has and does not ring yet, though the lead's window has closed: (carrier, sid).

    A carrier that takes no call back is not asked to: the gate stops feeding it well before the window closes, and the
    ring timeout bounds what it has.
    """
    able = [name for name, carrier in carriers.items() if carrier.capabilities.can_cancel]
    late = []
    for call, campaign, in_campaign, lead in await stuck_calls.list_queued(session, able):
        room = Capacity(0, 1.0, Spend(), Bridges(0, 0))
        line = CallerId(carriers[call.carrier], call.from_number)
        (verdict,) = await evaluate_leads(session, campaign, [(in_campaign, lead)], [line], now, room, but=[call.id])
        closed = any(not answer.ok and answer.rule in ("window", "holiday") for answer in verdict.answers)
        if closed and call.carrier_sid:
            late.append((call.carrier, call.carrier_sid))
    return late


async def _look_for(
    sessions: Sessions, carriers: Carriers, call_id: UUID, now: datetime, patience: Patience
) -> list[Recorded]:
    """Find an unknown call in the carrier's list; the earliest match is ours, any other is hung up."""
    async with sessions.begin() as session:
        call = await session.get_one(Call, call_id)
        placing_at = call.placing_at
        campaign = await session.get_one(Campaign, call.campaign_id)
        horizon = _horizon(carriers.get(call.carrier), campaign, patience)
        overdue = await stuck_calls.is_overdue(session, call_id, horizon)
    carrier = carriers.get(call.carrier)
    if carrier is None or placing_at is None:
        return []
    try:
        found = await carrier.find(call.phone, call.from_number, placing_at)
    except CarrierError:
        return []
    async with sessions.begin() as session:
        fresh = [report for report in found if await calls.by_sid(session, call.carrier, report.sid) in (None, call_id)]
    if fresh:
        for extra in fresh[1:]:
            await _hang_up(carrier, extra.sid)
            async with sessions.begin() as session:
                done = "was hung up" if carrier.capabilities.can_hang_up else "is refused when it is answered"
                says = f"{mask(call.phone)} was placed twice for one request; the later call {done}"
                await incidents.record(session, "twice", extra.sid, says, call_id=call_id)
        return await _apply(sessions, call_id, fresh[0], now)
    if not overdue:
        return []
    async with sessions.begin() as session:
        locked = await calls.locked(session, call_id)
        if locked is not None and locked.state is State.UNKNOWN:
            await finish_call(session, locked, Outcome.NOT_PLACED, "the carrier knows no such call", now)
            return [Recorded(call_id, locked.phone, State.ENDED, Outcome.NOT_PLACED)]
    return []


def _horizon(carrier: Carrier | None, campaign: Campaign, patience: Patience) -> timedelta:
    """How long an unknown call is looked for: at least until it is over, where the list shows it only then (R6)."""
    if carrier is None or carrier.capabilities.lists_live_calls:
        return patience.horizon
    return timedelta(seconds=campaign.ring_timeout_s + campaign.time_limit_s) + LISTED_WITHIN


async def _ask_about(
    sessions: Sessions, carrier: Carrier | None, call_id: UUID, sid: str | None, now: datetime
) -> list[Recorded]:
    if carrier is None or sid is None:
        return []
    try:
        report = await carrier.fetch(sid)
        if report.state is State.TALKING and carrier.capabilities.can_hang_up:
            await carrier.hang_up(sid)  # answered, and nobody of ours is on the line
            report = await carrier.fetch(sid)
    except CarrierError:
        return []
    if report.state is not State.ENDED:
        return []
    async with sessions.begin() as session:
        call = await calls.locked(session, call_id)
        if call is not None and call.stream_opened_at is not None and call.stream_closed_at is None:
            call.stream_closed_at = database_clock.transaction_time()
            outcome = await finish_conversation(session, call, ours="the bridge of this call was lost", now=now)
            return [Recorded(call_id, call.phone, State.ENDED, outcome)] if outcome else []
    return await _apply(sessions, call_id, report, now)


async def _apply(sessions: Sessions, call_id: UUID, report: CallStatus, now: datetime) -> list[Recorded]:
    async with sessions.begin() as session:
        recorded = await record_status(session, call_id, report, now)
    return [recorded] if recorded else []


async def _hang_up(carrier: Carrier | None, sid: str) -> None:
    if carrier is None or not carrier.capabilities.can_hang_up:  # whoever answers then meets the fence (R8)
        return
    try:
        await carrier.hang_up(sid)
    except CarrierError:
        return  # the next sweep tries again


async def _cancel(carrier: Carrier | None, sid: str) -> None:
    if carrier is None:
        return
    try:
        await carrier.cancel(sid)
    except CarrierError:
        return  # the next sweep tries again
