"""Our calls as they are compared with a carrier's own list."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import OVER
from dialer.store.calls.calls import older
from dialer.store.tables import Call


async def find_unbound(
    session: AsyncSession, carrier: str, phone: str, *, asked_from: datetime, asked_until: datetime
) -> UUID | None:
    """The earliest call to a number that has no id of the carrier's and was asked of it between two moments."""
    asked = Call.placing_at.between(asked_from, asked_until)
    fits = select(Call.id).where(Call.phone == phone, Call.carrier_sid.is_(None), Call.carrier == carrier, asked)
    return await session.scalar(fits.order_by(Call.placing_at).limit(1))


async def list_placed(
    session: AsyncSession, carrier: str, since: datetime, *, settled: timedelta, only_over: bool
) -> Sequence[Call]:
    """The calls placed through a carrier since a (real) moment, and longer than `settled` ago.

    With `only_over`, those that are over.
    """
    query = select(Call).where(
        Call.carrier == carrier,
        Call.carrier_sid.is_not(None),
        Call.placing_at >= since,
        older(Call.placing_at, settled),
        Call.state.in_(OVER) if only_over else true(),
    )
    return (await session.scalars(query)).all()
