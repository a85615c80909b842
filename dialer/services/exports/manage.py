"""Feeds (an export behind a signed URL) and scheduled exports: added and removed."""

from datetime import timedelta

from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.sessions import Session
from dialer.store.system import database_clock
from dialer.store.tables import ExportSchedule, Feed

FEED_LASTS = timedelta(days=365)


class NoSuchExportError(ValueError):
    """There is no feed or scheduled export with this id."""


async def add_feed(
    session: Session, actor: Actor, what: str, campaign_id: int | None, lasts: timedelta = FEED_LASTS
) -> Feed:
    """Add a feed of leads, calls or bookings, of one campaign or of all; it expires. Raises ForbiddenError."""
    actor.require(actions.FEED_ADD)
    expires = await database_clock.start_of_transaction(session, plus=lasts)
    made = Feed(kind=what, campaign_id=campaign_id, created_by=actor.email, expires_at=expires)
    session.add(made)
    await session.flush()
    await record(
        session,
        actor,
        actions.FEED_ADD,
        {"feed": made.id, "what": what, "campaign_id": campaign_id, "expires": expires.isoformat()},
    )
    return made


async def revoke_feed(session: Session, actor: Actor, feed_id: int) -> None:
    """Revoke a feed: its URL answers no more. Raises ForbiddenError, NoSuchExportError."""
    actor.require(actions.FEED_REVOKE)
    found = await session.get(Feed, feed_id)
    if found is None:
        raise NoSuchExportError(f"There is no feed {feed_id}.")
    found.revoked_at = database_clock.transaction_time()
    await record(session, actor, actions.FEED_REVOKE, {"feed": feed_id})


async def add_schedule(
    session: Session,
    actor: Actor,
    what: str,
    form: str,
    campaign_id: int | None,
    url: str,
    every: timedelta,
) -> ExportSchedule:
    """Export to a folder or bucket again and again; workers write it. Raises ForbiddenError."""
    actor.require(actions.SCHEDULE_ADD)
    made = ExportSchedule(
        kind=what, format=form, campaign_id=campaign_id, recipient=url, every=every, created_by=actor.email
    )
    session.add(made)
    await session.flush()
    await record(session, actor, actions.SCHEDULE_ADD, {"schedule": made.id, "what": what, "to": url})
    return made


async def remove_schedule(session: Session, actor: Actor, schedule_id: int) -> None:
    """Stop a scheduled export; files already written stay. Raises ForbiddenError, NoSuchExportError."""
    actor.require(actions.SCHEDULE_REMOVE)
    found = await session.get(ExportSchedule, schedule_id)
    if found is None:
        raise NoSuchExportError(f"There is no scheduled export {schedule_id}.")
    await session.delete(found)
    await record(session, actor, actions.SCHEDULE_REMOVE, {"schedule": schedule_id, "to": found.recipient})
