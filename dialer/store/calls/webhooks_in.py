"""Webhooks as received: kept before they are answered, many in one statement; applied from here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.calls.calls import token_hash
from dialer.store.tables import WebhookEvent

MAX_TRIES = 5

_KEEP = text("""
WITH told AS (
    SELECT * FROM unnest(CAST(:place AS int[]), CAST(:carrier AS text[]), CAST(:sid AS text[]), CAST(:kind AS text[]),
                         CAST(:sequence AS text[]), CAST(:hash AS text[]), CAST(:fields AS text[]),
                         CAST(:signed AS bool[]))
           AS t(place, carrier, sid, kind, sequence, hash, fields, signed)
), known AS (
    SELECT told.*, coalesce(CASE WHEN told.signed THEN by_sid.id END, CASE WHEN coalesce(by_token.carrier_sid, told.sid) = told.sid
                                            THEN by_token.id END) AS call_id
    FROM told LEFT JOIN call by_sid ON by_sid.carrier_sid = told.sid AND by_sid.carrier = told.carrier
              LEFT JOIN call by_token ON by_token.token_hash = told.hash AND by_token.carrier = told.carrier
), kept AS (
    INSERT INTO call_event (carrier, sid, kind, sequence, call_id, fields)
    SELECT carrier, sid, kind, sequence, call_id, CAST(fields AS jsonb) FROM known WHERE call_id IS NOT NULL
    ORDER BY sid, kind, sequence ON CONFLICT DO NOTHING
)
SELECT place, call_id FROM known ORDER BY place
""")


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook as it came: `kind` is `status`, `machine` or `handover`, `sequence` tells it from others of its call and kind."""

    carrier: str
    sid: str
    kind: str
    sequence: str
    token: str
    fields: Mapping[str, str]
    signed: bool = True
    """The carrier signed it; if not, only the token tells whose call it is, whatever sid it names."""


async def store(session: AsyncSession, events: Sequence[Event]) -> list[UUID | None]:
    """Keep webhooks; the call of each, known by its sid or by the token in the address, None for a call of nobody.

    One that was kept before is left as it was; one of nobody's call is not kept.
    """
    rows = await session.execute(
        _KEEP,
        {
            "place": list(range(len(events))),
            "carrier": [each.carrier for each in events],
            "sid": [each.sid for each in events],
            "kind": [each.kind for each in events],
            "sequence": [each.sequence for each in events],
            "hash": [token_hash(each.token) if each.token else None for each in events],
            "fields": [json.dumps(dict(each.fields)) for each in events],
            "signed": [each.signed for each in events],
        },
    )
    return [row[1] for row in rows]


async def unapplied(session: AsyncSession, most: int, *, again: bool = False) -> Sequence[int]:
    """The ids of webhooks still to be applied, oldest first: the new ones, or (`again`) those that failed before."""
    tried = WebhookEvent.tries.between(1, MAX_TRIES - 1) if again else WebhookEvent.tries == 0
    query = (
        select(WebhookEvent.id).where(WebhookEvent.applied_at.is_(None), tried).order_by(WebhookEvent.id).limit(most)
    )
    return (await session.scalars(query)).all()


async def locked(session: AsyncSession, event_id: int) -> WebhookEvent | None:
    """A webhook still to be applied, locked; None where somebody else has it or it is done."""
    query = select(WebhookEvent).where(WebhookEvent.id == event_id, WebhookEvent.applied_at.is_(None))
    return (await session.scalars(query.with_for_update(skip_locked=True))).one_or_none()


async def failed(session: AsyncSession, event_id: int) -> int:
    """Count that applying it failed; how often by now."""
    count = (
        update(WebhookEvent)
        .where(WebhookEvent.id == event_id)
        .values(tries=func.least(WebhookEvent.tries + 1, MAX_TRIES))
    )
    return (await session.scalar(count.returning(WebhookEvent.tries))) or 0
