"""A carrier of the tests' own, in memory: it answers what it is told to, and remembers what it was asked."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from dialer.carriers.port import (
    CallRequest,
    CallStatus,
    Capabilities,
    CarrierError,
    Ended,
    Placed,
    PlaceResult,
    TransferEnded,
    TransferRequest,
    VoicemailStatus,
)
from dialer.carriers.twilio.capabilities import CAPABILITIES
from dialer.carriers.twilio.webhooks import parse_status, parse_transfer
from dialer.domain.calling.call import State
from dialer.domain.calling.routing import Route

HUNG_UP = Ended(answered=True, says="completed")
Answer = PlaceResult | Callable[[CallRequest], Awaitable[PlaceResult]]


class ScriptedCarrier:
    """Answers `place` with the given answers in turn, then with a new sid each time."""

    name = "twilio"
    from_number = "+15005550006"

    def __init__(
        self,
        *answers: Answer,
        on_loopback: bool = True,
        name: str = "twilio",
        from_number: str = from_number,
        capabilities: Capabilities = CAPABILITIES,
        routes: tuple[Route, ...] = (),
    ) -> None:
        self.name, self.from_number, self.capabilities, self.routes = name, from_number, capabilities, routes
        self.on_loopback = on_loopback
        self.calls_per_second: float | None = 1000.0
        self.answers = deque(answers)
        self.orders: list[CallRequest] = []
        self.calls: dict[str, CallStatus] = {}
        self.hung_up: list[str] = []
        self.cancelled: list[str] = []
        self.messages: list[tuple[str, str]] = []
        self.handed_over: list[tuple[str, TransferRequest]] = []
        self.fetched: list[str] = []
        self.away = False

    async def place(self, order: CallRequest) -> PlaceResult:
        """Answer as scripted; a call that is taken is in the list from then on."""
        self.orders.append(order)
        await asyncio.sleep(0)
        answer = self.answers.popleft() if self.answers else Placed(f"CA{order.call_id.hex}")
        if not isinstance(answer, PlaceResult):
            answer = await answer(order)
        if isinstance(answer, Placed):
            self.knows(answer.sid, order.to, State.RINGING)
        return answer

    def knows(self, sid: str, to: str, state: State, ended: Ended | None = None) -> None:
        """Let the carrier have such a call."""
        self.calls[sid] = CallStatus(
            sid=sid, state=state, ended=ended, to=to, from_number=self.from_number, created_at=datetime.now(UTC)
        )

    def parse_webhook(
        self, kind: str, fields: Mapping[str, str]
    ) -> CallStatus | VoicemailStatus | TransferEnded | None:
        """As Twilio's."""
        if kind == "handover":
            return parse_transfer(fields)
        return VoicemailStatus(fields["AnsweredBy"]) if kind == "machine" else parse_status(fields)

    async def fetch(self, sid: str) -> CallStatus:
        """What is known of the call."""
        self._here()
        self.fetched.append(sid)
        return self.calls[sid]

    async def find(self, to: str, from_number: str, since: datetime) -> tuple[CallStatus, ...]:
        """The calls to a number, in the order in which they became known."""
        self._here()
        return tuple(each for each in self.calls.values() if each.to == to and each.from_number == from_number)

    async def hang_up(self, sid: str) -> None:
        """End it."""
        self._here()
        self.hung_up.append(sid)
        self.calls[sid] = replace(self.calls[sid], state=State.ENDED, ended=HUNG_UP)

    async def cancel(self, sid: str) -> None:
        """Take it back if nobody answered."""
        self._here()
        self.cancelled.append(sid)

    async def leave_message(self, sid: str, words: str) -> None:
        """Remember what was said to the machine."""
        self._here()
        self.messages.append((sid, words))

    async def transfer(self, sid: str, handover: TransferRequest) -> None:
        """Remember who was to be connected to whom."""
        self._here()
        self.handed_over.append((sid, handover))

    async def placed_since(self, since: datetime) -> tuple[CallStatus, ...]:
        """Every call, in the order in which they became known."""
        self._here()
        return tuple(self.calls.values())

    async def check(self) -> str:
        """Harmless."""
        return "scripted"

    async def close(self) -> None:
        """Nothing to let go of."""

    def _here(self) -> None:
        if self.away:
            raise CarrierError("the carrier is away", permanent=False)
