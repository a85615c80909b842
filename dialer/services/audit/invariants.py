"""The proof that nobody was wronged: our attempts held against the carrier's own list, invariant by invariant.

What is asked of the carrier is read fresh from it; what is asked of us is read from the rows. Nothing is changed.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from dialer.carriers.port import CallStatus
from dialer.domain.calling.call import AT_CARRIER, OVER, State
from dialer.domain.compliance.hours import is_open
from dialer.domain.compliance.rules import NoRules, is_holiday, rules_for
from dialer.domain.numbers.phone import mask
from dialer.store.sessions import Session
from dialer.store.system import invariants
from dialer.store.tables import Call

SETTLING = timedelta(minutes=2)
MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Invariant:
    """One promise: how many things were looked at, and every one that broke it."""

    name: str
    says: str
    checked: int
    breaches: tuple[str, ...]


async def check_invariants(
    session: Session,
    listed: dict[str, tuple[CallStatus, ...]],
    since: datetime,
    now: datetime,
    *,
    lists_late: Collection[str] = (),
) -> list[Invariant]:
    """Check I1–I9 for the calls made since a (real) moment; `listed` is each carrier's own list of that time.

    `lists_late` are the carriers whose lists show a call only when it is over.
    """
    made = await invariants.list_calls(session, since)
    # Only calls that the account placed are attempts: not a leg to a counselor, not a person who phones our number.
    reports = [(carrier, each) for carrier, known in listed.items() for each in known if each.is_attempt]
    return [
        _one_request_each(made, reports),
        await _one_live_call_each(session, made),
        await _within_caps(session, made),
        await _within_hours(session, made),
        await _nobody_listed(session, made),
        await _nobody_forgotten(session, now),
        _both_know_the_same(made, reports, lists_late),
        await _no_meetings_collide(session),
        await _within_budget(session),
    ]


def _one_request_each(made: Iterable[Call], reports: list[tuple[str, CallStatus]]) -> Invariant:
    """Per attempt at most one call at the carrier: no two of the carrier's calls to a phone in one attempt's time."""
    calls = list(made)
    ours: dict[str, int] = {}
    for call in calls:
        if call.placing_at is not None:
            ours[call.phone] = ours.get(call.phone, 0) + 1
    theirs: dict[str, int] = {}
    for _, report in reports:
        theirs[report.to] = theirs.get(report.to, 0) + 1
    more = [
        f"{mask(phone)}: {count} calls at the carrier, {ours.get(phone, 0)} attempts of ours"
        for phone, count in theirs.items()
        if phone in ours and count > ours[phone]
    ]
    return Invariant("I1", "no attempt was placed twice", len(calls), tuple(more))


async def _one_live_call_each(session: Session, made: Iterable[Call]) -> Invariant:
    several = await invariants.phones_with_several_live_calls(session)
    breaches = [f"{mask(phone)}: {count} calls at once" for phone, count in several]
    spans: dict[str, list[tuple[datetime, datetime, Call]]] = {}
    for call in made:
        if call.placed_at is not None and call.ended_at is not None:
            spans.setdefault(call.phone, []).append((call.placed_at, call.ended_at, call))
    for phone, times in spans.items():
        times.sort(key=lambda span: span[0])
        for (_, ends, _), (starts, _, _) in pairwise(times):
            if starts < ends:
                breaches.append(f"{mask(phone)}: rung at {starts:%F %T} while a call went on until {ends:%T}")
    return Invariant("I2", "no phone had two calls at once", len(list(spans)), tuple(breaches))


async def _within_caps(session: Session, made: Iterable[Call]) -> Invariant:
    """No 24 hours with more calls to a phone than its campaign allowed; promised call-backs are the person's own wish."""
    breaches = [
        f"{mask(phone)}: {count} calls in 24 hours from {at:%F %T}, {cap} allowed"
        for phone, at, count, cap in await invariants.days_over_the_cap(session)
    ]
    return Invariant("I3", "nobody was rung more often than allowed", len(list(made)), tuple(breaches))


async def _within_hours(session: Session, made: Iterable[Call]) -> Invariant:
    leads = await invariants.leads_by_call(session, [call.id for call in made])
    checked, breaches = 0, []
    for call in made:
        rang = call.ringing_at or call.answered_at or call.placed_at
        if rang is None:
            continue
        checked += 1
        lead = leads[call.id]
        rules = rules_for(lead.phone, lead.state)
        if isinstance(rules, NoRules) or not is_open(rules.window, rang, lead.zones, is_holiday(rules)):
            breaches.append(
                f"{mask(call.phone)}: rung at {rang:%F %T} UTC, outside the law's hours in {', '.join(lead.zones)}"
            )
    return Invariant("I4", "nobody was rung outside the law's hours", checked, tuple(breaches))


async def _nobody_listed(session: Session, made: Iterable[Call]) -> Invariant:
    breaches = [
        f"{mask(phone)}: meant at {made_at:%F %T}, listed since {added_at:%F %T}"
        for phone, made_at, added_at in await invariants.calls_after_listing(session)
    ]
    return Invariant("I5", "nobody was rung after saying no", len(list(made)), tuple(breaches))


async def _nobody_forgotten(session: Session, now: datetime) -> Invariant:
    stuck = await invariants.calling_without_call(session)
    breaches = [f"{mask(phone)}: said to be in a call, and is in none" for phone in stuck]
    checked = await invariants.count_enrollments(session)
    return Invariant("I6", "every lead is done, scheduled or in a call", checked, tuple(breaches))


def _both_know_the_same(
    made: Iterable[Call], reports: list[tuple[str, CallStatus]], lists_late: Collection[str]
) -> Invariant:
    ours = {call.carrier_sid: call for call in made if call.carrier_sid}
    theirs = {report.sid: report for _, report in reports}
    breaches = [f"{sid}: a call at the carrier that we do not know" for sid in theirs if sid not in ours]
    for sid, call in ours.items():
        if sid not in theirs and call.carrier in lists_late and call.state not in OVER:
            continue
        if sid not in theirs:
            breaches.append(f"{sid}: a call of ours that the carrier does not know")
        elif theirs[sid].state is State.ENDED and call.state in AT_CARRIER:
            breaches.append(f"{sid}: over at the carrier, {call.state.value} here")
    return Invariant("I7", "the carrier's list and ours are the same", len(theirs), tuple(breaches))


async def _no_meetings_collide(session: Session) -> Invariant:
    breaches = [f"{a} and {b} overlap" for a, b in await invariants.overlapping_bookings(session)]
    checked = await invariants.count_bookings(session)
    return Invariant("I8", "no two meetings of a counselor overlap", checked, tuple(breaches))


async def _within_budget(session: Session) -> Invariant:
    rows = await invariants.spend_by_capped_campaign(session)
    breaches = [f"{name}: {spent} spent of {cap}" for name, spent, cap in rows if spent > cap]
    return Invariant("I9", "no campaign spent more than its cap", len(rows), tuple(breaches))
