"""Addresses that a spreadsheet program refreshes by itself (IMPORTDATA, a web query): signed, and good until revoked."""

import hmac

from dialer.services.meetings.signed_links import signed
from dialer.store.sessions import Session
from dialer.store.system import database_clock
from dialer.store.tables import Campaign, Feed


def token_of(feed_id: int, secret: str) -> str:
    """The part of the address that only we can make."""
    return f"{feed_id}-{signed('feed', str(feed_id), secret)}"


async def feed_of(session: Session, token: str, secret: str) -> tuple[Feed, str | None] | None:
    """The feed that an address is of, and its campaign's name; None for one that is forged, unknown or revoked."""
    number, _, _ = token.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return None
    if not hmac.compare_digest(token.encode(), token_of(int(number), secret).encode()):
        return None
    feed = await session.get(Feed, int(number))
    if feed is None or feed.revoked_at is not None:
        return None
    feed.read_at = database_clock.transaction_time()
    campaign = await session.get(Campaign, feed.campaign_id) if feed.campaign_id is not None else None
    return feed, campaign.name if campaign else None
