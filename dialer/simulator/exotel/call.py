"""One call as Exotel holds it, and the record it shows (exotel.md §3): numbers in national form, times in IST, no zone."""

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
    """A SID: 32 hex digits, nothing before them."""
    return secrets.token_hex(16)


def ist(moment: datetime | None) -> str | None:
    """A moment as Exotel writes it."""
    return moment.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S") if moment else None


@dataclass(slots=True)
class Call:
    """A call from its acceptance on. `over` is set when something wants it ended, with `ended_by` saying what."""

    sid: str
    account_sid: str
    request: ConnectRequest
    student: Student
    entry: CallEntry
    status: str = "in-progress"
    """In progress as soon as it is accepted, long before anybody answers (§3)."""
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    ended: datetime | None = None
    talked_s: int = 0
    billed: bool = False
    """Duration, price and end are filled in some time after the end."""
    price: str | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, status: str) -> None:
        """Write down what becomes of it; its record shows only whether it is over."""
        self.updated = now()
        self.entry.statuses.append((status, stamp()))
        if status in FINAL:
            self.status = status

    def end(self, by: str) -> None:
        """Ask for the end; the first to ask is remembered."""
        if not self.over.is_set():
            self.entry.ended_by = self.entry.ended_by or by
            self.over.set()

    def record(self) -> dict[str, Any]:
        """The record of §3: in one with a single leg both numbers are the lead's."""
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
