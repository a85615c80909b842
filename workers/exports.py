"""Sheets and messages that go out by themselves: scheduled exports, and the hooks of other systems."""

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
    """Lend the worker its way to the outside."""
    ctx["outside"] = SafeHttpClient(settings.hook_hosts)
    try:
        yield
    finally:
        await ctx["outside"].close()


async def send_webhooks(ctx: Any) -> int:
    """Send what hooks are to be told; how many messages were taken."""
    outside: SafeHttpClient = ctx["outside"]
    return await deliver_webhooks(ctx["parts"].sessions, outside)


async def write_scheduled(ctx: Context) -> int:
    """Write the exports that are due; how many were written."""
    count = 0
    for _ in range(MAX_AT_ONCE):
        written = await write_next(ctx["parts"].sessions)
        if written is None:
            break
        count += written.ok
        log.log(logging.INFO if written.ok else logging.ERROR, "scheduled export: %s", written.says)
    return count
