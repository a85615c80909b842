"""Pause a campaign: no new call is placed, calls in progress finish."""

from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.campaigns import campaigns
from dialer.store.sessions import Session
from dialer.store.tables import Campaign


class CannotPauseError(ValueError):
    """The campaign is neither running nor paused."""


async def pause_campaign(session: Session, actor: Actor, campaign: Campaign) -> bool:
    """Pause it.

    Returns:
        False where it is paused already.

    Raises:
        ForbiddenError: `actor` may not do this.
        CannotPauseError: the message says why.
    """
    actor.require(actions.CAMPAIGN_PAUSE)
    state = campaign.state
    if not await campaigns.move(session, campaign.id, "paused"):
        if state == "paused":
            return False
        raise CannotPauseError(f"This campaign is {state} and cannot be paused.")
    await record(session, actor, actions.CAMPAIGN_PAUSE, {"campaign": campaign.name})
    return True
