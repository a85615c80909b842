"""The state of one call at Exotel, and its record as the Exotel Voice API v1 returns it.

Numbers are in national format, times in IST without a zone.
"""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from dialer.simulator.clock import now
from dialer.simulator.exotel.connect import ConnectRequest, national
from dialer.simulator.ledger import CallEntry, stamp
from dialer.simulator.people.script import Student

IST = timezone(timedelta(hours=5, minutes=30))
FINAL = frozenset({"completed", "busy", "failed", "no-answer"})


def new_sid() -> str:
    """Return a new SID: 32 hex digits without a prefix."""
    return secrets.token_hex(16)


def ist(moment: datetime | None) -> str | None:
    """Format a time as Exotel does."""
    return moment.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S") if moment else None


@dataclass(slots=True)
class Call:
    """An accepted call. `over` is set to end it; the ledger's `ended_by` says by what."""

    sid: str
    account_sid: str
    request: ConnectRequest
    student: Student
    entry: CallEntry
    status: str = "in-progress"
    """Exotel reports `in-progress` as soon as the call is accepted, before it is answered."""
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    ended: datetime | None = None
    talked_s: int = 0
    billed: bool = False
    """Whether duration, price and end time are known; Exotel adds them some time after the end."""
    price: str | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, status: str) -> None:
        """Record a status in the ledger; the call's record only shows final ones."""
        self.updated = now()
        self.entry.statuses.append((status, stamp()))
        if status in FINAL:
            self.status = status

    def end(self, by: str) -> None:
        """Request the end of the call; the first cause is recorded."""
        if not self.over.is_set():
            self.entry.ended_by = self.entry.ended_by or by
            self.over.set()

    def record(self) -> dict[str, Any]:
        """Return the call's record; with a single leg both `To` and `From` are the lead's number."""
        return {
            "Sid": self.sid,
            "ParentCallSid": None,
            "DateCreated": ist(self.created),
            "DateUpdated": ist(self.updated),
            "AccountSid": self.account_sid,
            "To": national(self.request.to),
            "From": national(self.request.to),
            "PhoneNumberSid": self.request.caller_id,
            "Status": self.status,
            "StartTime": ist(self.created),
            "EndTime": ist(self.ended) if self.billed else None,
            "Duration": str(self.talked_s) if self.billed else None,
            "Price": self.price,
            "Direction": "outbound-api",
            "AnsweredBy": None,
            "ForwardedFrom": None,
            "CallerName": None,
            "Uri": f"/v1/Accounts/{self.account_sid}/Calls/{self.sid}",
            "RecordingUrl": None,
        }
