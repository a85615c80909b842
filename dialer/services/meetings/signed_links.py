"""Links that need no account: whoever has one may do what it is for, and only we can make it.

The signature is over what the link is for, its reader and the booking's link version: one kind is never good for
another, a counselor's link ends when the meeting gets another counselor, and a new version revokes all links of a
booking. How long a link lasts is domain/meetings/link_expiry.py's to say.
"""

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from dialer.store.tables import Booking

SIGNED = 40


def signed(purpose: str, subject: str, secret: str) -> str:
    """The part of an address that only we can make."""
    return hmac.new(secret.encode(), f"{purpose}:{subject}".encode(), hashlib.sha256).hexdigest()[:SIGNED]


def booking_id_of(token: str) -> UUID | None:
    """The booking that a link claims to be of, before its signature is checked; None if it has not the shape of one."""
    subject, _, _ = token.partition("-")
    try:
        return UUID(hex=subject) if len(subject) == 32 else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """The addresses of this house: where the web process is reached, and the secret they are signed with."""

    public_url: str
    secret: str

    def student(self, booking: Booking) -> str:
        """Where a student sees, moves or cancels their meeting."""
        return f"{self.public_url}/meetings/{self._student_token(booking)}"

    def counselor(self, booking: Booking) -> str:
        """Where the booking's counselor says how it went."""
        return f"{self.public_url}/meetings/went/{self._counselor_token(booking)}"

    def calendar(self, counselor_id: int, version: int) -> str:
        """A counselor's own calendar; one more `version`, and this address leads nowhere."""
        return f"{self.public_url}/calendars/{counselor_id}-{signed('calendar', f'{counselor_id}:{version}', self.secret)}.ics"

    def recording(self, call_id: UUID) -> str:
        """A call's recording; like every page, it answers those who may see it."""
        return f"{self.public_url}/api/calls/{call_id}/recording"

    def is_of_student(self, token: str, booking: Booking) -> bool:
        """Whether this is the link that the booking's student has now."""
        return hmac.compare_digest(token.encode(), self._student_token(booking).encode())

    def is_of_counselor(self, token: str, booking: Booking) -> bool:
        """Whether this is the link that the booking's counselor has now."""
        return hmac.compare_digest(token.encode(), self._counselor_token(booking).encode())

    def is_calendar_of(self, token: str, counselor_id: int, version: int) -> bool:
        """Whether this is the address that the counselor has now."""
        mine = f"{counselor_id}-{signed('calendar', f'{counselor_id}:{version}', self.secret)}"
        return hmac.compare_digest(token.encode(), mine.encode())

    def _student_token(self, booking: Booking) -> str:
        return self._token("meeting", booking, "student")

    def _counselor_token(self, booking: Booking) -> str:
        return self._token("went", booking, f"counselor {booking.counselor_id}")

    def _token(self, purpose: str, booking: Booking, reader: str) -> str:
        subject = f"{booking.id.hex}:{reader}:{booking.link_version}"
        return f"{booking.id.hex}-{signed(purpose, subject, self.secret)}"
