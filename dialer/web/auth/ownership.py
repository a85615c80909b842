"""Whose it is: a counselor gets to what is theirs, and to nothing else; for them the rest is not there."""

from uuid import UUID

from litestar.exceptions import NotFoundException

from dialer.services.actor import Actor
from dialer.store.meetings import bookings
from dialer.store.sessions import Session
from dialer.store.tables import Booking, Counselor


async def get_lead_or_404(session: Session, counselor_id: int, caller: Actor) -> Counselor:
    """A counselor whom the caller may see. Raises NotFoundException."""
    is_theirs = caller.only in (None, counselor_id)
    person = await session.get(Counselor, counselor_id) if is_theirs and 0 < counselor_id < 2**31 else None
    if person is None:
        raise NotFoundException("This counselor does not exist.")
    return person


async def get_booking_or_404(session: Session, booking_id: UUID, caller: Actor) -> Booking:
    """A booking that the caller may see; a hold is none. Raises NotFoundException."""
    booking = await bookings.known(session, booking_id)
    if booking is None or caller.only not in (None, booking.counselor_id):
        raise NotFoundException("This meeting does not exist.")
    return booking
