"""Change a campaign's policy; the audit log keeps each value before and after."""

from collections.abc import Mapping
from typing import Any

from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.sessions import Session
from dialer.store.tables import Campaign

EDITABLE = frozenset(
    {
        *("script_id", "carrier", "country", "window_opens", "window_closes", "window_days", "concurrency"),
        *("per_second", "calls_per_day", "max_attempts", "spend_cap", "machine", "machine_message", "recording"),
        *("recording_days",),
    }
)


class CannotUpdateError(ValueError):
    """The change makes no sense, or comes too late; with a line that says why."""


async def update_campaign(session: Session, actor: Actor, campaign: Campaign, changes: Mapping[str, Any]) -> bool:
    """Change the given columns; calls placed from then on follow them.

    Returns:
        False where nothing would change.

    Raises:
        ForbiddenError: `actor` may not do this.
        CannotUpdateError: the campaign is over, or the hours close before they open.
    """
    actor.require(actions.CAMPAIGN_UPDATE)
    unknown = changes.keys() - EDITABLE
    assert not unknown, unknown
    if campaign.state in ("done", "stopped"):
        raise CannotUpdateError(f"the campaign is {campaign.state}; make a new one")
    after = {name: value for name, value in changes.items() if getattr(campaign, name) != value}
    opens = after.get("window_opens", campaign.window_opens)
    if opens >= after.get("window_closes", campaign.window_closes):
        raise CannotUpdateError("calling hours must start before they end")
    if not after.get("window_days", campaign.window_days):
        raise CannotUpdateError("choose at least one weekday")
    if after.get("machine") == "leave_message" and not after.get("machine_message", campaign.machine_message):
        raise CannotUpdateError("enter the voicemail message")
    if not after:
        return False
    told = {name: [str(getattr(campaign, name)), str(value)] for name, value in after.items()}
    for name, value in after.items():
        setattr(campaign, name, value)
    await session.flush()
    await record(session, actor, actions.CAMPAIGN_UPDATE, {"campaign": campaign.name, "changes": told})
    return True
