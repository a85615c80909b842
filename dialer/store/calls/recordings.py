"""Which calls have a recording, how long it is to be kept, and what became of those that are gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.system import audit
from dialer.store.tables import AuditEntry, Call, Campaign, Incident

FAULT = "recording"
ERASED = "recording erased"


async def place_of(session: AsyncSession, call_id: UUID) -> str | None:
    """The name under which a call's recording is kept; None for a call that is not ours."""
    made = await session.scalar(select(Call.created_at).where(Call.id == call_id))
    return f"{made:%Y/%m/%d}/{call_id}.wav" if made else None


async def attach(session: AsyncSession, call_id: UUID, address: str, ms: int) -> None:
    """The call's recording lies there."""
    await session.execute(update(Call).where(Call.id == call_id).values(recording=address, recorded_ms=ms))


async def old(session: AsyncSession, now: datetime, limit: int = 200) -> Sequence[tuple[UUID, str]]:
    """Recordings that their campaigns keep no longer, oldest first: call and address."""
    kept = func.coalesce(Call.ended_at, Call.created_at) + Campaign.recording_days * timedelta(days=1)
    query = (
        select(Call.id, Call.recording)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .where(Call.recording.is_not(None), kept < now)
        .order_by(Call.ended_at)
        .limit(limit)
    )
    return [(call_id, address) for call_id, address in await session.execute(query) if address]


async def forget(session: AsyncSession, call_id: UUID, address: str, who: str) -> bool:
    """The recording is gone, and a note of it is kept; False where it was forgotten before."""
    gone = await session.execute(
        update(Call)
        .where(Call.id == call_id, Call.recording == address)
        .values(recording=None, recorded_ms=None)
        .returning(Call.id)
    )
    if gone.first() is None:
        return False
    await audit.record(session, who, ERASED, {"call_id": str(call_id)})
    return True


async def why_none(session: AsyncSession, call: Call) -> str:
    """Why a call without a recording has none."""
    failed = select(Incident.message).where(Incident.kind == FAULT, Incident.about == str(call.id))
    if (says := await session.scalar(failed)) is not None:
        return says
    erased = select(AuditEntry.at).where(
        AuditEntry.action == ERASED, AuditEntry.details["call_id"].astext == str(call.id)
    )
    if (at := await session.scalar(erased.limit(1))) is not None:
        return f"the recording was deleted on {at:%Y-%m-%d}, at the end of the campaign's retention period"
    if call.stream_opened_at is None:
        return "the call was not answered"
    if call.stream_closed_at is None:
        return "the call is still in progress; the recording will be here when it ends"
    records = await session.scalar(select(Campaign.recording).where(Campaign.id == call.campaign_id))
    return "nothing was recorded" if records else "the campaign does not record calls"
