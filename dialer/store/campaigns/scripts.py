"""Scripts as their pages show them: names, versions, and which campaigns speak with each."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, inspect, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Campaign, Enrollment, Lead, LeadImport, Script

LOCK = 0x5C719
COLUMNS = tuple(column.key for column in inspect(Script).columns)
"""Everything that a version holds, by name."""


@dataclass(frozen=True, slots=True)
class ScriptUse:
    """A version, and in how many campaigns it is spoken."""

    script: Script
    campaigns: int


async def lock(session: AsyncSession) -> None:
    """Let one transaction at a time add versions."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


async def find_newest(session: AsyncSession, name: str, version: int | None = None) -> Script | None:
    """A script's newest version, or this one."""
    wanted = select(Script).where(Script.name == name).order_by(Script.version.desc()).limit(1)
    if version is not None:
        wanted = wanted.where(Script.version == version)
    return (await session.scalars(wanted)).one_or_none()


async def names(session: AsyncSession) -> Sequence[str]:
    """The names of the scripts, in order."""
    return (await session.scalars(select(Script.name).distinct().order_by("name"))).all()


async def list_all(session: AsyncSession) -> Sequence[Script]:
    """All versions of all scripts, the oldest of each first."""
    return (await session.scalars(select(Script).order_by(Script.name, Script.version))).all()


async def versions(session: AsyncSession, name: str | None = None) -> Sequence[Script]:
    """All versions, of one script or of all, the newest of each first."""
    query = select(Script).order_by(Script.name, Script.version.desc())
    if name is not None:
        query = query.where(Script.name == name)
    return (await session.scalars(query)).all()


async def used(session: AsyncSession, name: str | None = None) -> list[ScriptUse]:
    """Likewise, each with the number of its campaigns."""
    counted = await session.execute(select(Campaign.script_id, func.count()).group_by(Campaign.script_id))
    many: dict[int, int] = dict(counted.all())
    return [ScriptUse(script, many.get(script.id, 0)) for script in await versions(session, name)]


async def columns(session: AsyncSession, most: int = 50) -> list[tuple[str, list[str]]]:
    """The newest lists' campaigns, and the columns that their leads have: what a script may name."""
    query = (
        select(Campaign.name, LeadImport.header)
        .join(Campaign, Campaign.id == LeadImport.campaign_id)
        .where(LeadImport.state == "done")
        .order_by(LeadImport.id.desc())
        .limit(most)
    )
    found: dict[str, dict[str, None]] = {}
    for name, header in await session.execute(query):
        found.setdefault(name, {}).update(dict.fromkeys(header))
    return [(name, list(header)) for name, header in found.items()]


@dataclass(frozen=True, slots=True)
class PreviewLead:
    """A lead in a campaign."""

    campaign: str
    lead_id: int
    name: str


async def people(session: AsyncSession, name: str, most: int = 10, each: int = 3) -> list[PreviewLead]:
    """The first `each` leads of each of the `most` newest campaigns that speak by a script of that name."""
    spoken = (
        select(Campaign.id, Campaign.name)
        .join(Script, Script.id == Campaign.script_id)
        .where(Script.name == name)
        .order_by(Campaign.id.desc())
        .limit(most)
        .subquery()
    )
    first = (
        select(Enrollment.lead_id)
        .where(Enrollment.campaign_id == spoken.c.id)
        .order_by(Enrollment.lead_id)
        .limit(each)
        .lateral()
    )
    query = (
        select(spoken.c.name, Lead.id, Lead.name)
        .select_from(spoken)
        .join(first, true())
        .join(Lead, Lead.id == first.c.lead_id)
        .order_by(spoken.c.id.desc(), Lead.id)
    )
    return [PreviewLead(*row) for row in (await session.execute(query)).all()]
