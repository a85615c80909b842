"""Who a tool call is about: fixed when the call is answered, never taken from what the model says."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from dialer.domain.meetings.slots import Slot

Result = dict[str, object]


@dataclass(frozen=True, slots=True)
class Lost:
    """A time that the student chose and cannot have, and the turn in which they chose it."""

    starts: datetime
    taken: bool
    turn: str | None


@dataclass(slots=True)
class CallContext:
    """One answered call: its lead, and what was offered in it. A slot's token means something in this call only."""

    call_id: UUID
    campaign_id: int
    campaign_lead_id: int
    phone: str
    name: str
    zone: str
    connects: bool = True
    """The call's carrier can connect the student to a person."""
    language: str = ""
    """What the script speaks, ISO 639-1; empty where it does not matter."""
    offered: dict[str, Slot] = field(default_factory=dict)
    turn: str | None = None
    """The student's latest turn, where the voice names turns."""
    held_in: dict[str, str | None] = field(default_factory=dict)
    """By token: the student's turn in which its time was held and read back."""
    refused_at: dict[str, datetime] = field(default_factory=dict)
    """By token: when booking was refused because the student had not answered the read-back."""
    lost: Lost | None = None

    def there(self, now: datetime) -> datetime:
        """The moment as the lead's wall shows it."""
        return now.astimezone(ZoneInfo(self.zone))
