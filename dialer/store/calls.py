"""Calls: claimed, taken by exactly one worker, moved up only, ended once."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.call import LIVE, OVER, State, may_come_from
from dialer.store.tables import Call, CallEvent, CampaignLead, Lead


def token_hash(token: str) -> str:
    """What is stored of a call's one-time token."""
    return hashlib.sha256(token.encode()).hexdigest()


async def due(
    session: AsyncSession, campaign_id: int, now: datetime, limit: int, but: Collection[int] = ()
) -> Sequence[tuple[CampaignLead, Lead]]:
    """Leads whose moment has come, locked for this transaction: promised call-backs first, then fresh, then retries.

    Those in `but` (ids of campaign_lead) are left out.
    """
    query = (
        select(CampaignLead, Lead)
        .join(Lead, Lead.id == CampaignLead.lead_id)
        .where(
            CampaignLead.campaign_id == campaign_id,
            CampaignLead.state.in_(("ready", "waiting")),
            CampaignLead.next_attempt_at <= now,
            CampaignLead.id.not_in(list(but)) if but else true(),
        )
        .order_by(CampaignLead.rank, CampaignLead.next_attempt_at, CampaignLead.id)
        .limit(limit)
        .with_for_update(of=CampaignLead, skip_locked=True)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def intend(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Write the intent to ring, one row per call; a phone that has a live call already is left out."""
    if not rows:
        return set()
    written = await session.execute(insert(Call).values(list(rows)).on_conflict_do_nothing().returning(Call.id))
    return set(written.scalars())


async def take(session: AsyncSession, call_id: UUID, token: str) -> bool:
    """Move an intended call to PLACING with the token it is to be known by; False if another worker already has."""
    taken = await session.execute(
        update(Call)
        .where(Call.id == call_id, Call.state == State.INTENT)
        .values(state=State.PLACING, placing_at=func.now(), token_hash=token_hash(token))
        .returning(Call.id)
    )
    return taken.first() is not None


async def move(session: AsyncSession, call_id: UUID, state: State, **values: Any) -> bool:
    """Move a call up to a state; False, and nothing changed, where it is at or past it."""
    moved = await session.execute(
        update(Call)
        .where(Call.id == call_id, Call.state.in_(may_come_from(state)))
        .values(state=state, **values)
        .returning(Call.id)
    )
    return moved.first() is not None


async def locked(session: AsyncSession, call_id: UUID) -> Call | None:
    """The call, locked until the transaction ends, as it is now."""
    query = select(Call).where(Call.id == call_id).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def by_sid(session: AsyncSession, carrier: str, sid: str) -> UUID | None:
    """The call that a carrier knows by this id."""
    return await session.scalar(select(Call.id).where(Call.carrier == carrier, Call.carrier_sid == sid))


async def by_token(session: AsyncSession, token: str) -> Call | None:
    """The call that this token was made for."""
    return (await session.scalars(select(Call).where(Call.token_hash == token_hash(token)))).one_or_none()


async def rung_since(
    session: AsyncSession, phones: Iterable[str], since: datetime, but: UUID | None
) -> dict[str, tuple[datetime, ...]]:
    """When each phone was rung, or may have been, since a moment; oldest first. Intents count: they are about to be.

    The call `but` is not looked at.
    """
    counts = or_(Call.placing_at.is_not(None), Call.state == State.INTENT)
    query = (
        select(Call.phone, Call.created_at)
        .where(Call.phone.in_(list(phones)), Call.created_at > since, Call.state != State.CANCELLED, counts)
        .where(Call.id != but if but else true())
        .order_by(Call.created_at)
    )
    found: dict[str, tuple[datetime, ...]] = {}
    for phone, at in await session.execute(query):
        found[phone] = (*found.get(phone, ()), at)
    return found


async def live_phones(session: AsyncSession, phones: Iterable[str], but: UUID | None) -> set[str]:
    """Which of the phones have a call in progress, in whatever campaign; the call `but` is not looked at."""
    query = select(Call.phone).where(Call.phone.in_(list(phones)), Call.state.in_(LIVE))
    query = query.where(Call.id != but) if but else query
    return set((await session.scalars(query)).all())


async def same_outcome(session: AsyncSession, campaign_lead_id: int, outcome: str) -> int:
    """How many of a lead's calls in a campaign ended in this outcome."""
    query = select(func.count()).where(Call.campaign_lead_id == campaign_lead_id, Call.outcome == outcome)
    return (await session.scalar(query)) or 0


async def store_event(
    session: AsyncSession,
    *,
    carrier: str,
    sid: str,
    kind: str,
    sequence: str,
    call_id: UUID | None,
    fields: dict[str, Any],
) -> bool:
    """Keep a webhook as received; False if this very one was kept before."""
    kept = await session.execute(
        insert(CallEvent)
        .values(carrier=carrier, sid=sid, kind=kind, sequence=sequence, call_id=call_id, fields=fields)
        .on_conflict_do_nothing()
        .returning(CallEvent.id)
    )
    return kept.first() is not None


async def stuck(session: AsyncSession, condition: ColumnElement[bool], limit: int = 100) -> Sequence[Call]:
    """Calls that are not over and fulfil a condition, oldest first."""
    query = select(Call).where(Call.state.not_in(OVER), condition).order_by(Call.created_at).limit(limit)
    return (await session.scalars(query)).all()


def older(column: Any, age: timedelta) -> ColumnElement[bool]:
    """A condition: the moment in `column` is longer ago than `age`, by the database's clock."""
    result: ColumnElement[bool] = column < func.now() - age
    return result


def cast_text(column: Any) -> ColumnElement[str]:
    """A column as text."""
    return cast(column, Text)
