"""Rows for spreadsheets, streamed: calls, bookings, and leads with the marketer's own columns first."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.enquiry import FIELDS
from dialer.domain.sheet import OUR_LEAD_COLUMNS, our_columns
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
    Turn,
)

CALLS = (
    *("call_id", "campaign", "phone", "n", "state", "outcome", "carrier", "carrier_sid", "started", "answered"),
    *("ended", "duration_s", "cost", "latency_p50_ms", "transcript", "recording"),
)
LEADS = OUR_LEAD_COLUMNS
BOOKINGS = (*("booking_id", "campaign", "phone", "lead", "counselor", "starts", "ends", "zone", "lead_zone", "state"),)
TRANSCRIPTS = ("call_id", "campaign", "phone", "n", "at", "who", "words", "heard_ms")
DNC = ("phone", "scope", "source", "reason", "added_by", "added_at", "age_days")
Cells = tuple[Any, ...]
NEVER_ASKED = datetime(2000, 1, 2, tzinfo=UTC)
"""A lead that no rule has held back yet is due since before then."""


async def calls(session: AsyncSession, campaign: str | None) -> AsyncIterator[Cells]:
    """One row per attempt, oldest first, in the order of CALLS."""
    speaker = func.replace(func.replace(Turn.who, "ava", "AVA: "), "student", "Student: ")
    transcript = (
        select(func.string_agg(speaker + Turn.words, aggregate_order_by(literal("\n"), Turn.position)))
        .where(Turn.call_id == Call.id)
        .scalar_subquery()
    )
    cost = func.coalesce(Call.carrier_cost, 0) + func.coalesce(Call.voice_cost, 0)
    query = (
        select(
            Call.id, Campaign.name, Call.phone, Call.n, Call.state, Call.outcome, Call.carrier, Call.carrier_sid,
            Call.created_at, Call.answered_at, Call.ended_at, Call.duration_s,
            func.nullif(cost, 0), Call.latency_p50_ms, transcript, Call.recording,
        )
        .join(Campaign, Campaign.id == Call.campaign_id)
        .order_by(Call.created_at, Call.id)
    )  # fmt: skip
    async for row in _streamed(session, query, campaign):
        yield tuple(row)


async def bookings(session: AsyncSession, campaign: str | None) -> AsyncIterator[Cells]:
    """One row per meeting, earliest first, in the order of BOOKINGS; times in the counselor's zone."""
    query = (
        select(
            Booking.id, Campaign.name, Lead.phone, Lead.name, Counselor.name, Booking.during, Counselor.zone,
            Booking.lead_zone, Booking.state,
        )
        .join(CampaignLead, CampaignLead.id == Booking.campaign_lead_id)
        .join(Campaign, Campaign.id == CampaignLead.campaign_id)
        .join(Lead, Lead.id == CampaignLead.lead_id)
        .join(Counselor, Counselor.id == Booking.counselor_id)
        .where(Booking.state != "held")
        .order_by(Booking.during)
    )  # fmt: skip
    async for booking_id, name, phone, lead, counselor, during, zone, lead_zone, state in _streamed(
        session, query, campaign
    ):
        place = ZoneInfo(zone)
        starts, ends = during.lower.astimezone(place), during.upper.astimezone(place)
        yield (booking_id, name, phone, lead, counselor, starts, ends, zone, lead_zone, state)


async def transcripts(session: AsyncSession, campaign: str | None) -> AsyncIterator[Cells]:
    """One row per turn of every talk, in order, in the order of TRANSCRIPTS."""
    query = (
        select(Call.id, Campaign.name, Call.phone, Call.n, Turn.at, Turn.who, Turn.words, Turn.heard_ms)
        .join(Call, Call.id == Turn.call_id)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .order_by(Call.created_at, Call.id, Turn.position)
    )
    async for row in _streamed(session, query, campaign):
        yield tuple(row)


async def numbers(session: AsyncSession) -> AsyncIterator[Cells]:
    """Every entry of the do-not-call lists, in the order of DNC."""
    age = cast(func.extract("day", func.now() - DoNotCall.added_at), Integer)
    query = select(
        DoNotCall.phone,
        DoNotCall.scope,
        DoNotCall.source,
        DoNotCall.reason,
        DoNotCall.added_by,
        DoNotCall.added_at,
        age,
    ).order_by(DoNotCall.id)
    async for row in _streamed(session, query, None):
        yield tuple(row)


async def lead_columns(session: AsyncSession, campaign: str | None) -> tuple[str, ...]:
    """The marketers' own columns of all lists of the campaigns, in the order in which they first came."""
    query = select(LeadImport.header).join(Campaign, Campaign.id == LeadImport.campaign_id).order_by(LeadImport.id)
    query = query.where(LeadImport.state == "done")
    if campaign is not None:
        query = query.where(Campaign.name == campaign)
    return tuple(dict.fromkeys(column for header in await session.scalars(query) for column in header))


async def leads(session: AsyncSession, campaign: str | None, own: Sequence[str]) -> AsyncIterator[Cells]:
    """One row per lead and campaign: the marketer's cells under `own`, then those of LEADS."""
    values = (
        select(
            EnquiryValue.campaign_lead_id.label("of"),
            func.array_agg(aggregate_order_by(EnquiryValue.field, EnquiryValue.id)).label("fields"),
            func.array_agg(aggregate_order_by(EnquiryValue.value, EnquiryValue.id)).label("values"),
        )
        .group_by(EnquiryValue.campaign_lead_id)
        .subquery()
    )
    query = (
        select(
            LeadImport.header, ImportRow.cells, Lead.phone, Campaign.name, CampaignLead.state, CampaignLead.attempts,
            CampaignLead.last_outcome, next_moment(), why_not_yet(), values.c.fields, values.c["values"],
            Booking.during, Counselor.name, Lead.zones,
        )
        .select_from(CampaignLead)
        .join(Lead, Lead.id == CampaignLead.lead_id)
        .join(Campaign, Campaign.id == CampaignLead.campaign_id)
        .outerjoin(CampaignHours, of_its_campaign())
        .outerjoin(ImportRow, (ImportRow.import_id == CampaignLead.import_id) & (ImportRow.n == CampaignLead.import_n))
        .outerjoin(LeadImport, LeadImport.id == ImportRow.import_id)
        .outerjoin(values, values.c.of == CampaignLead.id)
        .outerjoin(Booking, (Booking.campaign_lead_id == CampaignLead.id) & (Booking.state == "booked"))
        .outerjoin(Counselor, Counselor.id == Booking.counselor_id)
        .order_by(CampaignLead.id)
    )  # fmt: skip
    async for row in _streamed(session, query, campaign):
        header, cells, phone, name, state, attempts, outcome, due, why, fields, found, during, counselor, zones = row
        cell = dict(zip(header or (), cells or (), strict=False))
        value = dict(zip(fields or (), found or (), strict=True))
        meeting = during.lower.astimezone(_zone(zones)) if during else None
        scheduled = state == "waiting" or (state == "ready" and due > NEVER_ASKED)
        waits: datetime | None = due.astimezone(_zone(zones)) if scheduled else None
        yield (
            *(cell.get(column, "") for column in own),
            *(phone, name, state, attempts, outcome, waits, why),
            *(value.get(field, "") for field in FIELDS),
            *(meeting, counselor),
        )


def lead_header(own: Sequence[str]) -> tuple[str, ...]:
    """The whole header: a name that the marketer already uses gets `ava_` before ours."""
    return (*own, *our_columns(own))


def _zone(zones: Sequence[str]) -> ZoneInfo:
    return ZoneInfo(zones[0] if zones else "UTC")


async def _streamed(session: AsyncSession, query: Any, campaign: str | None) -> AsyncIterator[Any]:
    if campaign is not None:
        query = query.where(Campaign.name == campaign)
    async for row in await session.stream(query.execution_options(yield_per=1000)):
        yield row
