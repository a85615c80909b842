"""Calls of a span of days, counted in every way that the reports show: one pass over one index, however many plots."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

LATENCY_STEP_MS = 200
MOST_LATENCY_STEPS = 15
"""The last step holds everything from 3 s on."""


@dataclass(slots=True)
class Share:
    """Calls of one kind."""

    calls: int = 0
    reached: int = 0
    booked: int = 0
    cost: Decimal = Decimal(0)
    latency_ms: float | None = None


@dataclass(slots=True)
class Report:
    """Everything that is counted of the calls of a span."""

    whole: Share = field(default_factory=Share)
    rung: int = 0
    """First calls: how many leads were rung for the first time."""
    outcomes: Counter[str] = field(default_factory=Counter)
    by_attempt: dict[int, Share] = field(default_factory=dict)
    by_day: dict[date, Share] = field(default_factory=dict)
    by_hour: dict[tuple[int, int], Share] = field(default_factory=dict)
    """By weekday (Monday 0) and hour of the house's zone."""
    latencies: Counter[int] = field(default_factory=Counter)
    """Calls by their median answer time, in steps of LATENCY_STEP_MS."""


_COUNTED = text("""
SELECT grouping(n, outcome, step, slot, day) AS kind, n, outcome, step, slot, day, count(*) AS calls,
    count(answered_at) AS reached, count(*) FILTER (WHERE outcome = 'booked') AS booked,
    coalesce(sum(coalesce(carrier_cost, 0) + coalesce(voice_cost, 0)), 0) AS cost, avg(latency_p50_ms)::float AS latency
FROM (SELECT n, outcome, answered_at, carrier_cost, voice_cost, latency_p50_ms,
        CASE WHEN latency_p50_ms IS NOT NULL THEN least(latency_p50_ms / :step, :most) END AS step,
        date_bin('30 minutes', created_at, '2000-01-03') AS slot,
        date_trunc('day', created_at AT TIME ZONE :zone) AS day
      FROM call WHERE created_at >= :since AND created_at < :until AND outcome IS NOT NULL
        AND (CAST(:campaign AS bigint) IS NULL OR campaign_id = :campaign)) AS told
GROUP BY GROUPING SETS ((), (n), (outcome), (step), (slot), (day))
""")


async def of_span(
    session: AsyncSession, since: datetime, until: datetime, campaign_id: int | None, zone: str
) -> Report:
    """The calls meant in [since, until), of a campaign or of all; days and hours are those of `zone`."""
    report, here = Report(), ZoneInfo(zone)
    values = {
        "since": since,
        "until": until,
        "campaign": campaign_id,
        "zone": zone,
        "step": LATENCY_STEP_MS,
        "most": MOST_LATENCY_STEPS,
    }
    await session.execute(text("SET LOCAL jit = off"))
    # grouping() has a bit for each column that is not grouped by, the first column's the highest.
    for row in await session.execute(_COUNTED, values):
        share = Share(row.calls, row.reached, row.booked, row.cost, row.latency)
        match row.kind:
            case 0b11111:
                report.whole = share
            case 0b01111:
                report.by_attempt[row.n] = share
                report.rung += row.calls if row.n == 1 else 0
            case 0b10111:
                report.outcomes[row.outcome] = row.calls
            case 0b11011 if row.step is not None:
                report.latencies[row.step] = row.calls
            case 0b11101:
                there = row.slot.astimezone(here)
                kept = report.by_hour.setdefault((there.weekday(), there.hour), Share())
                kept.calls += row.calls
                kept.reached += row.reached
                kept.booked += row.booked
            case 0b11110:
                report.by_day[row.day.date()] = share
    report.by_attempt = dict(sorted(report.by_attempt.items()))
    report.by_day = dict(sorted(report.by_day.items()))
    return report
