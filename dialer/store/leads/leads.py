"""People, known by their number: what is written to and about one of them."""

from collections.abc import Collection

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Booking, Enrollment, Lead


async def find_by_phone(session: AsyncSession, phone: str) -> Lead | None:
    """The lead with this number (E.164)."""
    return (await session.scalars(select(Lead).where(Lead.phone == phone))).one_or_none()


async def count_by_phones(session: AsyncSession, phones: Collection[str]) -> int:
    """How many leads have one of these numbers (E.164)."""
    return await session.scalar(select(func.count()).select_from(Lead).where(Lead.phone.in_(phones))) or 0


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
