"""Circuit breakers: a campaign that does harm pauses itself and says why. No lead is burned by it."""

from dataclasses import dataclass

from dialer.domain.calling.breaker import trips
from dialer.store.calls import breaker_tallies
from dialer.store.campaigns import campaigns
from dialer.store.sessions import Session


@dataclass(frozen=True, slots=True)
class Tripped:
    """A campaign that was paused."""

    campaign: str
    why: str


async def trip_breakers(session: Session) -> list[Tripped]:
    """Judge every running campaign."""
    tripped = []
    for campaign in await campaigns.running(session):
        for carrier in await breaker_tallies.carriers_of(session, campaign.id):
            why = trips(await breaker_tallies.tally(session, campaign, carrier))
            if why is not None and await campaigns.move(session, campaign.id, "paused", f"{carrier}: {why}"):
                tripped.append(Tripped(campaign.name, why))
                break
    return tripped
