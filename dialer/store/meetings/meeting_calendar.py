"""Meetings as they stand in a week or in a calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Booking, Campaign, Counselor, Enrollment, Lead, OutboxMessage


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One meeting with the people in it; `fault` is why an email about it was not delivered."""

    booking: Booking
    counselor: Counselor
    student: str
    phone: str
    campaign: str
    fault: str | None
    awaits_time: bool = False
    """The counselor cannot keep it: the student was asked for another time and has not chosen one yet."""

    @property
    def starts(self) -> datetime:
        """When it begins, UTC."""
        assert self.booking.during.lower is not None
        return self.booking.during.lower

    @property
    def ends(self) -> datetime:
        """When it ends, UTC."""
        assert self.booking.during.upper is not None
        return self.booking.during.upper


async def between(
    session: AsyncSession,
    since: datetime,
    until: datetime,
    counselor_id: int | None = None,
    *,
    holds: bool = False,
) -> Sequence[CalendarEntry]:
    """Meetings that touch a span of time, in order; of one counselor, or of all. With `holds`, also those alive."""
    shown = Booking.state != "held"
    if holds:
        shown = shown | (Booking.held_until > func.now())
    fault = (
        select(func.max(OutboxMessage.last_error))
        .where(OutboxMessage.booking_id == Booking.id, OutboxMessage.state == "given_up")
        .correlate(Booking)
        .scalar_subquery()
    )
    # A move makes a new sequence, so an email of the present one still waits for the student's choice.
    asked = exists().where(
        OutboxMessage.booking_id == Booking.id,
        OutboxMessage.kind == "rebook",
        OutboxMessage.sequence == Booking.sequence,
    )
    query = (
        select(Booking, Counselor, Lead, Campaign.name, fault, (Booking.state == "booked") & asked)
        .join(Counselor, Counselor.id == Booking.counselor_id)
        .join(Enrollment, Enrollment.id == Booking.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .join(Campaign, Campaign.id == Enrollment.campaign_id)
        .where(shown, Booking.during.overlaps(Range(since, until)))
        .order_by(Booking.during)
    )
    if counselor_id is not None:
        query = query.where(Booking.counselor_id == counselor_id)
    return [
        CalendarEntry(booking, counselor, lead.name or lead.phone, lead.phone, campaign, said, awaits)
        for booking, counselor, lead, campaign, said, awaits in await session.execute(query)
    ]
