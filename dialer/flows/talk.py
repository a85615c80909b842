"""Who a tool call is about: fixed when the call is answered, never taken from what the model says."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from dialer.domain.slots import Slot

Result = dict[str, object]


@dataclass(slots=True)
class Talk:
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

    def there(self, now: datetime) -> datetime:
        """The moment as the lead's wall shows it."""
        return now.astimezone(ZoneInfo(self.zone))
