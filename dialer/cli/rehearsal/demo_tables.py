"""The demo's tables: leads, bookings, rejected rows, and who was held back by which rule."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from dialer.cli.leads.leads import ImportReport
from dialer.domain.numbers.phone import mask
from dialer.store.calls import enquiries
from dialer.store.campaigns.claim_queue import next_moment, of_its_campaign, why_not_yet
from dialer.store.sessions import Session
from dialer.store.tables import Booking, CampaignHours, Counselor, Enrollment, Lead

SHOWN = ("country", "course", "intake", "budget")


async def show_leads(session: Session, campaign_id: int, console: Console) -> None:
    """Every lead with what became of it and what it told."""
    table = Table(title="Leads", title_justify="left", title_style="bold")
    for column in ("Lead", "Phone", "State", "Outcome", *(name.capitalize() for name in SHOWN), "What follows"):
        table.add_column(column)
    query = (
        select(Enrollment, Lead, next_moment())
        .join(Lead, Lead.id == Enrollment.lead_id)
        .outerjoin(CampaignHours, of_its_campaign())
        .where(Enrollment.campaign_id == campaign_id)
        .order_by(Enrollment.id)
    )
    for in_campaign, lead, at in await session.execute(query):
        values = await enquiries.newest(session, in_campaign.id)
        outcome = in_campaign.last_outcome.value.replace("_", " ") if in_campaign.last_outcome else "–"
        table.add_row(
            *(lead.name, mask(lead.phone), in_campaign.state, outcome),
            *(values.get(name, "") for name in SHOWN),
            _follows(in_campaign, lead, at),
        )
    console.print(table)


async def show_bookings(session: Session, campaign_id: int, console: Console) -> None:
    """Every meeting, in both zones' words."""
    table = Table(title="Bookings", title_justify="left", title_style="bold")
    for column in ("Lead", "Counselor", "Starts", "Zone"):
        table.add_column(column)
    query = (
        select(Lead.name, Counselor.name, Booking.during, Booking.lead_zone)
        .join(Enrollment, Enrollment.id == Booking.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .join(Counselor, Counselor.id == Booking.counselor_id)
        .where(Enrollment.campaign_id == campaign_id, Booking.state == "booked")
        .order_by(Booking.during)
    )
    for lead, counselor, during, zone in await session.execute(query):
        assert during.lower is not None
        table.add_row(lead, counselor, f"{during.lower.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M}", zone)
    console.print(table)


def show_rejected(done: ImportReport, console: Console) -> None:
    """The rows that need a person."""
    table = Table(title="Rejected rows", title_justify="left", title_style="bold")
    for column in ("Row", "Reason", "Says", "Suggestion"):
        table.add_column(column)
    for fate in done.rejected:
        table.add_row(str(fate.row.n), fate.reason, fate.says, fate.suggestion or "")
    console.print(table)


async def show_held_back(session: Session, campaign_id: int, now: datetime, console: Console) -> None:
    """Who was not rung, or not again yet, and the rule that says so."""
    table = Table(title="Held back by a rule", title_justify="left", title_style="bold")
    for column in ("Rule says", "Leads"):
        table.add_column(column)
    query = (
        select(why_not_yet(), Lead.name)
        .select_from(Enrollment)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .outerjoin(CampaignHours, of_its_campaign())
        .where(Enrollment.campaign_id == campaign_id, Enrollment.attempts == 0, why_not_yet().is_not(None))
        .order_by(why_not_yet())
    )
    held: dict[str, list[str]] = {}
    for why, name in await session.execute(query):
        held.setdefault(why or "", []).append(name)
    for why, names in held.items():
        table.add_row(why, ", ".join(names))
    console.print(table)


def _follows(in_campaign: Enrollment, lead: Lead, at: datetime) -> str:
    if in_campaign.state == "done":
        return in_campaign.why or ""
    zone = lead.zones[0] if lead.zones else "UTC"
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} {zone}"
