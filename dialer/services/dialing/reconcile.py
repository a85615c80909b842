"""Once a day the carrier's list and ours are held against each other, both ways (reliability.md R7).

What the carrier knows better is applied: endings that never reached us, prices that came late. What should not be is
told to people: a call at the carrier that nobody here asked for, a call of ours that the carrier does not know, an end
that the two tell differently. Nobody is called and nothing is hung up by it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from dialer.carriers.port import CallStatus, Carrier, CarrierError
from dialer.domain.calling.call import OVER, Outcome, State
from dialer.domain.numbers.phone import mask
from dialer.services.calls.record_status import record_status
from dialer.services.dialing.eligibility import Carriers
from dialer.services.dialing.routing import numbers_of
from dialer.store.calls import calls, incidents, reconciliation
from dialer.store.sessions import Session, Sessions
from dialer.store.tables import Call

SETTLING = timedelta(minutes=30)
"""A call younger than this may still be on its way into either list."""
ASKED_AROUND = timedelta(minutes=2)
"""How far apart our request and the carrier's creation of the call may be."""
UNANSWERED = frozenset({Outcome.NO_ANSWER, Outcome.BUSY, Outcome.NOT_PLACED, Outcome.INVALID_NUMBER})
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many calls the carriers listed, and how many incidents are new."""

    listed: int
    told: int


async def reconcile(sessions: Sessions, carriers: Carriers, now: datetime, since: datetime) -> Reconciled:
    """Compare all calls since a (real) moment; a carrier that cannot be asked is left for the next time."""
    listed = told = 0
    for carrier in carriers.values():
        try:
            reports = await carrier.placed_since(since)
        except CarrierError as error:
            log.warning("not reconciled with %s: %s", carrier.name, error)
            continue
        listed += len(reports)
        for report in with_child_legs(reports):
            async with sessions.begin() as session:
                told += await _theirs(session, carrier, report, now)
        async with sessions.begin() as session:
            told += await _ours(session, carrier, {report.sid for report in reports}, since)
    return Reconciled(listed, told)


def with_child_legs(reports: Sequence[CallStatus]) -> list[CallStatus]:
    """The calls that the account placed, each with the cost of the legs to a counselor that were dialled out of it."""
    legs: dict[str, Decimal] = {}
    for report in reports:
        if report.parent_sid and report.cost is not None:
            legs[report.parent_sid] = legs.get(report.parent_sid, Decimal(0)) + report.cost
    return [
        replace(report, cost=report.cost + legs[report.sid])
        if report.sid in legs and report.cost is not None
        else report
        for report in reports
        if report.is_attempt
    ]


async def _theirs(session: Session, carrier: Carrier, report: CallStatus, now: datetime) -> int:
    """One call of the carrier's list; how many new incidents it is."""
    call_id = await calls.by_sid(session, carrier.name, report.sid)
    if call_id is None:
        return await _stranger(session, carrier, report, now)
    if report.state is not State.ENDED or report.ended is None:
        return 0
    await record_status(session, call_id, report, now)
    call = await session.get_one(Call, call_id)
    if call.state in OVER and report.ended.answered and call.outcome in UNANSWERED:
        says = f"the carrier says answered, we were told {call.outcome.value.replace('_', ' ')}"
        return await incidents.record(session, "disagreement", report.sid, says, call_id=call_id)
    return 0


async def _stranger(session: Session, carrier: Carrier, report: CallStatus, now: datetime) -> int:
    """A call at the carrier under no id of ours: bound where an attempt of ours fits it, told in any case."""
    if report.from_number not in numbers_of(carrier) or report.created_at is None:
        return 0  # the account's owner rings people without us, too
    since, until = report.created_at - ASKED_AROUND, report.created_at + ASKED_AROUND
    call_id = await reconciliation.find_unbound(session, carrier.name, report.to, asked_from=since, asked_until=until)
    if call_id is None:
        says = f"a call to {mask(report.to)} at {carrier.name} that nobody here asked for"
        return await incidents.record(session, "stranger", report.sid, says)
    await record_status(session, call_id, report, now)
    says = f"a call to {mask(report.to)} that was given up as not placed did take place"
    return await incidents.record(session, "late", report.sid, says, call_id=call_id)


async def _ours(session: Session, carrier: Carrier, sids: set[str], since: datetime) -> int:
    """Calls of ours that the carrier's list lacks; how many new incidents. It may lack those that go on."""
    only_over = not carrier.capabilities.lists_live_calls
    placed = await reconciliation.list_placed(session, carrier.name, since, settled=SETTLING, only_over=only_over)
    missing = [call for call in placed if call.carrier_sid not in sids]
    told = 0
    for call in missing:
        says = f"a call to {mask(call.phone)} that {carrier.name} does not know"
        told += await incidents.record(session, "missing", call.carrier_sid or "", says, call_id=call.id)
    return told
