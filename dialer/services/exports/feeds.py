"""Addresses that a spreadsheet program refreshes by itself (IMPORTDATA, a web query): signed, until they expire or are revoked."""

import hmac

from dialer.services import actions
from dialer.services.meetings.signed_links import signed
from dialer.store.sessions import Session
from dialer.store.system import audit, database_clock, feeds
from dialer.store.tables import Campaign, Feed


def token_of(feed_id: int, secret: str) -> str:
    """The part of the address that only we can make."""
    return f"{feed_id}-{signed('feed', str(feed_id), secret)}"


async def open_feed(session: Session, token: str, secret: str, address: str) -> tuple[Feed, str | None] | None:
    """The feed that a URL is of, and its campaign's name; None for one that is forged, unknown, revoked or expired.

    The first read from each client address is recorded in the audit log.
    """
    number, _, _ = token.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return None
    if not hmac.compare_digest(token.encode(), token_of(int(number), secret).encode()):
        return None
    feed = await feeds.live(session, int(number))
    if feed is None:
        return None
    feed.read_at = database_clock.transaction_time()
    if await feeds.is_first_read(session, feed.id, address):
        details = {"feed": feed.id, "what": feed.kind, "from": address}
        await audit.record(session, f"feed:{feed.id}", actions.FEED_READ, details)
    campaign = await session.get(Campaign, feed.campaign_id) if feed.campaign_id is not None else None
    return feed, campaign.name if campaign else None
