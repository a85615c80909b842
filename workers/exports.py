"""Worker jobs for scheduled exports and outgoing webhooks."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from dialer.net.safe_http import SafeHttpClient
from dialer.services.exports.scheduled import write_next
from dialer.services.webhooks_out import deliver_webhooks
from dialer.settings import Settings
from workers.jobs import Context

MAX_AT_ONCE = 10
log = logging.getLogger(__name__)


@asynccontextmanager
async def webhook_context(ctx: dict[str, Any], settings: Settings) -> AsyncIterator[None]:
    """Provide the jobs with the HTTP client for outgoing requests."""
    ctx["http"] = SafeHttpClient(settings.hook_hosts)
    try:
        yield
    finally:
        await ctx["http"].close()


async def send_webhooks(ctx: Any) -> int:
    """Deliver due outgoing webhooks; return how many were processed."""
    http: SafeHttpClient = ctx["http"]
    return await deliver_webhooks(ctx["parts"].sessions, http)


async def write_scheduled(ctx: Context) -> int:
    """Write the scheduled exports that are due; return how many succeeded."""
    count = 0
    for _ in range(MAX_AT_ONCE):
        written = await write_next(ctx["parts"].sessions)
        if written is None:
            break
        count += written.ok
        log.log(logging.INFO if written.ok else logging.ERROR, "scheduled export: %s", written.says)
    return count
