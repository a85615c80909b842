"""What is to be told to hooks: found in the rows, so that nothing is lost and nothing told under two ids."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import WebhookDelivery, WebhookEndpoint

LOOK_BACK = timedelta(days=1)

# One row per hook and event, whatever happens: the unique key keeps out what was found before.
_BOOKINGS = text("""
INSERT INTO webhook_delivery (endpoint_id, event, body)
SELECT h.id, 'booking:' || b.id || ':' || b.state || coalesce(':' || nullif(b.sequence, 0), ''), jsonb_build_object(
    'event', 'booking', 'booking_id', b.id, 'state', b.state, 'campaign', k.name, 'phone', l.phone, 'lead', l.name,
    'counselor', o.name, 'starts', lower(b.during), 'ends', upper(b.during), 'zone', o.zone, 'lead_zone', b.lead_zone)
FROM webhook_endpoint h JOIN booking b ON b.changed_at >= greatest(h.created_at, now() - CAST(:back AS interval)) AND b.state <> 'held'
JOIN campaign_lead p ON p.id = b.campaign_lead_id JOIN lead l ON l.id = p.lead_id
JOIN campaign k ON k.id = p.campaign_id JOIN counselor o ON o.id = b.counselor_id
WHERE h.active AND 'booking' = ANY(h.events) ON CONFLICT DO NOTHING
""")
_OUTCOMES = text("""
INSERT INTO webhook_delivery (endpoint_id, event, body)
SELECT h.id, 'outcome:' || c.id, jsonb_build_object(
    'event', 'outcome', 'call_id', c.id, 'campaign', k.name, 'phone', c.phone, 'n', c.n, 'outcome', c.outcome,
    'reason', c.reason, 'answered', c.answered_at, 'ended', c.ended_at, 'duration_s', c.duration_s,
    'values', (SELECT jsonb_object_agg(field, value ORDER BY id) FROM enquiry_value v WHERE v.call_id = c.id))
FROM webhook_endpoint h JOIN call c ON c.created_at >= now() - 2 * CAST(:back AS interval) AND c.state = 'ended'
    AND c.ended_at >= greatest(h.created_at, now() - CAST(:back AS interval))
JOIN campaign k ON k.id = c.campaign_id
WHERE h.active AND 'outcome' = ANY(h.events) AND c.outcome IS NOT NULL ON CONFLICT DO NOTHING
""")


async def list_endpoints(session: AsyncSession) -> Sequence[WebhookEndpoint]:
    """Every endpoint, oldest first."""
    return (await session.scalars(select(WebhookEndpoint).order_by(WebhookEndpoint.id))).all()


async def count_deliveries(session: AsyncSession) -> dict[tuple[int, str], int]:
    """How many deliveries there are, by endpoint and state."""
    counted = select(WebhookDelivery.endpoint_id, WebhookDelivery.state, func.count()).group_by(
        WebhookDelivery.endpoint_id, WebhookDelivery.state
    )
    return {(hook_id, state): many for hook_id, state, many in await session.execute(counted)}


async def find_news(session: AsyncSession) -> int:
    """Write down what hooks have not been told of the last day; how many messages."""
    if not await session.scalar(select(func.count()).select_from(WebhookEndpoint).where(WebhookEndpoint.active)):
        return 0
    found = 0
    for query in (_BOOKINGS, _OUTCOMES):
        done: Any = await session.execute(query, {"back": LOOK_BACK})
        found += done.rowcount
    return found


async def claim(
    session: AsyncSession, most: int, again_in: timedelta
) -> Sequence[tuple[WebhookDelivery, WebhookEndpoint]]:
    """Messages whose moment has come; nobody else takes them for so long, even if we are gone."""
    query = (
        select(WebhookDelivery, WebhookEndpoint)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.state == "waiting", WebhookDelivery.next_at <= func.now(), WebhookEndpoint.active)
        .order_by(WebhookDelivery.next_at)
        .limit(most)
        .with_for_update(of=WebhookDelivery, skip_locked=True)
    )
    rows = [(row[0], row[1]) for row in await session.execute(query)]
    ids = [delivery.id for delivery, _ in rows]
    await session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id.in_(ids))
        .values(next_at=func.now() + again_in, tries=WebhookDelivery.tries + 1)
        .execution_options(synchronize_session=False)
    )
    return rows


async def delivered(session: AsyncSession, delivery_id: int, says: str) -> None:
    """It was taken."""
    done = {"state": "delivered", "last_error": says, "delivered_at": func.now()}
    await session.execute(update(WebhookDelivery).where(WebhookDelivery.id == delivery_id).values(**done))


async def failed(session: AsyncSession, delivery_id: int, says: str, wait: timedelta | None) -> datetime | None:
    """It was not taken: tried again after `wait`, or given up."""
    values: dict[str, Any] = {"last_error": says}
    values |= {"state": "given_up"} if wait is None else {"next_at": func.now() + wait}
    row = await session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id)
        .values(**values)
        .returning(WebhookDelivery.next_at)
    )
    return row.scalar_one_or_none()
