"""The database's clock, which all processes share."""

from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession


def transaction_time() -> ColumnElement[datetime]:
    """The start of the transaction as an SQL expression, to assign to a column."""
    return func.now()


async def read(session: AsyncSession) -> datetime:
    """The time at this statement; it moves on within a transaction."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def start_of_transaction(session: AsyncSession, *, plus: timedelta = timedelta(0)) -> datetime:
    """The time at which the transaction started, `plus` a span."""
    moment: datetime = (await session.execute(select(func.now() + plus))).scalar_one()
    return moment


async def today(session: AsyncSession) -> date:
    """The date, in the database's time zone."""
    day: date = (await session.execute(select(func.current_date()))).scalar_one()
    return day
