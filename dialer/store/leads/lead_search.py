"""Leads as people look for them: by campaign, state, outcome, name and number; page by page, by key.

A page costs the same at the first and at the millionth lead: each campaign gives its newest few from an index, and the
newest of those are shown. A key is (lead, campaign), the newest lead first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import FromClause, Select, and_, join, select, text, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.campaigns.claim_queue import next_moment, of_its_campaign, why_not_yet
from dialer.store.leads.lead_name_index import HAS_WORDS, few_with, prefixes
from dialer.store.tables import (
    Booking,
    Campaign,
    CampaignHours,
    Counselor,
    DoNotCall,
    EnquiryValue,
    Enrollment,
    ImportRow,
    Lead,
    LeadImport,
)

PAGE = 50
STOPPED = "the campaign is stopped"
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Which leads; what is empty or None does not narrow."""

    campaign_id: int | None = None
    state: str = ""
    outcome: str = ""
    phone: str = ""
    """The beginning of a number, with its plus."""
    name: str = ""
    """Beginnings of words of a name, in whatever case and order: all of them are to be there."""


@dataclass(frozen=True, slots=True)
class LeadRow:
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


async def page(session: AsyncSession, wanted: LeadFilter, after: Key | None, most: int = PAGE) -> list[LeadRow]:
    """The leads behind `after`, newest first; ask for one more than is shown to know whether there are more."""
    named = await few_with(session, wanted.name) if wanted.name else None
    if named is not None:
        query = _shown(_newest_of(named, wanted, after, most))
    else:
        query = _shown(_newest_by_campaign(wanted, after, most)).limit(most)
    if wanted.campaign_id is not None:
        query = query.where(Campaign.id == wanted.campaign_id)
    return [_listed(*row) for row in await session.execute(query)]


def _newest_of(leads: Sequence[int], wanted: LeadFilter, after: Key | None, most: int) -> FromClause:
    """The newest places of some leads."""
    places = _narrowed(select(Enrollment.id), wanted, after).where(Enrollment.lead_id.in_(leads))
    if wanted.campaign_id is not None:
        places = places.where(Enrollment.campaign_id == wanted.campaign_id)
    few = places.order_by(Enrollment.lead_id.desc(), Enrollment.campaign_id.desc()).limit(most).subquery("few")
    return join(few, Enrollment, Enrollment.id == few.c.id).join(Campaign, Campaign.id == Enrollment.campaign_id)


def _newest_by_campaign(wanted: LeadFilter, after: Key | None, most: int) -> FromClause:
    """The newest places of every campaign, as many of each as are shown."""
    inner = select(Enrollment.id).where(Enrollment.campaign_id == Campaign.id).correlate(Campaign)
    inner = _narrowed(inner, wanted, after)
    if wanted.phone or wanted.name:
        inner = inner.join(Lead, Lead.id == Enrollment.lead_id)
    if wanted.phone:
        inner = inner.where(Lead.phone >= wanted.phone, Lead.phone < wanted.phone + ":")  # ":" follows the digits
    if wanted.name:
        inner = inner.where(text(HAS_WORDS)).params(words=prefixes(wanted.name))
    few = inner.order_by(Enrollment.lead_id.desc()).limit(most).lateral("few")
    return join(Campaign, few, true()).join(Enrollment, Enrollment.id == few.c.id)


def _narrowed(places: Select[int], wanted: LeadFilter, after: Key | None) -> Select[int]:
    if wanted.state:
        places = places.where(Enrollment.state == wanted.state)
        if wanted.state != "ready":
            places = places.where(Enrollment.state != "ready")  # said so that the partial index serves
    if wanted.outcome:
        places = places.where(Enrollment.last_outcome == wanted.outcome, Enrollment.last_outcome.is_not(None))
    if after is not None:
        places = places.where(Enrollment.lead_id <= after[0])
        places = places.where(tuple_(Enrollment.lead_id, Enrollment.campaign_id) < after)
    return places


def _shown(places: FromClause) -> Any:
    """What a line of the list says of places."""
    return (
        select(Enrollment, Lead, Campaign.name, Campaign.state, next_moment(), why_not_yet())
        .select_from(places)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .outerjoin(CampaignHours, of_its_campaign())
        .order_by(Enrollment.lead_id.desc(), Enrollment.campaign_id.desc())
    )


def _listed(place: Enrollment, lead: Lead, campaign: str, stands: str, at: datetime, why: str | None) -> LeadRow:
    is_open, stopped = place.state in ("ready", "waiting"), stands == "stopped"
    waits = is_open and not stopped and at.year > 2000
    if is_open and stopped:
        why = f"call-back promised, but {STOPPED}" if place.rank == 0 else STOPPED
    return LeadRow(
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
        why=why if waits or (is_open and stopped) else place.why,
    )


async def places_of(session: AsyncSession, lead_id: int) -> list[LeadRow]:
    """A lead's places, in every campaign."""
    places = join(Enrollment, Campaign, Campaign.id == Enrollment.campaign_id)
    query = _shown(places).where(Enrollment.lead_id == lead_id)
    return [_listed(*row) for row in await session.execute(query)]


async def own_cells(session: AsyncSession, lead_id: int) -> dict[str, str]:
    """A lead's row in the newest list that brought it, by the marketer's own columns."""
    query = (
        select(LeadImport.header, ImportRow.cells)
        .join(Enrollment, and_(Enrollment.import_id == LeadImport.id))
        .join(ImportRow, and_(ImportRow.import_id == Enrollment.import_id, ImportRow.n == Enrollment.import_n))
        .where(Enrollment.lead_id == lead_id)
        .order_by(LeadImport.id.desc())
        .limit(1)
    )
    row = (await session.execute(query)).first()
    return dict(zip(row[0], row[1], strict=False)) if row else {}


async def said_of(session: AsyncSession, lead_id: int) -> Sequence[EnquiryValue]:
    """What is known from a lead's calls: the newest value of each field of each campaign, by field."""
    query = (
        select(EnquiryValue)
        .join(Enrollment, Enrollment.id == EnquiryValue.campaign_lead_id)
        .where(Enrollment.lead_id == lead_id)
        .order_by(EnquiryValue.field, EnquiryValue.id)
    )
    return list({value.field: value for value in await session.scalars(query)}.values())


async def meetings_of(session: AsyncSession, lead_id: int) -> list[tuple[Booking, str, str]]:
    """A lead's meetings, with the counselor's name and zone."""
    query = (
        select(Booking, Counselor.name, Counselor.zone)
        .join(Enrollment, Enrollment.id == Booking.campaign_lead_id)
        .join(Counselor, Counselor.id == Booking.counselor_id)
        .where(Enrollment.lead_id == lead_id)
        .order_by(Booking.during)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def no_calls_for(session: AsyncSession, phone: str) -> Sequence[DoNotCall]:
    """The do-not-call entries of a number."""
    return (await session.scalars(select(DoNotCall).where(DoNotCall.phone == phone).order_by(DoNotCall.id))).all()
