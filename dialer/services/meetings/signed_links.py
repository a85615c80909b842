"""Addresses that need no account: whoever has one may do what it is for, and only we can make it.

The signature is over what the address is for, so that one kind is never good for another.
"""

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

SIGNED = 40


def signed(purpose: str, subject: str, secret: str) -> str:
    """The part of an address that only we can make."""
    return hmac.new(secret.encode(), f"{purpose}:{subject}".encode(), hashlib.sha256).hexdigest()[:SIGNED]


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """The addresses of this house: where the web process is reached, and the secret they are signed with."""

    public_url: str
    secret: str

    def student(self, booking_id: UUID) -> str:
        """Where a student sees, moves or cancels their meeting."""
        return f"{self.public_url}/meetings/{self._token('meeting', booking_id.hex)}"

    def counselor(self, booking_id: UUID) -> str:
        """Where a counselor says how it went."""
        return f"{self.public_url}/meetings/went/{self._token('went', booking_id.hex)}"

    def calendar(self, counselor_id: int, version: int) -> str:
        """A counselor's own calendar; one more `version`, and this address leads nowhere."""
        return f"{self.public_url}/calendars/{counselor_id}-{signed('calendar', f'{counselor_id}:{version}', self.secret)}.ics"

    def recording(self, call_id: UUID) -> str:
        """A call's recording; like every page, it answers those who may see it."""
        return f"{self.public_url}/api/calls/{call_id}/recording"

    def meeting_of(self, token: str) -> UUID | None:
        """The booking whose student has this address; None for one that is forged."""
        return self._read("meeting", token)

    def went_of(self, token: str) -> UUID | None:
        """The booking whose counselor has this address; None for one that is forged."""
        return self._read("went", token)

    def is_calendar_of(self, token: str, counselor_id: int, version: int) -> bool:
        """Whether this is the address that the counselor has now."""
        mine = f"{counselor_id}-{signed('calendar', f'{counselor_id}:{version}', self.secret)}"
        return hmac.compare_digest(token.encode(), mine.encode())

    def _token(self, purpose: str, subject: str) -> str:
        return f"{subject}-{signed(purpose, subject, self.secret)}"

    def _read(self, purpose: str, token: str) -> UUID | None:
        subject, _, _ = token.partition("-")
        if not hmac.compare_digest(token.encode(), self._token(purpose, subject).encode()):
            return None
        return UUID(hex=subject)
