"""What the dialer asks of a carrier, and every answer a carrier can give.

`place` is asked once per call: the answers say for certain whether the phone may ring, or that nobody knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from dialer.domain.calling.call import State
from dialer.domain.calling.routing import Route

MAX_TRANSFER_S = 1_800
"""The longest a student and a counselor talk over a transferred call; the carrier ends it then."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """One call to be placed."""

    call_id: UUID
    token: str
    to: str
    from_number: str
    ring_timeout_s: int
    time_limit_s: int
    media_url: str
    status_url: str
    machine_url: str | None = None
    """Where to say whether a person or a machine answered; None to not ask."""
    await_beep: bool = False
    """Say it when the machine's greeting has ended, so that a message can follow."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The carrier took the call."""

    sid: str


@dataclass(frozen=True, slots=True)
class NumberRejected:
    """The carrier will not ring this number, now or later; the phone did not ring."""

    says: str


@dataclass(frozen=True, slots=True)
class AccountRejected:
    """The carrier refuses us (credentials, caller id, permissions); the phone did not ring, and none will until fixed."""

    says: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """The carrier did not process the request, and says so; asking again is safe."""

    says: str
    after_s: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer that tells: the phone may ring. Never asked again; looked up instead."""

    says: str


PlaceResult = Placed | NumberRejected | AccountRejected | Throttled | Unknown


@dataclass(frozen=True, slots=True)
class Ended:
    """How the carrier says a call ended."""

    answered: bool
    busy: bool = False
    no_answer: bool = False
    cancelled: bool = False
    invalid_number: bool = False
    says: str = ""


@dataclass(frozen=True, slots=True)
class CallStatus:
    """What the carrier says of a call, from a webhook or from a look-up."""

    sid: str
    state: State
    ended: Ended | None = None
    duration_s: int | None = None
    answered_by: str | None = None
    cost: Decimal | None = None
    currency: str | None = None
    to: str = ""
    from_number: str = ""
    created_at: datetime | None = None
    parent_sid: str | None = None
    """The call out of which this one was made: the leg to a person to whom a student was handed over."""
    inbound: bool = False
    """Somebody phoned one of the account's numbers."""

    @property
    def is_attempt(self) -> bool:
        """Whether the account placed this call itself: neither inbound nor a leg to a counselor."""
        return not self.inbound and self.parent_sid is None


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """A student on the line is to be connected to a person."""

    to: str
    from_number: str
    brief_url: str
    """What is said to that person alone before the two are connected is asked for here."""
    over_url: str
    """What follows for the student is asked for here, once the person did not answer or the two have talked."""
    ring_timeout_s: int = 25
    time_limit_s: int = MAX_TRANSFER_S


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """How handing a student over ended: whether the two talked, in the carrier's own word."""

    talked: bool
    says: str


@dataclass(frozen=True, slots=True)
class VoicemailStatus:
    """The carrier's verdict on who answered, in its own word (`human`, `machine_start`, `machine_end_beep` …)."""

    answered_by: str


class CarrierError(Exception):
    """The carrier could not be asked (network, credentials, a refusal of a look-up or hang-up)."""

    def __init__(self, says: str, *, permanent: bool) -> None:
        super().__init__(says)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a carrier can do. Who wants a thing done reads it first, and does without where it says no."""

    media_path: str
    """Where on the bridge its media socket comes."""
    signs_webhooks: bool = True
    """Its requests to us are signed; if not, the token is a part of the path, and must be that of the very call."""
    can_hang_up: bool = True
    """A call can be ended by a request; if not, only its media socket, closed, ends it."""
    can_cancel: bool = True
    """A call that was not answered can be taken back; if not, its ring timeout bounds it."""
    detects_voicemail: bool = True
    """It says whether a person or a machine answered; if not, only the machine's words tell."""
    can_leave_messages: bool = True
    """It speaks to a machine after the beep."""
    can_transfer: bool = True
    """It connects a student to a person."""
    lists_live_calls: bool = True
    """Its list shows calls in progress; if not, a call is found there only when it is over."""
    max_lookups: int | None = None
    """At most so many calls are looked up in one sweep, where that draws on the allowance that calls are placed from."""


class CarrierAccount(Protocol):
    """What routing and pace ask of a carrier; nothing of it needs the wire."""

    name: str
    capabilities: Capabilities
    on_loopback: bool
    from_number: str
    routes: tuple[Route, ...]
    """The destinations that are its own, each with the number shown there; `from_number` for all others."""
    calls_per_second: float | None
    """How many calls the account may start per second, where its owner said so."""


class Carrier(CarrierAccount, Protocol):
    """A telephone company. Every method but `place` raises CarrierError; so does what its capabilities rule out."""

    async def place(self, order: CallRequest) -> PlaceResult:
        """Ask once, with a deadline, without any retry. Never raises for what the wire or the carrier does."""

    def parse_webhook(
        self, kind: str, fields: Mapping[str, str]
    ) -> CallStatus | VoicemailStatus | TransferEnded | None:
        """What a kept webhook of this carrier says; `kind` is that of its address. None where it says nothing."""

    async def fetch(self, sid: str) -> CallStatus:
        """The call as the carrier knows it."""

    async def find(self, to: str, from_number: str, since: datetime) -> tuple[CallStatus, ...]:
        """The calls to a number created since then, oldest first."""

    async def hang_up(self, sid: str) -> None:
        """End a call, whether ringing or talking; one that is over already counts as done."""

    async def cancel(self, sid: str) -> None:
        """Take back a call that was not answered yet; one that was goes on, one that is over counts as done."""

    async def leave_message(self, sid: str, words: str) -> None:
        """Speak to whatever machine answered, then hang up."""

    async def transfer(self, sid: str, handover: TransferRequest) -> None:
        """Take the call off its media stream and connect it to a person; a call that is over raises CarrierError."""

    async def placed_since(self, since: datetime) -> tuple[CallStatus, ...]:
        """Every call of the account created since then, oldest first: what the ledger is held against."""

    async def check(self) -> str:
        """Ask for something harmless; says in a few words what answered (`dialer doctor`)."""

    async def close(self) -> None:
        """Let go of connections."""
