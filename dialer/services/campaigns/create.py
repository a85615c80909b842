"""Create a draft campaign: a name is enough; it starts with the shipped script and the default policy."""

from datetime import time
from decimal import Decimal
from typing import Any

from dialer.services import actions, scripts
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.campaigns import campaigns
from dialer.store.campaigns.campaigns import SINGLE_CALLS
from dialer.store.sessions import Session
from dialer.store.tables import Campaign


class NameTakenError(ValueError):
    """There is a campaign of that name."""


async def create_campaign(
    session: Session,
    actor: Actor,
    name: str,
    *,
    script: str | None = None,
    carrier: str | None = None,
    country: str = "IN",
    window: tuple[time, time] | None = None,
    concurrency: int | None = None,
    per_second: float | None = None,
    max_attempts: int | None = None,
    spend_cap: Decimal | None = None,
    machine: str | None = None,
    machine_message: str | None = None,
    hidden: bool = False,
) -> Campaign:
    """Make a draft campaign with the newest version of `script`, or of the shipped one that imported lists can fill.

    `hidden` is for the campaign of single calls, whose name is reserved.

    Raises:
        ForbiddenError: `actor` may not do this.
        NameTakenError, UnknownScriptError: the message says what to do.
    """
    actor.require(actions.CAMPAIGN_CREATE)
    if not hidden and name.strip().casefold() == SINGLE_CALLS.casefold():
        raise NameTakenError(f"{SINGLE_CALLS!r} is reserved for calls placed one at a time; choose another name")
    if await campaigns.named(session, name) is not None:
        raise NameTakenError(f"there is a campaign {name!r} already; choose another name")
    speaks = await (scripts.newest(session, script) if script else scripts.newest_usable(session))
    wanted: dict[str, Any] = {
        "carrier": carrier,
        "country": country,
        "window_opens": window[0] if window else None,
        "window_closes": window[1] if window else None,
        "concurrency": concurrency,
        "per_second": per_second,
        "max_attempts": max_attempts,
        "spend_cap": spend_cap,
        "machine": machine,
        "machine_message": machine_message,
    }
    campaign = Campaign(
        name=name, script_id=speaks.id, **{key: value for key, value in wanted.items() if value is not None}
    )
    session.add(campaign)
    await session.flush()
    await session.refresh(campaign)
    if not hidden:
        await record(session, actor, actions.CAMPAIGN_CREATE, {"campaign": campaign.name})
    return campaign
