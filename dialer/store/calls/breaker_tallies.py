"""What the circuit breakers judge: how the latest calls of a campaign went, by carrier."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.breaker import Tally
from dialer.domain.calling.call import Outcome, State
from dialer.store.calls.calls import older
from dialer.store.tables import Call, Campaign

LATEST = 20
"""How many ended calls the share of failed ones is taken of."""
FAILED = (Outcome.FAILED, Outcome.NOT_PLACED)
ABANDONED_AFTER_MS = 2000
# An unknown call is given this long to be found in the carrier's list before it counts.
FOUND_WITHIN = timedelta(seconds=60)


async def carriers_of(session: AsyncSession, campaign_id: int) -> Sequence[str]:
    """The carriers that a campaign's calls went through, by name."""
    return (await session.scalars(select(Call.carrier).where(Call.campaign_id == campaign_id).distinct())).all()


async def tally(session: AsyncSession, campaign: Campaign, carrier: str) -> Tally:
    """Count a campaign's calls through a carrier since it was last set running."""
    judged = and_(Call.campaign_id == campaign.id, Call.carrier == carrier, Call.inserted_at >= campaign.resumed_at)
    latest = (
        select(Call.outcome)
        .where(judged, Call.state == State.ENDED)
        .order_by(Call.inserted_at.desc())
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
        and_(Call.state == State.UNKNOWN, older(Call.unknown_at, FOUND_WITHIN)),
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
