"""Scrub a campaign: take every lead out of it whose number is on a do-not-call list or a public registry."""

from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.leads import do_not_call
from dialer.store.sessions import Session
from dialer.store.tables import Campaign


async def scrub_campaign(session: Session, actor: Actor, campaign: Campaign) -> dict[str, int]:
    """Scrub it; how many leads each list took out. Raises ForbiddenError."""
    actor.require(actions.DNC_SCRUB)
    out = await do_not_call.scrub(session, campaign.id)
    await record(session, actor, actions.DNC_SCRUB, {"campaign": campaign.name, "out": out})
    return out
