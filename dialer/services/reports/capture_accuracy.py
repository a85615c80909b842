"""How far counselors agree with AVA: per script version, the share of the qualified and of each captured field."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dialer.domain.meetings.enquiry import FIELDS, is_qualified
from dialer.store.meetings import bookings
from dialer.store.sessions import Session
from dialer.store.tables import Booking


@dataclass(slots=True)
class Share:
    """So many of so many."""

    confirmed: int = 0
    judged: int = 0

    @property
    def share(self) -> float | None:
        """From 0 to 1; None where nothing was judged."""
        return self.confirmed / self.judged if self.judged else None


@dataclass(slots=True)
class CaptureAccuracy:
    """One version of a script: its meetings that a counselor spoke of, and what they confirmed."""

    script: str
    version: int
    meetings: int = 0
    showed: int = 0
    qualified: Share = field(default_factory=Share)
    """Of the students who came and whom AVA knew to be qualified: those who were no wrong fit."""
    fields: dict[str, Share] = field(default_factory=dict)


async def capture_accuracy(session: Session) -> Sequence[CaptureAccuracy]:
    """Every script version that a counselor judged a meeting of, by name and version."""
    found: dict[tuple[str, int], CaptureAccuracy] = {}
    for name, version, booking, said in await bookings.list_judged(session):
        count(found.setdefault((name, version), CaptureAccuracy(name, version)), booking, said or {})
    return list(found.values())


def count(one: CaptureAccuracy, booking: Booking, said: dict[str, str]) -> None:
    """Add a meeting; one to which the student did not come says nothing of what was written down."""
    one.meetings += 1
    if booking.outcome == "no_show":
        return
    one.showed += 1
    if is_qualified(said):
        one.qualified.judged += 1
        one.qualified.confirmed += booking.outcome != "wrong_fit"
    for name in FIELDS:
        if name in booking.right_fields or name in booking.wrong_fields:
            share = one.fields.setdefault(name, Share())
            share.judged += 1
            share.confirmed += name in booking.right_fields
