"""Calls of a span of days, counted in every way that the reports show: one pass over one index, however many plots."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Float, Select, case, cast, func, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import SPOKE, Outcome
from dialer.store.calls import costs
from dialer.store.tables import Call

LATENCY_STEP_MS = 200
MAX_LATENCY_STEPS = 15
"""The last step holds everything from 3 s on."""


@dataclass(slots=True)
class Share:
    """Calls of one kind."""

    calls: int = 0
    spoke: int = 0
    """Calls that a person answered."""
    voicemail: int = 0
    booked: int = 0
    cost: Decimal = Decimal(0)
    """What is spent on them as far as it is known, in USD (store.costs)."""
    arriving: int = 0
    """How many of them have no cost yet."""
    measured: int = 0
    """How many of them have an answer time: those in which AVA answered something."""
    latency_ms: float | None = None
    """The mean of their median answer times."""


@dataclass(slots=True)
class Report:
    """Everything that is counted of the calls of a span."""

    whole: Share = field(default_factory=Share)
    rung: int = 0
    """First calls: how many leads were called for the first time."""
    outcomes: Counter[str] = field(default_factory=Counter)
    by_attempt: dict[int, Share] = field(default_factory=dict)
    by_day: dict[date, Share] = field(default_factory=dict)
    by_hour: dict[tuple[int, int], Share] = field(default_factory=dict)
    """By weekday (Monday 0) and hour of the workspace's zone."""
    latencies: Counter[int] = field(default_factory=Counter)
    """Calls by their median answer time, in steps of LATENCY_STEP_MS."""


def _counted(since: datetime, until: datetime, campaign_id: int | None, zone: str) -> Select[Any]:
    """Calls that are over, counted by each kind in one pass; `kind` has a bit for each column not grouped by."""
    latency = Call.latency_p50_ms
    step = case((latency.is_not(None), func.least(latency // LATENCY_STEP_MS, MAX_LATENCY_STEPS)))
    slot = func.date_bin(timedelta(minutes=30), Call.created_at, datetime(2000, 1, 3, tzinfo=UTC))
    calls = select(
        *(Call.n, Call.outcome, latency.label("latency"), costs.spent().label("cost")),
        *(costs.is_arriving().label("arriving"), step.label("step"), slot.label("slot")),
        func.date_trunc("day", Call.created_at.op("AT TIME ZONE")(zone)).label("day"),
    ).where(Call.created_at >= since, Call.created_at < until)
    # A call that was taken back has no outcome and is not counted; what it cost all the same is.
    calls = calls.where(or_(Call.outcome.is_not(None), Call.carrier_cost.is_not(None)))
    if campaign_id is not None:
        calls = calls.where(Call.campaign_id == campaign_id)
    over = calls.subquery().c
    kinds = (over.n, over.outcome, over.step, over.slot, over.day)
    return select(
        func.grouping(*kinds).label("kind"),
        *kinds,
        func.count(over.outcome).label("calls"),
        func.count().filter(over.outcome.in_(SPOKE)).label("spoke"),
        func.count().filter(over.outcome == Outcome.VOICEMAIL).label("voicemail"),
        func.count().filter(over.outcome == Outcome.BOOKED).label("booked"),
        func.coalesce(func.sum(over.cost), 0).label("cost"),
        func.count().filter(over.arriving).label("arriving"),
        func.count(over.latency).label("measured"),
        cast(func.avg(over.latency), Float).label("latency"),
    ).group_by(func.grouping_sets(tuple_(), *(tuple_(kind) for kind in kinds)))


async def of_span(
    session: AsyncSession, since: datetime, until: datetime, campaign_id: int | None, zone: str
) -> Report:
    """The calls meant in [since, until), of a campaign or of all; days and hours are those of `zone`."""
    report, here = Report(), ZoneInfo(zone)
    await session.execute(text("SET LOCAL jit = off"))
    # grouping() has a bit for each column that is not grouped by, the first column's the highest.
    for row in await session.execute(_counted(since, until, campaign_id, zone)):
        share = Share(
            *(
                getattr(row, name)
                for name in ("calls", "spoke", "voicemail", "booked", "cost", "arriving", "measured", "latency")
            )
        )
        match row.kind:
            case 0b11111:
                report.whole = share
            case 0b01111:
                report.by_attempt[row.n] = share
                report.rung += row.calls if row.n == 1 else 0
            case 0b10111 if row.outcome is not None:
                report.outcomes[row.outcome.value] = row.calls
            case 0b11011 if row.step is not None:
                report.latencies[row.step] = row.measured
            case 0b11101:
                there = row.slot.astimezone(here)
                kept = report.by_hour.setdefault((there.weekday(), there.hour), Share())
                kept.calls += row.calls
                kept.spoke += row.spoke
                kept.voicemail += row.voicemail
                kept.booked += row.booked
            case 0b11110:
                report.by_day[row.day.date()] = share
    report.by_attempt = dict(sorted(report.by_attempt.items()))
    report.by_day = dict(sorted(report.by_day.items()))
    return report
