"""The bridges that are up, and how many calls they take: what pacing reads, so that nobody is called into a full house."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import LIVE
from dialer.store.tables import BridgeProcess, Call

HEARTBEAT_TTL = timedelta(seconds=20)
FORGET_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Bridges:
    """How many bridges are up and take calls, and how many more calls they could be given together."""

    up: int
    free: int


async def available(session: AsyncSession) -> Bridges:
    """The bridges now, by the database's clock. Every call that goes on anywhere may still need a place."""
    takes = (BridgeProcess.seen_at > func.now() - HEARTBEAT_TTL) & ~BridgeProcess.draining
    live = select(func.count()).select_from(Call).where(Call.state.in_(LIVE)).scalar_subquery()
    up, most, busy = (
        await session.execute(
            select(func.count(), func.coalesce(func.sum(BridgeProcess.max_calls), 0), live).where(takes)
        )
    ).one()
    return Bridges(up, max(0, most - busy))


async def heartbeat(session: AsyncSession, name: str, *, most_calls: int, calls: int, draining: bool) -> None:
    """A bridge's sign of life; what stopped giving any is forgotten after a while."""
    row = {"max_calls": most_calls, "calls": calls, "draining": draining}
    await session.execute(
        insert(BridgeProcess)
        .values(id=name, seen_at=func.now(), **row)
        .on_conflict_do_update(index_elements=["id"], set_={"seen_at": func.now(), **row})
    )
    await session.execute(delete(BridgeProcess).where(BridgeProcess.seen_at < func.now() - FORGET_AFTER))


async def leave(session: AsyncSession, name: str) -> None:
    """A bridge ended in good order."""
    await session.execute(delete(BridgeProcess).where(BridgeProcess.id == name))
