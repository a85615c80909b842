"""When counselors are away, and the meetings that fall into it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Booking, TimeOff


@dataclass(frozen=True, slots=True)
class DaysOff:
    """A span in which a counselor is away; `meetings` are booked in it."""

    number: int
    since: datetime
    until: datetime
    why: str
    meetings: int


@dataclass(frozen=True, slots=True)
class TimeOffSpan:
    """A span in which a counselor cannot be met."""

    counselor_id: int
    since: datetime
    until: datetime
    why: str

    def touches(self, begins: datetime, length: timedelta) -> bool:
        """Whether it falls into a stretch of time."""
        return self.since < begins + length and begins < self.until

    def covers(self, begins: datetime, length: timedelta) -> bool:
        """Whether it takes the whole of a stretch of time."""
        return self.since <= begins and begins + length <= self.until


async def between(
    session: AsyncSession, since: datetime, until: datetime, counselor_id: int | None = None
) -> list[TimeOffSpan]:
    """Days off that touch a span of time, in order; of one counselor, or of all."""
    first, last = func.lower(TimeOff.during), func.upper(TimeOff.during)
    query = select(TimeOff.counselor_id, first, last, TimeOff.reason).where(
        TimeOff.during.overlaps(Range(since, until))
    )
    if counselor_id is not None:
        query = query.where(TimeOff.counselor_id == counselor_id)
    return [TimeOffSpan(*row) for row in await session.execute(query.order_by(TimeOff.during, TimeOff.id))]


async def of_counselor(session: AsyncSession, counselor_id: int, after: datetime | None = None) -> list[DaysOff]:
    """A counselor's days off in order; with `after`, only those that are not over then."""
    meetings = (
        select(func.count())
        .where(
            Booking.counselor_id == TimeOff.counselor_id,
            Booking.state == "booked",
            Booking.during.overlaps(TimeOff.during),
        )
        .correlate(TimeOff)
        .scalar_subquery()
    )
    since, until = func.lower(TimeOff.during), func.upper(TimeOff.during)
    query = select(TimeOff.id, since, until, TimeOff.reason, meetings).where(TimeOff.counselor_id == counselor_id)
    if after is not None:
        query = query.where(until > after)
    return [DaysOff(*row) for row in await session.execute(query.order_by(TimeOff.during, TimeOff.id))]


async def add(session: AsyncSession, counselor_id: int, since: datetime, until: datetime, why: str) -> int:
    """Keep a span free; its number."""
    made = TimeOff(counselor_id=counselor_id, during=Range(since, until), reason=why)
    session.add(made)
    await session.flush()
    return made.id


async def remove(session: AsyncSession, counselor_id: int, number: int) -> tuple[datetime, datetime] | None:
    """Take days off back; what they were, or None where this counselor has none of that number."""
    mine = delete(TimeOff).where(TimeOff.id == number, TimeOff.counselor_id == counselor_id).returning(TimeOff.during)
    gone: Sequence[Range[datetime]] = (await session.scalars(mine)).all()
    if not gone:
        return None
    since, until = gone[0].lower, gone[0].upper
    assert since is not None
    assert until is not None
    return since, until
