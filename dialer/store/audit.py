"""Who did what, row after row: each carries the hash of the one before, so that none can be changed unseen."""

import hashlib
import json
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import AuditEntry

LOCK = 0x0A0D17
FIRST = "0" * 64


async def note(session: AsyncSession, who: str, did: str, what: dict[str, Any]) -> None:
    """Add a row; `what` is what JSON can say. Writers come one after the other, until their transactions end."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    before = await session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or FIRST
    session.add(AuditEntry(who=who, did=did, what=what, before=before, hash=_hash(before, who, did, what)))
    await session.flush()


async def is_whole(session: AsyncSession) -> bool:
    """Whether every row is as it was written, and none is missing between two."""
    before = FIRST
    async for row in await session.stream_scalars(select(AuditEntry).order_by(AuditEntry.id)):
        if row.before != before or row.hash != _hash(before, row.who, row.did, row.what):
            return False
        before = row.hash
    return True


def _hash(before: str, who: str, did: str, what: dict[str, Any]) -> str:
    told = json.dumps([before, who, did, what], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()
