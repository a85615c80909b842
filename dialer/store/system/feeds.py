"""Feeds and scheduled exports."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import ExportSchedule, Feed, FeedReader

LOCKS = 0x0FEED
"""The first key of the advisory locks of feeds; the second is the feed's id."""


async def list_all(session: AsyncSession) -> Sequence[Feed]:
    """Every feed, also the revoked ones, oldest first."""
    return (await session.scalars(select(Feed).order_by(Feed.id))).all()


async def live(session: AsyncSession, feed_id: int) -> Feed | None:
    """A feed that has neither expired nor been revoked."""
    query = select(Feed).where(Feed.id == feed_id, Feed.revoked_at.is_(None), Feed.expires_at > func.now())
    return (await session.scalars(query)).one_or_none()


async def is_first_read(session: AsyncSession, feed_id: int, address: str) -> bool:
    """Note that an address reads a feed; whether it is the first time."""
    row = insert(FeedReader).values(feed_id=feed_id, address=address).on_conflict_do_nothing()
    return (await session.execute(row.returning(FeedReader.feed_id))).first() is not None


async def try_lock(session: AsyncSession, feed_id: int) -> bool:
    """Lock a feed until the transaction ends; False where another export of it runs, in whichever process."""
    locked: bool = (await session.execute(select(func.pg_try_advisory_xact_lock(LOCKS, feed_id)))).scalar_one()
    return locked


async def list_schedules(session: AsyncSession) -> Sequence[ExportSchedule]:
    """Every scheduled export, oldest first."""
    return (await session.scalars(select(ExportSchedule).order_by(ExportSchedule.id))).all()


async def claim_schedule(session: AsyncSession) -> ExportSchedule | None:
    """The scheduled export that is due longest, with its next turn set; None where none is due."""
    query = select(ExportSchedule).where(ExportSchedule.next_at <= func.now()).order_by(ExportSchedule.next_at)
    schedule = (await session.scalars(query.limit(1).with_for_update(skip_locked=True))).one_or_none()
    if schedule is None:
        return None
    schedule.next_at, schedule.last_at = func.now() + schedule.every, func.now()
    await session.flush()
    await session.refresh(schedule)
    return schedule
