"""A provider's websocket: who is let in, one session for each socket, and the faults that end one early."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, Protocol

import aiohttp
import msgspec
from aiohttp import web

from dialer.simulator.ledger import ServiceEntry, TurnEntry, stamp
from dialer.simulator.providers.context import ApiError, ProviderContext
from dialer.simulator.realtime.hearing import Understood
from dialer.simulator.realtime.vad import Event
from dialer.simulator.realtime.wire import new_id


class ClosingError(Exception):
    """The service ends the session with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Session(ABC):
    """The service's side of one socket."""

    idle_s: float | None = None
    """So many real seconds without a message end the session."""

    def __init__(
        self, desk: ProviderContext, request: web.Request, socket: web.WebSocketResponse, entry: ServiceEntry
    ) -> None:
        self.desk, self.entry = desk, entry
        self._request, self._socket = request, socket
        self.request_id = new_id("req")

    async def open(self) -> None:
        """Greet, where the service does."""
        return

    async def stop(self) -> None:
        """The socket has gone."""
        return

    @abstractmethod
    async def text(self, message: dict[str, Any]) -> None:
        """Handle one JSON message. Raises ClosingError."""

    @abstractmethod
    async def binary(self, raw: bytes) -> None:
        """Handle one binary frame. Raises ClosingError."""

    @abstractmethod
    async def unreadable(self) -> None:
        """A text frame was no JSON object. Raises ClosingError where that ends the session."""

    async def idle(self) -> None:
        """Nothing came for `idle_s`. Raises ClosingError."""
        raise ClosingError(1008, "inactive")

    async def run(self) -> None:
        """Handle what the client sends until one side ends it."""
        await self.open()
        while True:
            try:
                message = await self._socket.receive(self.idle_s)
            except TimeoutError:
                await self.idle()
                continue
            match message.type:
                case aiohttp.WSMsgType.TEXT:
                    with suppress(ValueError):
                        value = json.loads(message.data)
                        if isinstance(value, dict):
                            await self.text(value)
                            continue
                    await self.unreadable()
                case aiohttp.WSMsgType.BINARY:
                    await self.binary(message.data)
                case _:
                    return

    async def send(self, **message: Any) -> None:
        """Send one JSON message; nothing happens once the client has gone."""
        if not self._socket.closed:
            with suppress(ConnectionError):
                await self._socket.send_str(msgspec.json.encode(message).decode())

    async def send_sound(self, sound: bytes) -> None:
        """Send raw sound."""
        if not self._socket.closed:
            with suppress(ConnectionError):
                await self._socket.send_bytes(sound)

    def refused(self, code: str, says: str) -> None:
        """Note what the service would not take."""
        self.entry.errors.append({"code": code, "message": says})

    def abort(self) -> None:
        """The connection breaks."""
        self.entry.close_code = aiohttp.WSCloseCode.ABNORMAL_CLOSURE
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """End the session from a task beside it."""
        self.entry.close_code = code
        await self._socket.close(code=code, message=reason.encode()[:120])


class SttBackend(Protocol):
    """An ear of this world."""

    now_ms: int

    def append(self, sound: bytes) -> list[Event]:
        """Add sound."""

    def understand(self, sound: bytes) -> Understood:
        """What was said in it."""


class SttSession(Session):
    """A session of speech to text."""

    ear: SttBackend

    def take_faults(self, provider: str) -> None:
        """Take the fault rules that are meant for this session."""
        take = self.desk.faults.take
        self._drop = take("stt", "drop", event=provider)
        self._silence = take("stt", "silence", event=provider)
        self._failed = take("stt", "failed", event=provider)
        self._provider = provider
        self.mute = False

    @abstractmethod
    async def event(self, event: Event) -> None:
        """The detector found something."""

    @abstractmethod
    async def fail(self) -> None:
        """The service's own error in the middle; raises ClosingError where it ends the session."""

    async def send(self, **message: Any) -> None:
        """As above, unless a fault rule keeps this session silent."""
        if not self.mute:
            await super().send(**message)

    async def take_sound(self, sound: bytes) -> None:
        """Hear more of it."""
        events = self.ear.append(sound)
        self.entry.audio_ms = now_ms = self.ear.now_ms
        if self._silence and now_ms >= self._silence.ms:
            self.mute = True
        for event in events:
            await self.event(event)
        if self._failed and now_ms >= self._failed.ms:
            self._failed = None
            await self.fail()
        if self._drop and now_ms >= self._drop.ms:
            self.abort()
            raise ClosingError(aiohttp.WSCloseCode.ABNORMAL_CLOSURE, "cut by a fault rule")

    async def understand(self, sound: bytes, at_ms: int) -> Understood:
        """What was said in a turn, for the ledger too; late where a fault rule says so."""
        understood = self.ear.understand(sound)
        echo = understood.echo if understood.echo and not understood.transcript else None
        who, text = ("echo", echo) if echo else ("student", understood.transcript)
        self.entry.turns.append(TurnEntry(who, text, new_id("turn"), at_ms, understood.fraction))
        await self.desk.late("stt", self._provider)
        return understood


Make = Callable[[web.Request, web.WebSocketResponse], Session]


class SocketEndpoint(ABC):
    """One path of a provider on which sockets are opened."""

    does: ClassVar[str]
    provider: ClassVar[str]

    def __init__(self, desk: ProviderContext) -> None:
        self.desk = desk
        self._sockets: set[web.WebSocketResponse] = set()

    @abstractmethod
    def admit(self, request: web.Request) -> Make:
        """Check key and query, and say what makes the session. Raises ApiError."""

    @abstractmethod
    def refusal(self, refused: ApiError) -> web.Response:
        """The answer to a handshake that is refused."""

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Answer one handshake and serve the socket."""
        try:
            self.desk.refuse(self.does, self.provider)
            make = self.admit(request)
        except ApiError as refused:
            refused.note(self.desk.ledger, request.path)
            return self.refusal(refused)
        socket = web.WebSocketResponse(compress=False, max_msg_size=0, timeout=2.0)
        await socket.prepare(request)
        self._sockets.add(socket)
        session = make(request, socket)
        try:
            await session.run()
        except ClosingError as closing:
            session.entry.close_code = closing.code
            if closing.code != aiohttp.WSCloseCode.ABNORMAL_CLOSURE:
                await socket.close(code=closing.code, message=closing.reason.encode()[:120])
        finally:
            self._sockets.discard(socket)
            await session.stop()
            session.entry.closed = stamp()
            session.entry.close_code = session.entry.close_code or socket.close_code
        return socket

    async def stop(self) -> None:
        """Close every session."""
        await asyncio.gather(*(socket.close(code=1001, message=b"server shutdown") for socket in self._sockets))
