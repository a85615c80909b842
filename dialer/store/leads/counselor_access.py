"""What a counselor may see of leads: those who have, or had, a meeting with them."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Booking, Enrollment


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
