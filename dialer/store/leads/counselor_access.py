"""What a counselor may see of leads: those who have, or had, a meeting with them."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Booking, Enrollment, Lead


async def can_see_lead(session: AsyncSession, counselor_id: int | None, lead_id: int) -> bool:
    """Whether this lead was booked with this counselor, ever; a hold alone is no meeting."""
    if counselor_id is None:
        return False
    query = (
        select(Booking.id)
        .join(Enrollment, Enrollment.id == Booking.campaign_lead_id)
        .where(Booking.counselor_id == counselor_id, Enrollment.lead_id == lead_id, Booking.state != "held")
        .limit(1)
    )
    return await session.scalar(query) is not None


async def met_phones(session: AsyncSession, counselor_id: int | None, phones: Collection[str]) -> set[str]:
    """Return those of the phones whose leads were booked with this counselor, ever."""
    query = (
        select(Lead.phone)
        .join(Enrollment, Enrollment.lead_id == Lead.id)
        .join(Booking, Booking.campaign_lead_id == Enrollment.id)
        .where(Lead.phone.in_(list(phones)), Booking.counselor_id == (counselor_id or 0), Booking.state != "held")
    )
    return set(await session.scalars(query))
