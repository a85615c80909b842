"""Scripts as their pages show them: names, versions, and which campaigns speak with each."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Campaign, LeadImport, Script


@dataclass(frozen=True, slots=True)
class Used:
    """A version, and in how many campaigns it is spoken."""

    script: Script
    campaigns: int


async def versions(session: AsyncSession, name: str | None = None) -> Sequence[Script]:
    """All versions, of one script or of all, the newest of each first."""
    query = select(Script).order_by(Script.name, Script.version.desc())
    if name is not None:
        query = query.where(Script.name == name)
    return (await session.scalars(query)).all()


async def used(session: AsyncSession, name: str | None = None) -> list[Used]:
    """Likewise, each with the number of its campaigns."""
    counted = await session.execute(select(Campaign.script_id, func.count()).group_by(Campaign.script_id))
    many: dict[int, int] = dict(counted.all())
    return [Used(script, many.get(script.id, 0)) for script in await versions(session, name)]


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
