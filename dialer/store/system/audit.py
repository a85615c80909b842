"""The audit log: who did what and when. Each row carries a keyed hash of itself and of the row before.

The key is not in the database (`Session.info`), so whoever can write the table cannot compute a chain of their own. A
trigger refuses changes of rows. A cut tail shows against the heads that workers write outside the database.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.sessions import AUDIT_KEYS
from dialer.store.tables import AuditEntry

LOCK = 0x0A0D17
FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry: what is anchored outside the database."""

    id: int
    hash: str


def key_id(key: bytes) -> str:
    """Return the name of a key, which tells nothing of it."""
    return hashlib.sha256(b"audit key id" + key).hexdigest()[:8]


async def record(session: AsyncSession, actor: str, action: str, details: dict[str, Any]) -> int:
    """Add a row and return its id; `details` is what JSON can hold. Writers wait for one another's transactions."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    previous = await session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or FIRST
    at, key = datetime.now(UTC), _keys(session)[0]
    entry = AuditEntry(
        at=at,
        actor=actor,
        action=action,
        details=details,
        previous_hash=previous,
        hash=_hash(key, previous, actor, action, details, at),
        key_id=key_id(key),
    )
    session.add(entry)
    await session.flush()
    return entry.id


async def list_newest(session: AsyncSession, limit: int, *, before: int | None = None) -> Sequence[AuditEntry]:
    """The newest entries first; with `before`, those with a lower id."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    return (await session.scalars(query if before is None else query.where(AuditEntry.id < before))).all()


async def head(session: AsyncSession) -> Head | None:
    """Return the newest entry; None where there is none."""
    row = (
        await session.execute(select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1))
    ).first()
    return Head(row[0], row[1]) if row is not None else None


async def verify(session: AsyncSession, anchors: Mapping[int, str] | None = None) -> bool:
    """Whether every row is as it was written, none is missing between two, and every anchored row is there.

    `anchors` are hashes of rows by their id, kept outside the database. A row of a key that is not known here counts as
    changed: give the old key in DIALER_OLD_SECRET_KEYS.
    """
    previous, left = FIRST, dict(anchors or {})
    keys = {key_id(key): key for key in _keys(session)}
    async for row in await session.stream_scalars(select(AuditEntry).order_by(AuditEntry.id)):
        key = keys.get(row.key_id)
        if key is None or row.previous_hash != previous:
            return False
        if not hmac.compare_digest(row.hash, _hash(key, previous, row.actor, row.action, row.details, row.at)):
            return False
        if left.pop(row.id, row.hash) != row.hash:
            return False
        previous = row.hash
    return not left


def keyed_hash(session: AsyncSession, text: str) -> str:
    """Return an HMAC of a text with the present key, 32 hex digits."""
    return hmac.new(_keys(session)[0], b"text" + text.encode(), hashlib.sha256).hexdigest()[:32]


def _keys(session: AsyncSession) -> tuple[bytes, ...]:
    return session.info.get(AUDIT_KEYS) or (b"",)


def _hash(key: bytes, previous: str, actor: str, action: str, details: dict[str, Any], at: datetime) -> str:
    fields = [previous, actor, action, details, at.astimezone(UTC).isoformat()]
    told = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, told.encode(), hashlib.sha256).hexdigest()
