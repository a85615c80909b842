"""Who read personal data: exports, recordings, transcripts, leads, live audio. Apart from the audit log, whose chain is locked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, func, insert, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import AccessEntry

SAME_WITHIN = timedelta(minutes=10)
"""Reading the same again within this time is one entry: a player fetches a recording in many ranges."""


async def record(session: AsyncSession, actor: str, action: str, details: dict[str, Any]) -> None:
    """Add an entry, unless the same actor read the same a moment ago."""
    told = literal(details, JSONB)
    same = exists().where(
        AccessEntry.actor == actor,
        AccessEntry.action == action,
        AccessEntry.details == told,
        AccessEntry.at > func.now() - SAME_WITHIN,
    )
    row = select(literal(actor), literal(action), told).where(~same)
    await session.execute(insert(AccessEntry).from_select(["actor", "action", "details"], row))


async def list_newest(session: AsyncSession, limit: int, *, before: int | None = None) -> Sequence[AccessEntry]:
    """Return the newest entries first; with `before`, those with a lower id."""
    query = select(AccessEntry).order_by(AccessEntry.id.desc()).limit(limit)
    return (await session.scalars(query if before is None else query.where(AccessEntry.id < before))).all()
