"""What should not have been, told once; and when jobs that run now and then were last done."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Checkpoint, Incident


async def record(session: AsyncSession, kind: str, about: str, says: str, *, call_id: UUID | None = None) -> bool:
    """Keep an incident for people to see; False where the same was told before."""
    told = await session.execute(
        insert(Incident)
        .values(kind=kind, about=about, message=says, call_id=call_id)
        .on_conflict_do_nothing()
        .returning(Incident.id)
    )
    return told.first() is not None


async def latest(session: AsyncSession, most: int = 100) -> Sequence[Incident]:
    """The newest first."""
    return (await session.scalars(select(Incident).order_by(Incident.id.desc()).limit(most))).all()


async def since(session: AsyncSession, moment: datetime) -> Sequence[Incident]:
    """Those told since a (real) moment, oldest first."""
    return (await session.scalars(select(Incident).where(Incident.at >= moment).order_by(Incident.id))).all()


async def claim_turn(session: AsyncSession, job: str, every: timedelta) -> bool:
    """Whether it is this caller's turn to do a job that is due every so often; the turn is taken with the commit."""
    now = func.clock_timestamp()
    statement = insert(Checkpoint).values(name=job, at=now)
    mine = statement.on_conflict_do_update(
        index_elements=["name"], set_={"at": now}, where=Checkpoint.at < now - every
    ).returning(Checkpoint.name)
    return (await session.execute(mine)).first() is not None
