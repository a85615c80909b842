"""What a person should see first: what is called just now, what is paused and why, what waits for somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import AT_CARRIER
from dialer.store.calls import calls
from dialer.store.campaigns import campaigns
from dialer.store.tables import Booking, Call, Campaign, Incident, KillSwitch, LeadImport

MAX_ITEMS = 20
LATELY = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class ActionItem:
    """One thing that waits for a person: what, why, and where to go."""

    what: str
    says: str
    to: str


async def newest_campaigns(session: AsyncSession, most: int = MAX_ITEMS) -> Sequence[Campaign]:
    """The campaigns that run first, then the newest others."""
    query = select(Campaign).where(campaigns.listed())
    query = query.order_by((Campaign.state == "running").desc(), Campaign.id.desc()).limit(most)
    return (await session.scalars(query)).all()


async def live_calls(session: AsyncSession) -> int:
    """How many calls are at a carrier just now."""
    return await session.scalar(select(func.count()).where(Call.state.in_(AT_CARRIER))) or 0


async def switches(session: AsyncSession) -> Sequence[KillSwitch]:
    """The kill switches that are on."""
    return (await session.scalars(select(KillSwitch).order_by(KillSwitch.scope))).all()


async def action_items(session: AsyncSession, now: datetime) -> list[ActionItem]:
    """What waits for somebody, the gravest first."""
    found = [*await _standing(session), *await _incidents(session), *await _unpriced(session), *await _to_fix(session)]
    found += await _meetings(session, now)
    return found[:MAX_ITEMS]


async def _standing(session: AsyncSession) -> list[ActionItem]:
    query = (
        select(Campaign)
        .where(Campaign.state == "paused", Campaign.state_reason.is_not(None))
        .order_by(Campaign.id.desc())
    )
    return [
        ActionItem(f"{each.name} is paused", each.state_reason or "", f"/campaigns/{each.id}")
        for each in await session.scalars(query.limit(5))
    ]


async def _incidents(session: AsyncSession) -> list[ActionItem]:
    query = select(Incident).where(Incident.at > func.now() - LATELY).order_by(Incident.id.desc()).limit(5)
    return [
        ActionItem(each.kind.replace("_", " "), each.message, f"/calls/{each.call_id}" if each.call_id else "/settings")
        for each in await session.scalars(query)
    ]


async def _unpriced(session: AsyncSession) -> list[ActionItem]:
    """Calls that a carrier bills in a currency whose exchange nobody has set."""
    return [
        ActionItem(
            f"{many} {'call is' if many == 1 else 'calls are'} billed in {currency}",
            f"What they cost is not known until you set what a million {currency} cost, in USD, from {first} on.",
            "/settings#prices",
        )
        for currency, (many, first) in (await calls.billed_unpriced(session)).items()
    ]


async def _to_fix(session: AsyncSession) -> list[ActionItem]:
    """Lists with rows to fix, and lists that were checked and not imported.

    A file of fixes is not listed itself: its rows are counted with those of the list that it fixes.
    """
    rejected = LeadImport.counts["rejected"].as_integer()
    query = (
        select(LeadImport.id, LeadImport.file, rejected, LeadImport.state)
        .where(LeadImport.state.in_(("done", "checked")), LeadImport.imported_at > func.now() - LATELY)
        .where((LeadImport.state == "checked") | and_(rejected > 0, LeadImport.corrects_import_id.is_(None)))
        .order_by(LeadImport.id.desc())
        .limit(5)
    )
    return [
        ActionItem(
            f"{file}: {rows} {'row' if rows == 1 else 'rows'} to fix"
            if state == "done"
            else f"{file} is not imported yet",
            "Download, fix and re-upload." if state == "done" else "It was checked. Review the results and import it.",
            f"/imports/{import_id}?which=rejected" if state == "done" else f"/imports/{import_id}",
        )
        for import_id, file, rows, state in await session.execute(query)
    ]


async def _meetings(session: AsyncSession, now: datetime) -> list[ActionItem]:
    past = func.upper(Booking.during) < now
    lately = func.upper(Booking.during) > now - LATELY
    counted = select(
        func.count().filter(Booking.state == "booked", past), func.count().filter(Booking.state == "no_show", lately)
    )
    unmarked, many = (await session.execute(counted.where(Booking.state.in_(("booked", "no_show"))))).one()
    found = []
    if unmarked:
        found.append(
            ActionItem(
                f"{unmarked} {'meeting is' if unmarked == 1 else 'meetings are'} over",
                "Say how they went.",
                "/bookings/all?when=past",
            )
        )
    if many:
        found.append(ActionItem(f"{many} did not come", "Call them again or email them.", "/bookings/all?when=past"))
    return found
