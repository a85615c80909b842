"""Opens a signed link about a meeting: finds its booking, and refuses a link that is forged, revoked or expired."""

from collections.abc import Callable
from datetime import datetime

from dialer.domain.meetings.link_expiry import counselor_link_expired, student_link_expired
from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.services.meetings.signed_links import SignedLinks, booking_id_of
from dialer.store.meetings import bookings
from dialer.store.sessions import Session
from dialer.store.tables import Booking, Counselor


class NoSuchLinkError(Exception):
    """The link is forged or revoked, or the meeting has another counselor now."""


class LinkExpiredError(Exception):
    """The link was good and has ended."""


async def open_student_link(session: Session, links: SignedLinks, token: str, now: datetime) -> Booking:
    """The booking of a student's link, locked until the transaction ends. Raises NoSuchLinkError, LinkExpiredError."""
    return await _open(session, token, links.is_of_student, student_link_expired, now)


async def open_counselor_link(session: Session, links: SignedLinks, token: str, now: datetime) -> Booking:
    """The booking of a counselor's link, locked until the transaction ends.

    Raises:
        NoSuchLinkError: see there; or the counselor left.
        LinkExpiredError: the meeting was too long ago.
    """
    booking = await _open(session, token, links.is_of_counselor, counselor_link_expired, now)
    if not (await session.get_one(Counselor, booking.counselor_id)).active:
        raise NoSuchLinkError
    return booking


async def _open(
    session: Session,
    token: str,
    is_good: Callable[[str, Booking], bool],
    expired: Callable[[datetime, datetime], bool],
    now: datetime,
) -> Booking:
    booking_id = booking_id_of(token)
    booking = await bookings.locked(session, booking_id) if booking_id else None
    if booking is None or not is_good(token, booking):
        raise NoSuchLinkError
    ends = booking.during.upper
    if ends is None or expired(ends, now):
        raise LinkExpiredError
    return booking


async def revoke_links(session: Session, actor: Actor, booking: Booking, now: datetime) -> None:
    """Revoke the links about a meeting that were sent to its student and its counselor. Raises ForbiddenError.

    Emails that are sent from now on carry new ones.
    """
    actor.require(actions.BOOKING_REVOKE_LINKS)
    booking.link_version += 1
    await session.flush()
    await bookings.record_event(session, booking.id, actor.email, "links revoked", now)
    await record(session, actor, actions.BOOKING_REVOKE_LINKS, {"booking": str(booking.id)})
