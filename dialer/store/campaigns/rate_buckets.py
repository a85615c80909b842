"""Token buckets in SQL: they survive restarts, and all workers of all machines draw from the same ones."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.pacing import Bucket
from dialer.store.tables import RateBucket

LOCK = 0x9ACE


async def fill(session: AsyncSession, rates: Mapping[str, float]) -> dict[str, Bucket]:
    """The buckets by key, filled up to now by the database's clock, and locked until the transaction ends.

    `rates` are calls per second. A new bucket starts with one token, so that a campaign's first call is not held back.
    """
    # One at a time: two that share a carrier's bucket and differ in the campaign's would wait for each other for ever.
    await session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    new = [{"key": key, "tokens": 1.0, "at": func.clock_timestamp()} for key in sorted(rates)]
    await session.execute(insert(RateBucket).values(new).on_conflict_do_nothing())
    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    query = select(RateBucket).where(RateBucket.key.in_(list(rates))).order_by(RateBucket.key).with_for_update()
    rows = (await session.scalars(query.execution_options(populate_existing=True))).all()
    return {row.key: Bucket(row.tokens, row.at, rates[row.key]).fill(now) for row in rows}


async def draw(session: AsyncSession, buckets: Mapping[str, Bucket], calls: Mapping[str, int]) -> None:
    """Take tokens out of buckets: for so many calls out of each that `calls` names."""
    for key, count in calls.items():
        row = await session.get_one(RateBucket, key)
        row.tokens, row.at = buckets[key].tokens - count, buckets[key].at
    await session.flush()


async def tokens(session: AsyncSession, key: str, rate: float) -> float:
    """What a bucket holds now, without taking or locking anything; one that was never drawn from holds one."""
    row = await session.get(RateBucket, key)
    if row is None:
        return 1.0
    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return Bucket(row.tokens, row.at, rate).fill(now).tokens
