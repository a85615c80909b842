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


async def email_of(session: AsyncSession, campaign_lead_id: int) -> tuple[str | None, bool]:
    """Where a lead can be written to, and whether that was heard in a call."""
    query = select(Lead.email, Lead.email_by_voice).join(Enrollment, Enrollment.lead_id == Lead.id)
    found = (await session.execute(query.where(Enrollment.id == campaign_lead_id))).one()
    return found[0], found[1]


async def hear_email(session: AsyncSession, campaign_lead_id: int, email: str) -> None:
    """The lead said their address in a call; one that was known already stays as known."""
    whose = select(Enrollment.lead_id).where(Enrollment.id == campaign_lead_id).scalar_subquery()
    changed = Lead.email.is_distinct_from(email)
    await session.execute(update(Lead).where(Lead.id == whose, changed).values(email=email, email_by_voice=True))


async def set_meeting_email(session: AsyncSession, campaign_lead_id: int, email: str) -> Booking | None:
    """Put an address on the lead's meeting; the meeting, where its address changed."""
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
