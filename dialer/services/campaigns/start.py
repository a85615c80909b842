"""Start a campaign. Refused where it has no leads, where AVA would read out a "$word", or would not say who is calling."""

from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.services.campaigns.placeholders import missing_placeholders
from dialer.store.campaigns import campaigns
from dialer.store.leads import enrollments
from dialer.store.sessions import Session
from dialer.store.tables import Campaign, Script


class CannotStartError(ValueError):
    """It was not started; with a line that says what to do."""


async def start_campaign(session: Session, actor: Actor, campaign: Campaign) -> bool:
    """Start calling its leads.

    Returns:
        False where it is running already.

    Raises:
        ForbiddenError: `actor` may not do this.
        CannotStartError: the message says what is missing.
    """
    actor.require(actions.CAMPAIGN_START)
    if campaign.state == "running":
        return False
    if not await enrollments.exists(session, campaign.id):
        raise CannotStartError("The campaign has no leads yet. Import a list first.")
    if missing := await missing_placeholders(session, campaign):
        named = ", ".join(f"${name}" for name in missing)
        raise CannotStartError(f"The script uses {named}, but no list of this campaign has such a column.")
    if (unnamed := await missing_business(session, campaign)) is not None:
        raise CannotStartError(unnamed)
    state = campaign.state
    if not await campaigns.move(session, campaign.id, "running"):
        raise CannotStartError(f"The campaign is {state}. It cannot be started.")
    await record(session, actor, actions.CAMPAIGN_START, {"campaign": campaign.name})
    return True


async def missing_business(session: Session, campaign: Campaign) -> str | None:
    """What to do where the campaign's script names no business, so that AVA cannot say who is calling; else None."""
    script = await session.get_one(Script, campaign.script_id)
    if script.business.strip():
        return None
    return (
        f"Version {script.version} of the script {script.name!r} has no business name, so AVA cannot say who is calling. "
        "Add the business name to the script, and choose the new version for this campaign."
    )
