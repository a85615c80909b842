"""People, known by their number: what is written to and about one of them."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Booking, Enrollment, Lead


async def email_of(session: AsyncSession, campaign_lead_id: int) -> str | None:
    """Where a lead can be written to."""
    query = select(Lead.email).join(Enrollment, Enrollment.lead_id == Lead.id)
    return await session.scalar(query.where(Enrollment.id == campaign_lead_id))


async def set_email(session: AsyncSession, campaign_lead_id: int, email: str) -> Booking | None:
    """The lead said their address: it is the lead's, and their meeting's. The meeting, where its address changed."""
    whose = select(Enrollment.lead_id).where(Enrollment.id == campaign_lead_id).scalar_subquery()
    await session.execute(update(Lead).where(Lead.id == whose).values(email=email))
    changed = await session.scalars(
        update(Booking)
        .where(
            Booking.campaign_lead_id == campaign_lead_id,
            Booking.state == "booked",
            Booking.email.is_distinct_from(email),
        )
        .values(email=email)
        .returning(Booking)
    )
    return changed.one_or_none()
