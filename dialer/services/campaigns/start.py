"""Start a campaign. Refused where it has no leads, where AVA would read out a "$word", or would not say who is calling."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.campaigns import campaigns
from dialer.store.system import audit
from dialer.store.tables import Campaign, Enrollment, Script


class CannotStartError(ValueError):
    """It was not started; with a line that says what to do."""


async def start_campaign(session: AsyncSession, campaign: Campaign, by: str, blanks: Sequence[str]) -> bool:
    """Start it; False where it runs already. `blanks` are the words of its script that no list fills (ava.blanks).

    Raises CannotLaunchError.
    """
    if campaign.state == "running":
        return False
    mine = select(Enrollment.id).where(Enrollment.campaign_id == campaign.id).limit(1)
    if await session.scalar(mine) is None:
        raise CannotStartError("The campaign has no leads yet; bring a list in first.")
    if blanks:
        named = ", ".join(f"${name}" for name in blanks)
        raise CannotStartError(f"The script names {named}, which no column of its lists gives.")
    if (unnamed := await missing_business(session, campaign)) is not None:
        raise CannotStartError(unnamed)
    state = campaign.state
    if not await campaigns.move(session, campaign.id, "running"):
        raise CannotStartError(f"The campaign is {state}; it cannot be started.")
    await audit.record(session, by, "campaign started", {"campaign": campaign.name})
    return True


async def missing_business(session: AsyncSession, campaign: Campaign) -> str | None:
    """What to do where the campaign's script names no business, so that AVA cannot say who is calling; else None."""
    script = await session.get_one(Script, campaign.script_id)
    if script.business.strip():
        return None
    return (
        f"Version {script.version} of the script {script.name!r} has no business name, so AVA cannot say who is calling. "
        "Add the business name to the script, and choose the new version for this campaign."
    )
