"""Request a rehearsal: one at a time per campaign, run by a worker in a process of its own."""

from dialer.services import actions, jobs
from dialer.services.actor import Actor
from dialer.store.campaigns import rehearsals
from dialer.store.sessions import Session
from dialer.store.tables import Campaign

MAX_LEADS = 500


async def request_rehearsal(session: Session, actor: Actor, campaign: Campaign, leads: int) -> int:
    """Queue a rehearsal of a campaign with at most so many leads.

    Returns:
        The job's id; of the rehearsal in progress where there is one.

    Raises:
        ForbiddenError: `actor` may not do this.
    """
    actor.require(actions.CAMPAIGN_REHEARSE)
    last = await rehearsals.newest(session, campaign.id)
    if last is not None and last.state in ("queued", "running"):
        return last.id
    options = {"campaign_id": campaign.id, "leads": leads}
    details = {"campaign": campaign.name, "leads": leads}
    return await jobs.enqueue(session, actor, actions.CAMPAIGN_REHEARSE, "rehearse", options, details)
