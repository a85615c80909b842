"""Calls that should have moved on and did not: what the sweep looks for. Ages are by the database's clock."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import OVER, Outcome, State
from dialer.store.calls.calls import older
from dialer.store.leads.do_not_call import ACCOUNT
from dialer.store.tables import Call, Campaign, DoNotCall, Enrollment, Lead

MAX_LISTED = 100
MAX_QUEUED = 500


async def list_placing(session: AsyncSession, age: timedelta) -> Sequence[Call]:
    """Calls in the state PLACING for longer than `age`, oldest first."""
    return await _stuck(session, and_(Call.state == State.PLACING, older(Call.placing_at, age)))


async def list_intended(session: AsyncSession, age: timedelta) -> Sequence[Call]:
    """Calls in the state INTENT that could have been placed for longer than `age`, oldest first."""
    ready_at = func.greatest(Call.inserted_at, Call.not_before)
    return await _stuck(session, and_(Call.state == State.INTENT, older(ready_at, age)))


async def list_unknown(session: AsyncSession) -> Sequence[Call]:
    """Calls in the state UNKNOWN, oldest first."""
    return await _stuck(session, Call.state == State.UNKNOWN)


async def list_silent(
    session: AsyncSession, *, grace: timedelta, no_stream_after: timedelta, silent_after: timedelta
) -> Sequence[Call]:
    """Calls that should have been heard of, oldest first.

    Args:
        grace: How long beyond its ring timeout a call may go without an answer, or without a media stream.
        no_stream_after: How long after its answer a call may go without a media stream.
        silent_after: How long a call with a media stream may go without a sign of life from its bridge.
    """
    ring = select(Campaign.ring_timeout_s).where(Campaign.id == Call.campaign_id).scalar_subquery()
    waited = func.extract("epoch", func.now() - Call.placing_at)
    never_answered = and_(Call.state.in_((State.PLACED, State.RINGING)), waited > ring + grace.total_seconds())
    gone_quiet = and_(
        Call.state == State.TALKING,
        or_(
            and_(Call.stream_opened_at.is_not(None), older(Call.last_event_at, silent_after)),
            and_(Call.stream_opened_at.is_(None), older(Call.last_event_at, no_stream_after)),
            and_(Call.stream_opened_at.is_(None), waited > ring + grace.total_seconds()),
        ),
    )
    return await _stuck(session, or_(never_answered, gone_quiet))


async def is_overdue(session: AsyncSession, call_id: UUID, age: timedelta) -> bool:
    """Whether the carrier was asked to place a call longer than `age` ago."""
    return bool(await session.scalar(select(older(Call.placing_at, age)).where(Call.id == call_id)))


async def list_queued(
    session: AsyncSession, carriers: Collection[str]
) -> list[tuple[Call, Campaign, Enrollment, Lead]]:
    """Calls that these carriers have and did not begin to ring, each with its campaign and lead."""
    query = (
        select(Call, Campaign, Enrollment, Lead)
        .join(Campaign, Campaign.id == Call.campaign_id)
        .join(Enrollment, Enrollment.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .where(Call.state == State.PLACED, Call.carrier_sid.is_not(None), Call.carrier.in_(carriers))
        .limit(MAX_QUEUED)
    )
    return [(row[0], row[1], row[2], row[3]) for row in await session.execute(query)]


async def ringing_but_listed(session: AsyncSession) -> list[tuple[str, str]]:
    """Calls at a carrier whose number was listed meanwhile, not by an opt-out in that very call: (carrier, its id)."""
    query = (
        select(Call.carrier, Call.carrier_sid)
        .join(DoNotCall, DoNotCall.phone == Call.phone)
        .where(
            Call.state.in_((State.PLACED, State.RINGING, State.TALKING)),
            Call.carrier_sid.is_not(None),
            Call.reported.is_distinct_from(Outcome.DO_NOT_CALL),
            (DoNotCall.scope == ACCOUNT) | (DoNotCall.scope == "campaign:" + cast(Call.campaign_id, Text)),
        )
        .distinct()
    )
    return [(carrier, sid) for carrier, sid in (await session.execute(query)) if sid]


async def _stuck(session: AsyncSession, condition: ColumnElement[bool]) -> Sequence[Call]:
    query = select(Call).where(Call.state.not_in(OVER), condition).order_by(Call.created_at).limit(MAX_LISTED)
    return (await session.scalars(query)).all()
