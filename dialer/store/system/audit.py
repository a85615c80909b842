"""Who did what and when, row after row: each carries the hash of the one before, so that none can be changed unseen."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import AuditEntry

LOCK = 0x0A0D17
FIRST = "0" * 64


async def record(session: AsyncSession, who: str, did: str, what: dict[str, Any]) -> int:
    """Add a row and return its id; `what` is what JSON can say. Writers come one after the other, until their transactions end."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    before = await session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or FIRST
    at = datetime.now(UTC)
    told = _hash(before, who, did, what, at)
    entry = AuditEntry(at=at, actor=who, action=did, details=what, previous_hash=before, hash=told)
    session.add(entry)
    await session.flush()
    return entry.id


async def list_newest(session: AsyncSession, limit: int, *, before: int | None = None) -> Sequence[AuditEntry]:
    """The newest entries first; with `before`, those with a lower id."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    return (await session.scalars(query if before is None else query.where(AuditEntry.id < before))).all()


async def verify(session: AsyncSession) -> bool:
    """Whether every row is as it was written, and none is missing between two.

    The hashes of the oldest rows do not cover their times, as they were once written; behind a row whose hash does,
    no such row is taken.
    """
    before, timed = FIRST, False
    async for row in await session.stream_scalars(select(AuditEntry).order_by(AuditEntry.id)):
        covers = row.hash == _hash(before, row.actor, row.action, row.details, row.at)
        timed = timed or covers
        if row.previous_hash != before or (
            not covers and (timed or row.hash != _hash(before, row.actor, row.action, row.details))
        ):
            return False
        before = row.hash
    return True


def _hash(before: str, who: str, did: str, what: dict[str, Any], at: datetime | None = None) -> str:
    said = [before, who, did, what] if at is None else [before, who, did, what, at.astimezone(UTC).isoformat()]
    told = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()
