"""The state of one call at Twilio, and its Call resource as the REST API returns it."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dialer.simulator.clock import now, rfc2822
from dialer.simulator.ledger import CallEntry, stamp
from dialer.simulator.people.script import Student
from dialer.simulator.twilio.params import CallRequest
from dialer.simulator.twilio.twiml import Document

FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
BEFORE_ANSWER = frozenset({"queued", "ringing"})
_SUBRESOURCES = (
    "notifications",
    "recordings",
    "payments",
    "events",
    "siprec",
    "streams",
    "transcriptions",
    "user_defined_messages",
    "user_defined_message_subscriptions",
)


def new_sid(kind: str) -> str:
    """Return a new SID: two letters and 32 hex digits."""
    return kind + secrets.token_hex(16)


@dataclass(slots=True)
class Call:
    """An accepted call. `over` is set to end it; the ledger's `ended_by` says by what."""

    sid: str
    account_sid: str
    request: CallRequest
    student: Student
    entry: CallEntry
    queue_ms: int = 0
    parent_sid: str | None = None
    status: str = "queued"
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    started: datetime | None = None
    ended: datetime | None = None
    duration_s: int | None = None
    price: str | None = None
    answered_by: str | None = None
    detection_ms: int | None = None
    recording_sid: str | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    redirect: Document | None = None
    time_limit: asyncio.TimerHandle | None = None
    sequence: int = 0

    def move(self, status: str) -> None:
        """Set a new status and record it."""
        self.status = status
        self.updated = now()
        self.entry.statuses.append((status, stamp()))

    def end(self, by: str) -> None:
        """Request the end of the call; the first cause is recorded."""
        if not self.over.is_set():
            if self.entry.ended_by is None:
                self.entry.ended_by = by
            self.over.set()

    def go_to(self, document: Document) -> None:
        """Replace the running document (REST redirect)."""
        self.redirect = document
        self.over.set()

    def limit(self, seconds: float | None) -> None:
        """Set the time limit to `seconds` real seconds from now, or remove it (None)."""
        if self.time_limit is not None:
            self.time_limit.cancel()
        loop = asyncio.get_running_loop()
        self.time_limit = None if seconds is None else loop.call_later(seconds, self.end, "time_limit")

    def resource(self) -> dict[str, Any]:
        """Return the Call resource: numbers are strings or null, dates are RFC 2822, `initiated` is never a status."""
        path = f"/2010-04-01/Accounts/{self.account_sid}/Calls/{self.sid}"
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            "parent_call_sid": self.parent_sid,
            "to": self.request.to,
            "to_formatted": self.request.to,
            "from": self.request.from_,
            "from_formatted": self.request.from_,
            "phone_number_sid": None,
            "status": self.status,
            "start_time": rfc2822(self.started),
            "end_time": rfc2822(self.ended),
            "duration": None if self.duration_s is None else str(self.duration_s),
            "price": self.price,
            "price_unit": "USD",
            "direction": "outbound-dial" if self.parent_sid else "outbound-api",
            "answered_by": self.answered_by,
            "api_version": "2010-04-01",
            "forwarded_from": None,
            "group_sid": None,
            "caller_name": None,
            "queue_time": str(self.queue_ms),
            "trunk_sid": None,
            "date_created": rfc2822(self.created),
            "date_updated": rfc2822(self.updated),
            "uri": f"{path}.json",
            "subresource_uris": {name: f"{path}/{_camel(name)}.json" for name in _SUBRESOURCES},
        }


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
