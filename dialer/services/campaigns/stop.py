"""Stop a campaign, with a receipt: nothing new since then, and what becomes of the calls in progress."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from dialer.carriers.port import CarrierError
from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.services.calls.finish import cancel_call
from dialer.services.dialing.eligibility import Carriers
from dialer.store.calls import calls
from dialer.store.campaigns import campaigns
from dialer.store.sessions import Sessions
from dialer.store.tables import Campaign


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a stop did."""

    since: datetime
    taken_back: int
    live: int
    hung_up: int
    promised: int
    """Students who were promised a call-back and do not get one now."""
    entry_id: int = 0
    """The audit entry that holds this receipt."""

    def as_dict(self) -> dict[str, Any]:
        """For --json and the API."""
        return {
            "nothing_new_since": self.since.isoformat(),
            "taken_back": self.taken_back,
            "live": self.live,
            "hung_up": self.hung_up,
            "promised": self.promised,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Receipt":
        """The receipt that `as_dict` wrote, in an audit entry; what an older one lacks is zero."""
        counts = {name: int(stored.get(name, 0)) for name in ("taken_back", "live", "hung_up", "promised")}
        return cls(datetime.fromisoformat(stored["nothing_new_since"]), **counts)

    def line(self) -> str:
        """For people."""
        rest = f"{self.hung_up} hung up" if self.hung_up else "left to finish"
        live = f"{self.live} calls live, {rest}" if self.live else "no call live"
        promised = f"; {self.promised} promised call-backs will not be made" if self.promised else ""
        return (
            f"no new calls since {self.since:%H:%M:%S} UTC; {self.taken_back} queued calls cancelled; {live}{promised}"
        )


async def stop_campaign(
    sessions: Sessions,
    actor: Actor,
    campaign_id: int,
    carriers: Carriers,
    now: datetime,
    *,
    hang_up: bool,
    by_bridge: Callable[[UUID], Awaitable[bool]] | None = None,
) -> Receipt:
    """Stop it: from the commit on no call is placed, since every placing reads the campaign's state again.

    Args:
        by_bridge: Ends a call through its media socket, the only way with some carriers; returns whether it did.

    Raises:
        ForbiddenError: `actor` may not do this.
    """
    actor.require(actions.CAMPAIGN_STOP)
    async with sessions.begin() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        await campaigns.move(session, campaign_id, "stopped")
        taken_back = [
            await cancel_call(session, call, "the campaign was stopped", None, now)
            for call in await calls.lock_intended(session, campaign_id=campaign_id)
        ]
        live = await calls.list_at_carrier(session, campaign_id)
        _, promised = await campaigns.live_and_promised(session, campaign_id)
    hung_up = 0
    for call_id, carrier_name, sid in live if hang_up else ():
        carrier = carriers.get(carrier_name)
        if carrier is not None and not carrier.capabilities.can_hang_up:
            hung_up += by_bridge is not None and await by_bridge(call_id)
        elif carrier is not None and sid is not None:
            try:
                await carrier.hang_up(sid)
                hung_up += 1
            except CarrierError:
                continue  # the receipt says how many were reached
    receipt = Receipt(now, sum(taken_back), len(live), hung_up, promised)
    async with sessions.begin() as session:
        details = {"campaign": campaign.name, **receipt.as_dict()}
        return replace(receipt, entry_id=await record(session, actor, actions.CAMPAIGN_STOP, details))
