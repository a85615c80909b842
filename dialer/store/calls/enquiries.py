"""What students want: captured values, append-only, the newest of a field counts."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import EnquiryValue


async def newest(session: AsyncSession, campaign_lead_id: int, *, call_id: UUID | None = None) -> dict[str, str]:
    """The newest value of each field of a lead in a campaign; with `call_id`, of that call alone."""
    query = select(EnquiryValue.field, EnquiryValue.value).where(EnquiryValue.campaign_lead_id == campaign_lead_id)
    if call_id is not None:
        query = query.where(EnquiryValue.call_id == call_id)
    return dict((await session.execute(query.order_by(EnquiryValue.id))).all())
