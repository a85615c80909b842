"""What calls cost: *spent* is known, *held* is set aside until it is. One definition for caps, pages, reports and the API.

Spent: the known costs of calls that are over. Held: the campaign's reserve for each call in progress, and for each call
that was answered and is over until its carrier names a price. A call that nobody answered is not billed by any carrier
that we know: it holds nothing once it is over. A spend cap allows a call while spent + held + its own reserve fits.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import OVER
from dialer.domain.calling.cost import Spend
from dialer.store.tables import Call, Campaign

_KNOWN = func.coalesce(Call.carrier_cost, 0) + func.coalesce(Call.voice_cost, 0)
_IS_OVER = Call.state.in_(OVER)


def spent() -> ColumnElement[Decimal]:
    """What one call has cost, as far as it is known; nothing while it is in progress."""
    return case((_IS_OVER, _KNOWN), else_=0)


def is_arriving() -> ColumnElement[bool]:
    """Whether a call is over and its carrier has not named a price that we can count in."""
    return and_(_IS_OVER, Call.answered_at.is_not(None), Call.carrier_cost.is_(None))


def held(reserve: Any) -> ColumnElement[Decimal]:
    """What is set aside for one call on top of what is spent; `reserve` is its campaign's, where it has none of its own."""
    reserve = func.coalesce(Call.reserve, reserve)
    return case(
        (~_IS_OVER, func.greatest(_KNOWN, reserve)),
        (is_arriving(), func.greatest(reserve - _KNOWN, 0)),
        else_=0,
    )


async def of_campaign(session: AsyncSession, campaign: Campaign) -> Spend:
    """A campaign's money, as it is now."""
    return await _sum(session, campaign, Call.campaign_id == campaign.id)


async def of_call(session: AsyncSession, campaign: Campaign, call_id: UUID) -> Spend:
    """The money of one call of a campaign."""
    return await _sum(session, campaign, Call.id == call_id)


async def of_last_day(session: AsyncSession, now: datetime) -> Spend:
    """The money of the calls of the last 24 hours, over all campaigns."""
    totals = (
        select(
            func.coalesce(func.sum(spent()), 0),
            func.coalesce(func.sum(held(Campaign.cost_reserve)), 0),
            func.count().filter(is_arriving()),
        )
        .join(Campaign, Campaign.id == Call.campaign_id)
        .where(Call.created_at > now - timedelta(days=1))
    )
    row = (await session.execute(totals)).one()
    return Spend(Decimal(row[0]), Decimal(row[1]), row[2])


async def _sum(session: AsyncSession, campaign: Campaign, which: ColumnElement[bool]) -> Spend:
    totals = select(
        func.coalesce(func.sum(spent()), 0),
        func.coalesce(func.sum(held(campaign.cost_reserve)), 0),
        func.count().filter(is_arriving()),
    )
    row = (await session.execute(totals.where(which))).one()
    return Spend(Decimal(row[0]), Decimal(row[1]), row[2])
