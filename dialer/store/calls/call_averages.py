"""Averages over the newest calls: how long they take, how many a lead needs, what they cost."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_AVERAGES = text("""
SELECT count(*) AS calls, avg(coalesce(duration_s, 0))::float AS seconds,
    count(*)::float / nullif(count(*) FILTER (WHERE n = 1), 0) AS attempts, count(carrier_cost) AS priced,
    avg(coalesce(carrier_cost, 0) + coalesce(voice_cost, 0)) FILTER (WHERE carrier_cost IS NOT NULL) AS cost,
    stddev_samp(coalesce(carrier_cost, 0) + coalesce(voice_cost, 0)) FILTER (WHERE carrier_cost IS NOT NULL) AS spread
FROM (SELECT * FROM call WHERE created_at > :since AND outcome IS NOT NULL ORDER BY created_at DESC LIMIT 5000) AS newest
""")


@dataclass(frozen=True, slots=True)
class CallAverages:
    """Of `calls` calls with an outcome; what nothing is known of is None."""

    calls: int
    seconds: float | None
    """Mean duration."""
    attempts: float | None
    """Calls per lead."""
    priced: int
    """How many of the calls have their carrier's cost; the next two are of these."""
    cost: Decimal | None
    """Mean cost of a call, USD."""
    spread: Decimal | None
    """Standard deviation of the cost, USD; None of fewer than two."""


async def newest(session: AsyncSession, since: datetime) -> CallAverages:
    """Averages over at most 5000 calls created after a (lived) moment."""
    row = (await session.execute(_AVERAGES, {"since": since})).one()
    return CallAverages(row.calls, row.seconds, row.attempts, row.priced, row.cost, row.spread)
