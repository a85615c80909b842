"""What the limits on calls and promises count."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.campaigns.campaigns import SINGLE_CALLS
from dialer.store.tables import Call, Campaign


async def count_single(session: AsyncSession, since: datetime) -> int:
    """Return how many calls were asked for one by one since then."""
    single = select(Campaign.id).where(Campaign.name == SINGLE_CALLS).scalar_subquery()
    counted = select(func.count()).where(Call.campaign_id == single, Call.created_at > since)
    return await session.scalar(counted) or 0


async def promises_of(session: AsyncSession, call: Call, since: datetime) -> list[datetime]:
    """Return when call-backs were promised to the number of this call since then, in other calls."""
    query = select(Call.created_at).where(
        Call.phone == call.phone, Call.id != call.id, Call.promised_at.is_not(None), Call.created_at > since
    )
    return list((await session.scalars(query)).all())
