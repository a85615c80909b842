"""What the pages of campaigns show of them besides their sums."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.campaigns import campaigns
from dialer.store.campaigns.claim_queue import of_its_campaign, why_not_yet
from dialer.store.tables import AuditEntry, Campaign, CampaignHours, Enrollment, HoursGroup, LeadImport, Script

MOST_LOG, LOOKED_THROUGH = 20, 5_000
MAX_COUNTED = 20_000


async def list_all(session: AsyncSession, most: int = 200) -> Sequence[Campaign]:
    """The campaigns, those that run first, then the newest; the hidden one of single calls is left out."""
    query = select(Campaign).where(campaigns.listed())
    query = query.order_by((Campaign.state == "running").desc(), Campaign.id.desc()).limit(most)
    return (await session.scalars(query)).all()


async def names(session: AsyncSession) -> list[tuple[int, str]]:
    """Every campaign's id and name, by name."""
    return [(row.id, row.name) for row in await session.execute(select(Campaign.id, Campaign.name).order_by("name"))]


async def script_of(session: AsyncSession, campaign: Campaign) -> Script:
    """The version of the script that it was made with."""
    return await session.get_one(Script, campaign.script_id)


async def lists(session: AsyncSession, campaign: Campaign, most: int = 10) -> Sequence[LeadImport]:
    """Its newest lists."""
    query = select(LeadImport).where(LeadImport.campaign_id == campaign.id).order_by(LeadImport.id.desc()).limit(most)
    return (await session.scalars(query)).all()


async def log_of(session: AsyncSession, campaign: Campaign) -> Sequence[AuditEntry]:
    """What people did to it, newest first, as far as it stands among the last few thousand entries."""
    newest = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(LOOKED_THROUGH).subquery()
    query = select(AuditEntry).where(
        AuditEntry.id.in_(select(newest.c.id).where(newest.c.details["campaign"].astext == campaign.name))
    )
    return (await session.scalars(query.order_by(AuditEntry.id.desc()).limit(MOST_LOG))).all()


async def zone_of(session: AsyncSession, campaign_id: int) -> str | None:
    """Where most of its leads live, by a part of them: an IANA zone."""
    some = (
        select(Enrollment.hours_id)
        .where(Enrollment.campaign_id == campaign_id, Enrollment.hours_id != 0)
        .limit(500)
        .subquery()
    )
    first = HoursGroup.zones[1].label("zone")
    query = (
        select(first)
        .join(some, some.c.hours_id == HoursGroup.id)
        .group_by(first)
        .order_by(func.count().desc())
        .limit(1)
    )
    return await session.scalar(query)


async def held_back(session: AsyncSession, campaign_id: int, *, for_good: bool = False) -> list[tuple[str, int]]:
    """Why leads were not called yet, the commonest reason first, counted over so many of them at most.

    `for_good`: only of those who are finished without a call. Leads that only wait for their turn have no reason.
    """
    some = (
        select(func.coalesce(why_not_yet(), Enrollment.why).label("why"))
        .select_from(Enrollment)
        .outerjoin(CampaignHours, of_its_campaign())
        .where(Enrollment.campaign_id == campaign_id, Enrollment.last_outcome.is_(None))
        .where(Enrollment.state == "done" if for_good else Enrollment.state != "calling")
        .limit(MAX_COUNTED)
        .subquery()
    )
    query = select(some.c.why, func.count()).where(some.c.why.is_not(None)).group_by(some.c.why)
    return [(why, many) for why, many in await session.execute(query.order_by(func.count().desc(), some.c.why))]
