"""The columns of every sheet that goes out; the marketer's own come first (the rows: store.copy_out)."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.leads.spreadsheet_safety import OUR_LEAD_COLUMNS, our_columns
from dialer.store.tables import Campaign, LeadImport

CALLS = (
    *("call_id", "campaign", "phone", "n", "state", "outcome", "carrier", "carrier_sid", "started", "answered"),
    *("ended", "duration_s", "cost", "latency_p50_ms", "transcript", "recording"),
)
LEADS = OUR_LEAD_COLUMNS
BOOKINGS = (*("booking_id", "campaign", "phone", "lead", "counselor", "starts", "ends", "zone", "lead_zone", "state"),)
TRANSCRIPTS = ("call_id", "campaign", "phone", "n", "at", "who", "words", "heard_ms")
DNC = ("phone", "scope", "source", "reason", "added_by", "added_at", "age_days")
NUMBERS = frozenset({"n", "duration_s", "cost", "latency_p50_ms", "attempts", "heard_ms", "age_days"})
"""Those of our columns that hold numbers."""


async def lead_columns(session: AsyncSession, campaign: str | None) -> tuple[str, ...]:
    """The marketers' own columns of all lists of the campaigns, in the order in which they first came."""
    query = select(LeadImport.header).join(Campaign, Campaign.id == LeadImport.campaign_id).order_by(LeadImport.id)
    query = query.where(LeadImport.state == "done")
    if campaign is not None:
        query = query.where(Campaign.name == campaign)
    return tuple(dict.fromkeys(column for header in await session.scalars(query) for column in header))


def lead_header(own: Sequence[str]) -> tuple[str, ...]:
    """The whole header: a name that the marketer already uses gets `ava_` before ours."""
    return (*own, *our_columns(own))
