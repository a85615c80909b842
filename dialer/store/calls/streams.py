"""Media streams of calls: accepted once, and kept alive by the bridge."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import AT_CARRIER, State
from dialer.store.calls.calls import token_hash
from dialer.store.tables import Call


async def accept(
    session: AsyncSession, token: str, carrier_sid: str, now: datetime, *, carrier: str | None
) -> UUID | None:
    """Accept the stream that shows this token and move its call to TALKING; the call's id.

    None where no live call of the `carrier` (None: of any) has the token, or its stream was accepted before.
    """
    accepted = await session.execute(
        update(Call)
        .where(
            Call.token_hash == token_hash(token),
            Call.stream_opened_at.is_(None),
            Call.state.in_(AT_CARRIER),
            (Call.carrier_sid == carrier_sid) | Call.carrier_sid.is_(None),
            true() if carrier is None else Call.carrier == carrier,
        )
        .values(
            state=State.TALKING,
            stream_opened_at=func.now(),
            last_event_at=func.now(),
            carrier_sid=carrier_sid,
            answered_at=func.coalesce(Call.answered_at, now),
        )
        .returning(Call.id)
    )
    row = accepted.first()
    return row[0] if row else None


async def heartbeat(session: AsyncSession, call_ids: Collection[UUID]) -> None:
    """Record that a bridge still has these calls."""
    await session.execute(update(Call).where(Call.id.in_(call_ids)).values(last_event_at=func.now()))
