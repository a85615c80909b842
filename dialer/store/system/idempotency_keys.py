"""Idempotency keys: each request with one is claimed once, and its answer kept for when it is sent again."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import IdempotencyKey


async def claim(
    session: AsyncSession, who: str, key: str, request_hash: str, *, keep_for: timedelta
) -> IdempotencyKey | None:
    """Claim a caller's key; None where it is claimed now, else the row of the request that did before.

    Keys that are older than `keep_for` are deleted first.
    """
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < func.now() - keep_for))
    wish = insert(IdempotencyKey).values(caller=who, key=key, request_hash=request_hash).on_conflict_do_nothing()
    if (await session.execute(wish.returning(IdempotencyKey.key))).first() is not None:
        return None
    query = select(IdempotencyKey).where(IdempotencyKey.caller == who, IdempotencyKey.key == key)
    return (await session.scalars(query)).one()


async def release(session: AsyncSession, who: str, key: str) -> None:
    """Delete a caller's key: its request failed and may be sent again."""
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.caller == who, IdempotencyKey.key == key))


async def record_answer(session: AsyncSession, who: str, key: str, status: int, body: dict[str, Any]) -> None:
    """Record what the request with a caller's key was answered: HTTP status and JSON body."""
    mine = update(IdempotencyKey).where(IdempotencyKey.caller == who, IdempotencyKey.key == key)
    await session.execute(mine.values(status=status, body=body))
