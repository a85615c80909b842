"""Base classes of the providers' WebSockets: handshake, one session per socket, and faults that end a session early."""

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
    """Ends the session with a close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Session(ABC):
    """The server's side of one socket."""

    idle_s: float | None = None
    """The idle timeout in real seconds; None for none."""

    def __init__(
        self, context: ProviderContext, request: web.Request, socket: web.WebSocketResponse, entry: ServiceEntry
    ) -> None:
        self.context, self.entry = context, entry
        self._request, self._socket = request, socket
        self.request_id = new_id("req")

    async def open(self) -> None:
        """Send the first message, if the service sends one."""
        return

    async def stop(self) -> None:
        """Release resources after the socket has closed."""
        return

    @abstractmethod
    async def text(self, message: dict[str, Any]) -> None:
        """Handle one JSON message. Raises ClosingError."""

    @abstractmethod
    async def binary(self, raw: bytes) -> None:
        """Handle one binary frame. Raises ClosingError."""

    @abstractmethod
    async def unreadable(self) -> None:
        """Handle a text frame that is not a JSON object. Raises ClosingError if that ends the session."""

    async def idle(self) -> None:
        """Handle the idle timeout. Raises ClosingError."""
        raise ClosingError(1008, "inactive")

    async def run(self) -> None:
        """Handle the client's messages until either side closes the socket."""
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
        """Send one JSON message; do nothing once the client has disconnected."""
        if not self._socket.closed:
            with suppress(ConnectionError):
                await self._socket.send_str(msgspec.json.encode(message).decode())

    async def send_sound(self, sound: bytes) -> None:
        """Send raw audio."""
        if not self._socket.closed:
            with suppress(ConnectionError):
                await self._socket.send_bytes(sound)

    def refused(self, code: str, message: str) -> None:
        """Record an error of the client in the ledger."""
        self.entry.errors.append({"code": code, "message": message})

    def abort(self) -> None:
        """Reset the connection."""
        self.entry.close_code = aiohttp.WSCloseCode.ABNORMAL_CLOSURE
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """Close the session from a background task."""
        self.entry.close_code = code
        await self._socket.close(code=code, message=reason.encode()[:120])


class SttBackend(Protocol):
    """The simulated speech recognition of a session."""

    now_ms: int

    def append(self, sound: bytes) -> list[Event]:
        """Add audio; return the turn events."""

    def understand(self, sound: bytes) -> Understood:
        """Recognize the words of a turn."""


class SttSession(Session):
    """A speech-to-text session."""

    stt: SttBackend

    def take_faults(self, provider: str) -> None:
        """Consume the fault rules for this session."""
        take = self.context.faults.take
        self._drop = take("stt", "drop", event=provider)
        self._silence = take("stt", "silence", event=provider)
        self._failed = take("stt", "failed", event=provider)
        self._provider = provider
        self.mute = False

    @abstractmethod
    async def event(self, event: Event) -> None:
        """Handle a turn event."""

    @abstractmethod
    async def fail(self) -> None:
        """Send the service's own error within a session. Raises ClosingError if that ends it."""

    async def send(self, **message: Any) -> None:
        """Send one JSON message, unless a fault rule silences this session."""
        if not self.mute:
            await super().send(**message)

    async def take_sound(self, sound: bytes) -> None:
        """Process audio and apply the fault rules."""
        events = self.stt.append(sound)
        self.entry.audio_ms = now_ms = self.stt.now_ms
        if self._silence and now_ms >= self._silence.ms:
            self.mute = True
        for event in events:
            await self.event(event)
        if self._failed and now_ms >= self._failed.ms:
            self._failed = None
            await self.fail()
        if self._drop and now_ms >= self._drop.ms:
            self.abort()
            raise ClosingError(aiohttp.WSCloseCode.ABNORMAL_CLOSURE, "dropped by a fault rule")

    async def understand(self, sound: bytes, at_ms: int) -> Understood:
        """Recognize a turn and record it in the ledger; delayed if a fault rule says so."""
        understood = self.stt.understand(sound)
        echo = understood.echo if understood.echo and not understood.transcript else None
        speaker, text = ("echo", echo) if echo else ("student", understood.transcript)
        self.entry.turns.append(TurnEntry(speaker, text, new_id("turn"), at_ms, understood.fraction))
        await self.context.late("stt", self._provider)
        return understood


Make = Callable[[web.Request, web.WebSocketResponse], Session]


class SocketEndpoint(ABC):
    """One WebSocket path of a provider."""

    does: ClassVar[str]
    provider: ClassVar[str]

    def __init__(self, context: ProviderContext) -> None:
        self.context = context
        self._sockets: set[web.WebSocketResponse] = set()

    @abstractmethod
    def admit(self, request: web.Request) -> Make:
        """Check key and query and return the session's factory. Raises ApiError."""

    @abstractmethod
    def refusal(self, refused: ApiError) -> web.Response:
        """Return the response to a rejected handshake."""

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Handle a handshake and serve the socket."""
        try:
            self.context.refuse(self.does, self.provider)
            make = self.admit(request)
        except ApiError as refused:
            refused.note(self.context.ledger, request.path)
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
