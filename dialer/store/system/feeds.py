"""Feeds and scheduled exports."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import ExportSchedule, Feed


async def list_all(session: AsyncSession) -> Sequence[Feed]:
    """Every feed, also the revoked ones, oldest first."""
    return (await session.scalars(select(Feed).order_by(Feed.id))).all()


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
