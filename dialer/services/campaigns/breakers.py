"""Circuit breakers: a campaign that does harm pauses itself and says why. No lead is burned by it."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, func, or_, select

from dialer.domain.calling.breaker import Tally, trips
from dialer.domain.calling.call import Outcome, State
from dialer.store.calls import calls
from dialer.store.campaigns import campaigns
from dialer.store.sessions import Session
from dialer.store.tables import Call, Campaign

LATEST = 20
FAILED = (Outcome.FAILED, Outcome.NOT_PLACED)
ABANDONED_AFTER_MS = 2000
# An unknown call is given this long to be found in the carrier's list before it counts.
FOUND_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Tripped:
    """A campaign that was paused."""

    campaign: str
    why: str


async def trip_breakers(session: Session) -> list[Tripped]:
    """Judge every running campaign."""
    tripped = []
    for campaign in await campaigns.running(session):
        carriers = await session.scalars(select(Call.carrier).where(Call.campaign_id == campaign.id).distinct())
        for carrier in carriers.all():
            why = trips(await _tally(session, campaign, carrier))
            if why is not None and await campaigns.move(session, campaign.id, "paused", f"{carrier}: {why}"):
                tripped.append(Tripped(campaign.name, why))
                break
    return tripped


async def _tally(session: Session, campaign: Campaign, carrier: str) -> Tally:
    judged = and_(Call.campaign_id == campaign.id, Call.carrier == carrier, Call.made_at >= campaign.resumed_at)
    latest = (
        select(Call.outcome)
        .where(judged, Call.state == State.ENDED)
        .order_by(Call.made_at.desc())
        .limit(LATEST)
        .subquery()
    )
    ended, failed = (
        await session.execute(
            select(func.count(), func.count().filter(latest.c.outcome.in_(FAILED))).select_from(latest)
        )
    ).one()
    lost = or_(Call.first_audio_ms.is_(None), Call.first_audio_ms > ABANDONED_AFTER_MS)
    stayed = Call.stream_closed_at - Call.stream_opened_at > timedelta(milliseconds=ABANDONED_AFTER_MS)
    unknown = or_(
        and_(Call.state == State.UNKNOWN, calls.older(Call.unknown_at, FOUND_WITHIN)),
        and_(Call.unknown_at.is_not(None), Call.outcome == Outcome.NOT_PLACED),
    )
    answered, abandoned, asked, not_known = (
        await session.execute(
            select(
                func.count().filter(Call.stream_closed_at.is_not(None)),
                func.count().filter(Call.stream_closed_at.is_not(None), lost, stayed),
                func.count().filter(Call.placing_at.is_not(None)),
                func.count().filter(unknown),
            ).where(judged)
        )
    ).one()
    return Tally(ended, failed, answered, abandoned, asked, not_known)
