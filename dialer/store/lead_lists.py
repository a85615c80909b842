"""Leads as people look for them: by campaign, state, outcome, name and number; page by page, by key.

A page costs the same at the first and at the millionth lead: each campaign gives its newest few from an index, and the
newest of those are shown. A key is (lead, campaign), the newest lead first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select, text, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.call import Outcome
from dialer.store.due import next_moment, of_its_campaign, why_not_yet
from dialer.store.tables import (
    Booking,
    Call,
    Campaign,
    CampaignHours,
    CampaignLead,
    Counselor,
    DoNotCall,
    EnquiryValue,
    ImportRow,
    Lead,
    LeadImport,
)
from dialer.store.tables.leads import NAME_WORDS

PAGE = 50
_NAME_WORDS = NAME_WORDS.replace("(name", "(lead.name")
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which leads; what is empty or None does not narrow."""

    campaign_id: int | None = None
    state: str = ""
    outcome: str = ""
    phone: str = ""
    """The beginning of a number, with its plus."""
    name: str = ""
    """Beginnings of words of a name, in whatever case and order: all of them are to be there."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A lead's place in a campaign, as a line of the list."""

    place_id: int
    lead_id: int
    campaign_id: int
    campaign: str
    phone: str
    name: str
    zone: str
    state: str
    attempts: int
    outcome: str | None
    next_at: datetime | None
    why: str | None

    @property
    def key(self) -> Key:
        """What the next page begins after."""
        return self.lead_id, self.campaign_id


async def page(session: AsyncSession, wanted: Wanted, after: Key | None, most: int = PAGE) -> list[Listed]:
    """The leads behind `after`, newest first; ask for one more than is shown to know whether there are more."""
    inner = select(CampaignLead.id).where(CampaignLead.campaign_id == Campaign.id).correlate(Campaign)
    if wanted.state:
        inner = inner.where(CampaignLead.state == wanted.state)
        if wanted.state != "ready":
            inner = inner.where(CampaignLead.state != "ready")  # said so that the partial index serves
    if wanted.outcome:
        inner = inner.where(CampaignLead.last_outcome == wanted.outcome, CampaignLead.last_outcome.is_not(None))
    if wanted.phone or wanted.name:
        inner = inner.join(Lead, Lead.id == CampaignLead.lead_id)
    if wanted.phone:
        inner = inner.where(Lead.phone >= wanted.phone, Lead.phone < wanted.phone + ":")  # ":" follows the digits
    if wanted.name:
        inner = inner.where(text(f"{_NAME_WORDS} @@ CAST(:words AS tsquery)")).params(words=_words(wanted.name))
    if after is not None:
        inner = inner.where(CampaignLead.lead_id <= after[0])
        inner = inner.where(tuple_(CampaignLead.lead_id, CampaignLead.campaign_id) < after)
    few = inner.order_by(CampaignLead.lead_id.desc()).limit(most).lateral("few")
    query = (
        select(CampaignLead, Lead, Campaign.name, next_moment(), why_not_yet())
        .select_from(Campaign)
        .join(few, true())
        .join(CampaignLead, CampaignLead.id == few.c.id)
        .join(Lead, Lead.id == CampaignLead.lead_id)
        .outerjoin(CampaignHours, of_its_campaign())
        .order_by(CampaignLead.lead_id.desc(), CampaignLead.campaign_id.desc())
        .limit(most)
    )
    if wanted.campaign_id is not None:
        query = query.where(Campaign.id == wanted.campaign_id)
    return [_listed(*row) for row in await session.execute(query)]


def _words(name: str) -> str:
    """What is looked for, as PostgreSQL writes it: each word quoted, with whatever follows it."""
    quoted = [word.replace("\\", "\\\\").replace("'", "''") for word in name.lower().split()]
    return " & ".join(f"'{word}':*" for word in quoted)


def _listed(place: CampaignLead, lead: Lead, campaign: str, at: datetime, why: str | None) -> Listed:
    waits = place.state in ("ready", "waiting") and at.year > 2000
    return Listed(
        place_id=place.id,
        lead_id=lead.id,
        campaign_id=place.campaign_id,
        campaign=campaign,
        phone=lead.phone,
        name=lead.name,
        zone=lead.zones[0] if lead.zones else "",
        state=place.state,
        attempts=place.attempts,
        outcome=place.last_outcome.value if place.last_outcome else None,
        next_at=at if waits else None,
        why=why if waits else place.why,
    )


async def places_of(session: AsyncSession, lead_id: int) -> list[Listed]:
    """A lead's places, in every campaign."""
    query = (
        select(CampaignLead, Lead, Campaign.name, next_moment(), why_not_yet())
        .join(Lead, Lead.id == CampaignLead.lead_id)
        .join(Campaign, Campaign.id == CampaignLead.campaign_id)
        .outerjoin(CampaignHours, of_its_campaign())
        .where(CampaignLead.lead_id == lead_id)
        .order_by(CampaignLead.campaign_id.desc())
    )
    return [_listed(*row) for row in await session.execute(query)]


@dataclass(frozen=True, slots=True)
class PastCall:
    """One call of somebody's history."""

    call_id: UUID
    campaign: str
    name: str
    phone: str
    n: int
    at: datetime
    state: str
    outcome: Outcome | None
    reason: str | None
    duration_s: int | None


_PAST = (
    Call.id,
    Campaign.name,
    Lead.name,
    Call.phone,
    Call.n,
    Call.created_at,
    Call.state,
    Call.outcome,
    Call.reason,
    Call.duration_s,
)


async def calls_of(session: AsyncSession, lead_id: int, most: int = 100) -> list[PastCall]:
    """The newest calls to a lead."""
    query = (
        select(*_PAST)
        .join(CampaignLead, CampaignLead.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == CampaignLead.lead_id)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .where(CampaignLead.lead_id == lead_id)
        .order_by(Call.created_at.desc())
        .limit(most)
    )
    return [PastCall(*tuple(row)) for row in await session.execute(query)]


async def newest_calls(
    session: AsyncSession,
    campaign_id: int | None,
    before: tuple[datetime, UUID] | None = None,
    most: int = PAGE,
    outcome: str = "",
) -> list[PastCall]:
    """The newest calls of a campaign, or of all, behind `before`; with `outcome`, those that ended so."""
    few = select(Call.id).order_by(Call.created_at.desc(), Call.id.desc()).limit(most)
    if campaign_id is not None:
        few = few.where(Call.campaign_id == campaign_id)
    if outcome:
        few = few.where(Call.outcome == outcome)
    if before is not None:
        few = few.where(Call.created_at <= before[0], tuple_(Call.created_at, Call.id) < before)
    query = (
        select(*_PAST)
        .join(CampaignLead, CampaignLead.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == CampaignLead.lead_id)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .where(Call.id.in_(few))
        .order_by(Call.created_at.desc(), Call.id.desc())
    )
    return [PastCall(*tuple(row)) for row in await session.execute(query)]


async def own_cells(session: AsyncSession, lead_id: int) -> dict[str, str]:
    """A lead's row in the newest list that brought it, by the marketer's own columns."""
    query = (
        select(LeadImport.header, ImportRow.cells)
        .join(CampaignLead, and_(CampaignLead.import_id == LeadImport.id))
        .join(ImportRow, and_(ImportRow.import_id == CampaignLead.import_id, ImportRow.n == CampaignLead.import_n))
        .where(CampaignLead.lead_id == lead_id)
        .order_by(LeadImport.id.desc())
        .limit(1)
    )
    row = (await session.execute(query)).first()
    return dict(zip(row[0], row[1], strict=False)) if row else {}


async def said_of(session: AsyncSession, lead_id: int) -> Sequence[EnquiryValue]:
    """What is known from a lead's calls: the newest value of each field of each campaign, by field."""
    query = (
        select(EnquiryValue)
        .join(CampaignLead, CampaignLead.id == EnquiryValue.campaign_lead_id)
        .where(CampaignLead.lead_id == lead_id)
        .order_by(EnquiryValue.field, EnquiryValue.id)
    )
    return list({value.field: value for value in await session.scalars(query)}.values())


async def meetings_of(session: AsyncSession, lead_id: int) -> list[tuple[Booking, str, str]]:
    """A lead's meetings, with the counselor's name and zone."""
    query = (
        select(Booking, Counselor.name, Counselor.zone)
        .join(CampaignLead, CampaignLead.id == Booking.campaign_lead_id)
        .join(Counselor, Counselor.id == Booking.counselor_id)
        .where(CampaignLead.lead_id == lead_id)
        .order_by(Booking.during)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def no_calls_for(session: AsyncSession, phone: str) -> Sequence[DoNotCall]:
    """The do-not-call entries of a number."""
    return (await session.scalars(select(DoNotCall).where(DoNotCall.phone == phone).order_by(DoNotCall.id))).all()
