"""The limits of the whole installation: one row."""

from decimal import Decimal

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import WorkspaceLimits

ROW = 1


async def read(session: AsyncSession) -> WorkspaceLimits:
    """Return the limits."""
    return await session.get_one(WorkspaceLimits, ROW)


async def save(session: AsyncSession, *, calls_per_number_day: int, spend_day: Decimal, single_calls_day: int) -> None:
    """Replace the limits."""
    await session.execute(
        update(WorkspaceLimits).values(
            calls_per_number_day=calls_per_number_day, spend_day=spend_day, single_calls_day=single_calls_day
        )
    )
