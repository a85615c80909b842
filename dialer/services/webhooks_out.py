"""Bookings and outcomes handed to other systems: found in the rows, signed, retried from SQL, each under one id.

A message is claimed and committed before it is sent, so that a worker that dies sends it again later, under the same id:
at least once, and the other side knows it again.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from dialer.domain.access.webhook_url import EVENT_ID, SIGNATURE, sign, wait_after
from dialer.net.safe_http import SafeHttpClient
from dialer.store.sessions import Sessions
from dialer.store.system import webhooks_out
from dialer.store.tables import WebhookDelivery, WebhookEndpoint

MAX_BATCH = 20
RETRY_DELAYS = timedelta(minutes=1)


async def deliver_webhooks(sessions: Sessions, outside: SafeHttpClient) -> int:
    """Find what is new and send what is due; how many messages were taken."""
    async with sessions.begin() as session:
        await webhooks_out.find_news(session)
    async with sessions.begin() as session:
        due = await webhooks_out.claim(session, MAX_BATCH, RETRY_DELAYS)
    told = await asyncio.gather(*(_send(sessions, outside, delivery, hook) for delivery, hook in due))
    return sum(told)


async def _send(sessions: Sessions, outside: SafeHttpClient, delivery: WebhookDelivery, hook: WebhookEndpoint) -> bool:
    said: dict[str, Any] = {"id": delivery.event, **delivery.body}
    body = json.dumps(said, ensure_ascii=False).encode()
    headers = {
        SIGNATURE: sign(hook.secret, body, int(datetime.now(UTC).timestamp())),
        EVENT_ID: delivery.event,
        "Idempotency-Key": delivery.event,
    }
    answer = await outside.post(hook.url, body, headers)
    async with sessions.begin() as session:
        if answer.ok:
            await webhooks_out.delivered(session, delivery.id, answer.says)
        else:
            await webhooks_out.failed(session, delivery.id, answer.says, wait_after(delivery.tries + 1))
    return answer.ok
