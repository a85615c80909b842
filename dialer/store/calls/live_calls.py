"""The calls in progress, as whoever opens the Live page finds them: three statements, however many calls."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import AT_CARRIER
from dialer.store.tables import Call, Campaign, EnquiryValue, Enrollment, Lead, Turn

MAX_LISTED = 200


@dataclass(frozen=True, slots=True)
class InProgress:
    """One call; `for_s` is how long it has been talked in real time, or called where nobody picked up yet."""

    call_id: UUID
    phone: str
    name: str
    campaign: str
    state: str
    since: datetime
    for_s: float
    turns: tuple[Turn, ...]
    fields: dict[str, str]


async def in_progress(session: AsyncSession) -> list[InProgress]:
    """The calls at a carrier, the oldest first, with what was said and what is known from each."""
    lasts = func.extract("epoch", func.now() - func.coalesce(Call.stream_opened_at, Call.placing_at, Call.inserted_at))
    query = (
        select(Call, Lead.name, Campaign.name, lasts)
        .join(Enrollment, Enrollment.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .where(Call.state.in_(AT_CARRIER))
        .order_by(Call.created_at)
        .limit(MAX_LISTED)
    )
    rows = (await session.execute(query)).all()
    ids = [call.id for call, *_ in rows]
    said: dict[UUID, list[Turn]] = defaultdict(list)
    known: dict[UUID, dict[str, str]] = defaultdict(dict)
    if ids:
        for turn in await session.scalars(select(Turn).where(Turn.call_id.in_(ids)).order_by(Turn.position)):
            said[turn.call_id].append(turn)
        values = select(EnquiryValue).where(EnquiryValue.call_id.in_(ids)).order_by(EnquiryValue.id)
        for value in await session.scalars(values):
            known[value.call_id][value.field] = value.value
    return [
        InProgress(
            call.id,
            call.phone,
            name,
            campaign,
            call.state.value,
            call.created_at,
            max(0.0, float(for_s)),
            tuple(said[call.id]),
            known[call.id],
        )
        for call, name, campaign, for_s in rows
    ]


async def callees(session: AsyncSession, call_ids: Collection[UUID]) -> dict[UUID, dict[str, str]]:
    """Whom calls are to, as a live message says it: `{phone, name, campaign}` by call."""
    query = (
        select(Call.id, Call.phone, Lead.name, Campaign.name)
        .join(Enrollment, Enrollment.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .where(Call.id.in_(call_ids))
    )
    rows = await session.execute(query)
    return {call_id: {"phone": phone, "name": name, "campaign": campaign} for call_id, phone, name, campaign in rows}
