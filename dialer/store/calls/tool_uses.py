"""The model's tool calls: each is claimed once and keeps its result."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import ToolUse


async def claim(
    session: AsyncSession, call_id: UUID, item: str, *, name: str, arguments: str, at: datetime
) -> int | None:
    """Add a tool call without a result; its id, or None where the call has this item already.

    While another transaction runs the same item, this waits for it to end.
    """
    return await session.scalar(
        insert(ToolUse)
        .values(call_id=call_id, item=item, name=name, arguments=arguments, result={}, at=at, took_ms=0)
        .on_conflict_do_nothing()
        .returning(ToolUse.id)
    )


async def record_result(session: AsyncSession, tool_use_id: int, result: dict[str, Any], took_ms: int) -> None:
    """Record what a tool call answered, and how long it took."""
    await session.execute(update(ToolUse).where(ToolUse.id == tool_use_id).values(result=result, took_ms=took_ms))


async def find_result(session: AsyncSession, call_id: UUID, item: str) -> dict[str, Any] | None:
    """What the tool call with this item answered; None for an unknown one."""
    query = select(ToolUse.result).where(ToolUse.call_id == call_id, ToolUse.item == item)
    return await session.scalar(query)
