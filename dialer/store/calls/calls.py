"""Calls: claimed, taken by exactly one worker, moved up only, ended once."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Numeric, func, literal, or_, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import AT_CARRIER, LIVE, State, can_come_from
from dialer.domain.calling.cost import MILLION
from dialer.store.tables import Call, Enrollment, Lead


def token_hash(token: str) -> str:
    """What is stored of a call's one-time token."""
    return hashlib.sha256(token.encode()).hexdigest()


async def create(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Write the intent to ring, one row per call; a phone that has a live call already is left out."""
    if not rows:
        return set()
    written = await session.execute(insert(Call).values(list(rows)).on_conflict_do_nothing().returning(Call.id))
    return set(written.scalars())


_TAKE = text("""
UPDATE call SET state = 'placing', placing_at = now(), token_hash = t.hash, placement_tries = 0
FROM (SELECT id FROM call WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'intent' ORDER BY id
      FOR UPDATE SKIP LOCKED) AS meant
JOIN unnest(CAST(:ids AS uuid[]), CAST(:hashes AS text[])) AS t(id, hash) ON t.id = meant.id
WHERE call.id = meant.id AND call.state = 'intent' RETURNING call.id
""")

_BEGIN = text("""
UPDATE call SET placement_tries = 1, placement_tried_at = now()
WHERE id IN (SELECT id FROM call WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'intent' AND placement_tries = 0 ORDER BY id
             FOR UPDATE SKIP LOCKED) RETURNING id
""")

# Delivered twice at the same time is begun once: only a start that led to nothing for a while counts.
_BEGIN_AGAIN = text("""
UPDATE call SET placement_tried_at = now(), placement_tries = placement_tries
    + CASE WHEN placement_tried_at > now() - CAST(:slack AS interval) THEN 0 ELSE 1 END
WHERE id = :id AND state = 'intent' RETURNING placement_tries
""")
BEGUN_FOR = timedelta(seconds=10)

_PLACED = text("""
UPDATE call SET carrier_sid = coalesce(call.carrier_sid, t.sid), placed_at = coalesce(call.placed_at, :now),
       state = CASE WHEN call.state = ANY(CAST(:before AS text[])) THEN 'placed' ELSE call.state END
FROM unnest(CAST(:ids AS uuid[]), CAST(:sids AS text[])) AS t(id, sid) WHERE call.id = t.id
""")


async def begin(session: AsyncSession, call_ids: Sequence[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Note that a worker begins with those of the calls that nobody began with; they, and those somebody did."""
    fresh = set((await session.scalars(_BEGIN, {"ids": list(call_ids)})).all())
    if len(fresh) == len(call_ids):
        return fresh, set()
    still = await session.scalars(select(Call.id).where(Call.id.in_(call_ids), Call.state == State.INTENT))
    return fresh, set(still) - fresh


async def begin_again(session: AsyncSession, call_id: UUID) -> int:
    """Note that a worker begins with a call once more; how often one did and never took it, 0 if it is not meant now."""
    return (await session.scalar(_BEGIN_AGAIN, {"id": call_id, "slack": BEGUN_FOR})) or 0


async def start_placing(session: AsyncSession, tokens: Mapping[UUID, str]) -> set[UUID]:
    """Move intended calls to PLACING, each with the token it is to be known by; those that another worker has not."""
    hashes = [token_hash(token) for token in tokens.values()]
    return set((await session.scalars(_TAKE, {"ids": list(tokens), "hashes": hashes})).all())


async def record_placed(session: AsyncSession, sids: Mapping[UUID, str], now: datetime) -> None:
    """The carrier took these calls, under these ids of its own; what a webhook said before stands."""
    if sids:
        before = [state.value for state in can_come_from(State.PLACED)]
        await session.execute(_PLACED, {"ids": list(sids), "sids": list(sids.values()), "before": before, "now": now})


def in_seconds(seconds: float) -> ColumnElement[datetime]:
    """A moment so many seconds from now, by the database's clock."""
    moment: ColumnElement[datetime] = func.now() + timedelta(seconds=seconds)
    return moment


async def move(session: AsyncSession, call_id: UUID, state: State, **values: Any) -> bool:
    """Move a call up to a state; False, and nothing changed, where it is at or past it."""
    moved = await session.execute(
        update(Call)
        .where(Call.id == call_id, Call.state.in_(can_come_from(state)))
        .values(state=state, **values)
        .returning(Call.id)
    )
    return moved.first() is not None


async def locked(session: AsyncSession, call_id: UUID) -> Call | None:
    """The call, locked until the transaction ends, as it is now."""
    query = select(Call).where(Call.id == call_id).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def list_with_leads(session: AsyncSession, call_ids: Collection[UUID]) -> list[tuple[Call, Enrollment, Lead]]:
    """These calls as they are now, each with its lead; by campaign and carrier."""
    query = (
        select(Call, Enrollment, Lead)
        .join(Enrollment, Enrollment.id == Call.campaign_lead_id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .where(Call.id.in_(call_ids))
        .order_by(Call.campaign_id, Call.carrier, Call.id)
        .execution_options(populate_existing=True)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def lock_intended(
    session: AsyncSession, *, campaign_id: int | None = None, phones: Collection[str] | None = None
) -> Sequence[Call]:
    """The calls in the state INTENT of a campaign, to these numbers, or both; locked."""
    query = select(Call).where(Call.state == State.INTENT)
    if phones is not None:
        query = query.where(Call.phone.in_(phones))
    if campaign_id is not None:
        query = query.where(Call.campaign_id == campaign_id)
    return (await session.scalars(query.with_for_update())).all()


async def list_at_carrier(session: AsyncSession, campaign_id: int) -> list[tuple[UUID, str, str | None]]:
    """A campaign's calls that a carrier has: id, carrier, the carrier's id."""
    query = select(Call.id, Call.carrier, Call.carrier_sid).where(
        Call.campaign_id == campaign_id, Call.state.in_(AT_CARRIER)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def release(session: AsyncSession, call_id: UUID, token: str, why: str) -> None:
    """Move a call from PLACING back to INTENT, if the token is still its own: nothing was sent for it."""
    await session.execute(
        update(Call)
        .where(Call.id == call_id, Call.token_hash == token_hash(token), Call.state == State.PLACING)
        .values(state=State.INTENT, placing_at=None, token_hash=None, reason=why)
    )


async def last_attempts(session: AsyncSession, campaign_lead_ids: Collection[int]) -> dict[int, int]:
    """The number of the last attempt at each lead in a campaign; leads without a call are left out."""
    query = select(Call.campaign_lead_id, func.max(Call.n)).where(Call.campaign_lead_id.in_(campaign_lead_ids))
    return dict((await session.execute(query.group_by(Call.campaign_lead_id))).all())


async def by_sid(session: AsyncSession, carrier: str, sid: str) -> UUID | None:
    """The call that a carrier knows by this id."""
    return await session.scalar(select(Call.id).where(Call.carrier == carrier, Call.carrier_sid == sid))


async def by_token(session: AsyncSession, token: str) -> Call | None:
    """The call that this token was made for."""
    return (await session.scalars(select(Call).where(Call.token_hash == token_hash(token)))).one_or_none()


async def called_since(
    session: AsyncSession, phones: Iterable[str], since: datetime, but: Collection[UUID] = ()
) -> dict[str, tuple[datetime, ...]]:
    """When each phone was called, or may have been, since a moment; oldest first. Intents count: they are about to be.

    The calls `but` are not looked at.
    """
    counts = or_(Call.placing_at.is_not(None), Call.state == State.INTENT)
    query = (
        select(Call.phone, Call.created_at)
        .where(Call.phone.in_(list(phones)), Call.created_at > since, Call.state != State.CANCELLED, counts)
        .where(Call.id.not_in(but) if but else true())
        .order_by(Call.created_at)
    )
    found: dict[str, tuple[datetime, ...]] = {}
    for phone, at in await session.execute(query):
        found[phone] = (*found.get(phone, ()), at)
    return found


async def live_phones(session: AsyncSession, phones: Iterable[str], but: Collection[UUID] = ()) -> set[str]:
    """Which of the phones have a call in progress, in whatever campaign; the calls `but` are not looked at."""
    query = select(Call.phone).where(Call.phone.in_(list(phones)), Call.state.in_(LIVE))
    query = query.where(Call.id.not_in(but)) if but else query
    return set((await session.scalars(query)).all())


async def same_outcome(session: AsyncSession, campaign_lead_id: int, outcome: str) -> int:
    """How many of a lead's calls in a campaign ended in this outcome."""
    query = select(func.count()).where(Call.campaign_lead_id == campaign_lead_id, Call.outcome == outcome)
    return (await session.scalar(query)) or 0


async def price_billed(session: AsyncSession, currency: str, per_million: Decimal, since: date) -> int:
    """Give the calls since a day (UTC) that are billed in a currency and have no cost yet the one they have by this price."""
    waiting = update(Call).where(
        Call.currency == currency, Call.carrier_cost.is_(None), Call.created_at >= datetime.combine(since, time(), UTC)
    )
    millionths = func.ceil(Call.carrier_price * literal(per_million, Numeric()))
    cost = millionths / literal(MILLION, Numeric())
    done = await session.execute(waiting.values(carrier_cost=cost).returning(Call.id))
    return len(done.all())


async def billed_unpriced(session: AsyncSession) -> dict[str, tuple[int, date]]:
    """How many calls are billed in a currency whose exchange was not known then, and since which day (UTC), by currency."""
    query = select(Call.currency, func.count(), func.min(Call.created_at)).where(
        Call.carrier_cost.is_(None), Call.carrier_price.is_not(None)
    )
    found = await session.execute(query.group_by(Call.currency))
    return {currency or "": (many, first.astimezone(UTC).date()) for currency, many, first in found}


def older(column: Any, age: timedelta) -> ColumnElement[bool]:
    """A condition: the moment in `column` is longer ago than `age`, by the database's clock."""
    result: ColumnElement[bool] = column < func.now() - age
    return result
