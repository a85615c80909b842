"""The proof that nobody was wronged: our attempts held against the carrier's own list, invariant by invariant.

What is asked of the carrier is read fresh from it; what is asked of us is read from the rows. Nothing is changed.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from dialer.carriers.port import CallStatus
from dialer.domain.calling.call import AT_CARRIER, LIVE, OVER, State
from dialer.domain.compliance.hours import is_open
from dialer.domain.compliance.rules import NoRules, is_holiday, rules_for
from dialer.domain.numbers.phone import mask
from dialer.store.sessions import Session
from dialer.store.tables import Booking, Call, Campaign, DoNotCall, Enrollment, Lead

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
    made = (await session.scalars(select(Call).where(Call.made_at >= since).order_by(Call.made_at))).all()
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
    live = select(Call.phone, func.count()).where(Call.state.in_(LIVE)).group_by(Call.phone).having(func.count() > 1)
    breaches = [f"{mask(phone)}: {count} calls at once" for phone, count in await session.execute(live)]
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
    later = aliased(Call)
    query = (
        select(Call.phone, Call.created_at, func.count(), Campaign.calls_per_day)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .join(
            later,
            and_(
                later.phone == Call.phone,
                later.created_at >= Call.created_at,
                later.created_at < Call.created_at + timedelta(hours=24),
                later.placing_at.is_not(None),
                later.gate["promised"].as_boolean().is_not(True),
            ),
        )
        .where(Call.placing_at.is_not(None))
        .group_by(Call.id, Campaign.calls_per_day)
        .having(func.count() > Campaign.calls_per_day)
    )
    breaches = [
        f"{mask(phone)}: {count} calls in 24 hours from {at:%F %T}, {cap} allowed"
        for phone, at, count, cap in await session.execute(query)
    ]
    return Invariant("I3", "nobody was rung more often than allowed", len(list(made)), tuple(breaches))


async def _within_hours(session: Session, made: Iterable[Call]) -> Invariant:
    query = (
        select(Call.id, Lead)
        .join(Enrollment, Enrollment.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .where(Call.id.in_([call.id for call in made]))
    )
    leads = dict((await session.execute(query)).all())
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
    scope = or_(DoNotCall.scope == "account", DoNotCall.scope == func.concat("campaign:", Call.campaign_id))
    query = (
        select(Call.phone, Call.made_at, DoNotCall.added_at)
        .join(DoNotCall, and_(DoNotCall.phone == Call.phone, scope))
        .where(Call.placing_at.is_not(None), Call.placing_at > DoNotCall.added_at)
    )
    breaches = [
        f"{mask(phone)}: meant at {made_at:%F %T}, listed since {added_at:%F %T}"
        for phone, made_at, added_at in await session.execute(query)
    ]
    return Invariant("I5", "nobody was rung after saying no", len(list(made)), tuple(breaches))


async def _nobody_forgotten(session: Session, now: datetime) -> Invariant:
    live = exists().where(Call.campaign_lead_id == Enrollment.id, Call.state.in_(LIVE))
    stuck = (
        select(Lead.phone).join(Enrollment, Enrollment.lead_id == Lead.id).where(Enrollment.state == "calling", ~live)
    )
    breaches = [f"{mask(phone)}: said to be in a call, and is in none" for phone in await session.scalars(stuck)]
    checked = await session.scalar(select(func.count()).select_from(Enrollment))
    return Invariant("I6", "every lead is done, scheduled or in a call", checked or 0, tuple(breaches))


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
    other = aliased(Booking)
    live = ("held", "booked")
    query = select(Booking.id, other.id).join(
        other,
        and_(
            other.counselor_id == Booking.counselor_id,
            other.id > Booking.id,
            other.during.overlaps(Booking.during),
            other.state.in_(live),
        ),
    )
    breaches = [f"{a} and {b} overlap" for a, b in await session.execute(query.where(Booking.state.in_(live)))]
    checked = await session.scalar(select(func.count()).select_from(Booking))
    return Invariant("I8", "no two meetings of a counselor overlap", checked or 0, tuple(breaches))


async def _within_budget(session: Session) -> Invariant:
    cost = func.sum(func.coalesce(Call.carrier_cost, 0) + func.coalesce(Call.voice_cost, 0))
    query = (
        select(Campaign.name, cost, Campaign.spend_cap)
        .join(Call, Call.campaign_id == Campaign.id)
        .where(Campaign.spend_cap.is_not(None))
        .group_by(Campaign.id)
    )
    rows = (await session.execute(query)).all()
    breaches = [f"{name}: {spent} spent of {cap}" for name, spent, cap in rows if cap is not None and spent > cap]
    return Invariant("I9", "no campaign spent more than its cap", len(rows), tuple(breaches))
