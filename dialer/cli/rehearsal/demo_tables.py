"""The demo's tables: leads, meetings, rejected rows, and leads that a rule kept from being called."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from dialer.domain.numbers.phone import mask
from dialer.services.leads.import_file import ImportReport
from dialer.store.calls import enquiries
from dialer.store.campaigns import progress
from dialer.store.sessions import Session
from dialer.store.tables import Enrollment, Lead

SHOWN = ("country", "course", "intake", "budget")


async def show_leads(session: Session, campaign_id: int, console: Console) -> None:
    """Every lead with its outcome and captured values."""
    table = Table(title="Leads", title_justify="left", title_style="bold")
    for column in ("Lead", "Phone", "State", "Outcome", *(name.capitalize() for name in SHOWN), "Next"):
        table.add_column(column)
    for in_campaign, lead, at in await progress.list_leads(session, campaign_id):
        values = await enquiries.newest(session, in_campaign.id)
        outcome = in_campaign.last_outcome.value.replace("_", " ") if in_campaign.last_outcome else "–"
        table.add_row(
            *(lead.name, mask(lead.phone), in_campaign.state, outcome),
            *(values.get(name, "") for name in SHOWN),
            _follows(in_campaign, lead, at),
        )
    console.print(table)


async def show_bookings(session: Session, campaign_id: int, console: Console) -> None:
    """Every meeting, in the student's time zone."""
    table = Table(title="Meetings", title_justify="left", title_style="bold")
    for column in ("Lead", "Counselor", "Starts", "Time zone"):
        table.add_column(column)
    for lead, counselor, starts, zone in await progress.list_meetings(session, campaign_id):
        table.add_row(lead, counselor, f"{starts.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M}", zone)
    console.print(table)


def show_rejected(done: ImportReport, console: Console) -> None:
    """Rows that were not imported, and how to fix them."""
    table = Table(title="Rejected rows", title_justify="left", title_style="bold")
    for column in ("Row", "Result", "Issue", "Suggestion"):
        table.add_column(column)
    for fate in done.rejected:
        table.add_row(str(fate.row.n), (fate.reason or "").replace("_", " "), fate.says, fate.suggestion or "")
    console.print(table)


async def show_held_back(session: Session, campaign_id: int, now: datetime, console: Console) -> None:
    """Leads that were not called, or not again yet, and why."""
    table = Table(title="Not called yet", title_justify="left", title_style="bold")
    for column in ("Reason", "Leads"):
        table.add_column(column)
    held: dict[str, list[str]] = {}
    for why, name in await progress.list_held_back(session, campaign_id):
        held.setdefault(why, []).append(name)
    for why, names in held.items():
        table.add_row(why, ", ".join(names))
    console.print(table)


def _follows(in_campaign: Enrollment, lead: Lead, at: datetime) -> str:
    if in_campaign.state == "done":
        return in_campaign.why or ""
    zone = lead.zones[0] if lead.zones else "UTC"
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} {zone}"
