"""What is left of a campaign's and the installation's room for calls, in one statement."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import LIVE
from dialer.domain.calling.cost import Spend
from dialer.store.calls.costs import held, is_arriving, spent
from dialer.store.tables import Call, Campaign, WorkspaceLimits

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Usage:
    """Live calls of one campaign; the money of the last 24 hours over all campaigns; the workspace's limits."""

    live_calls: int
    day: Spend
    spend_day: Decimal
    calls_per_number_day: int


async def usage(session: AsyncSession, campaign_id: int, now: datetime) -> Usage:
    """Read the usage as it is now."""
    live = select(func.count()).where(Call.campaign_id == campaign_id, Call.state.in_(LIVE)).scalar_subquery()
    day = (
        select(
            func.coalesce(func.sum(spent()), 0).label("spent"),
            func.coalesce(func.sum(held(Campaign.cost_reserve)), 0).label("held"),
            func.count().filter(is_arriving()).label("arriving"),
        )
        .join(Campaign, Campaign.id == Call.campaign_id)
        .where(Call.created_at > now - DAY)
        .subquery()
    )
    limits = WorkspaceLimits
    query = select(live, day.c.spent, day.c.held, day.c.arriving, limits.spend_day, limits.calls_per_number_day)
    row = (await session.execute(query.select_from(day).join(limits, limits.id == 1))).one()
    return Usage(row[0], Spend(Decimal(row[1]), Decimal(row[2]), row[3]), row[4], row[5])
