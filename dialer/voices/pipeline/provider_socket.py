"""One socket to a transcriber or a speaker: opened within a time, kept open, written to without waiting, lost once."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, Protocol, TypeVar

import aiohttp

from dialer.voices.pipeline.port import Endpoint, Fault, Message, Ready

MAX_MESSAGE_BYTES = 4_000_000
CLOSE_TIMEOUT_S = 1.0
MAX_BUFFERED = 32_000
"""Bytes (four seconds of sound): more than that means that nobody reads."""
E_co = TypeVar("E_co", covariant=True)
Closing = Callable[[Coroutine[Any, Any, None]], None]
"""Does what is left to do when a session is over, and is waited for when the process ends."""


class ProviderSocketError(Exception):
    """A socket that was not had, or lost; the message is one line that says why."""


class WireProtocol(Protocol[E_co]):
    """What a line needs of the protocol that is spoken on it: a part of `port.Transcriber` and of `port.Speaker`."""

    idle_s: float | None
    """So long without a message the other side would close the socket; None: it does not mind."""

    def opened(self) -> Sequence[Message]:
        """What is sent first."""

    def idle(self) -> Sequence[Message]:
        """What keeps the socket open while there is nothing to send."""

    def bye(self) -> Sequence[Message]:
        """What is sent last."""

    def decode(self, message: Message) -> Sequence[E_co]:
        """What one message says."""


Event = TypeVar("Event")


class ProviderSocket(Generic[Event]):
    """The socket of one session. `hear` gets what its protocol reads, `gone` why it was lost; neither after `close`."""

    def __init__(
        self,
        name: str,
        protocol: WireProtocol[Event],
        hear: Callable[[Event], None],
        gone: Callable[[str], None],
        leave: Closing,
    ) -> None:
        self.blocked_since: float | None = None
        self.messages = 0
        """How many came: a sign of life, whatever they say."""
        self._name = name
        self._protocol = protocol
        self._hear, self._gone, self._leave = hear, gone, leave
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._queue: deque[Message] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False

    async def open(self, http: aiohttp.ClientSession, address: Endpoint, *, waits: bool) -> None:
        """Open the socket; `waits` until the other side says that it is ready. Raises ProviderSocketError."""
        try:
            self._socket = await http.ws_connect(
                address.url, headers=dict(address.headers), max_msg_size=MAX_MESSAGE_BYTES, autoping=True
            )
        except aiohttp.WSServerHandshakeError as error:
            raise ProviderSocketError(f"{self._name} refused us: {error.status} {error.message}".strip()) from error
        except (aiohttp.ClientError, OSError) as error:
            raise ProviderSocketError(f"{self._name} was not reached: {error or type(error).__name__}") from error
        if self._over:  # it was left meanwhile
            await self._socket.close()
            raise ProviderSocketError(f"{self._name} was left")
        self.send(self._protocol.opened())
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        if waits:
            await self._ready
        elif not self._ready.done():
            self._ready.set_result(None)

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages in order; never waits. A line that was lost takes nothing."""
        if self._over or not messages:
            return
        self._queue.extend(messages)
        self._size += sum(len(each) for each in messages)
        if self._size > MAX_BUFFERED and self.blocked_since is None:
            self.blocked_since = time.monotonic()
        self._wake.set()

    def close(self) -> None:
        """Leave the other side; nothing is told of it any more."""
        if self._over:
            return
        self._over = True
        if self._ready.done() and not self._ready.cancelled():
            self._ready.exception()  # whoever waited has given up
        self._ready.cancel()
        self._leave(self._shut())

    async def _shut(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is None or self._socket.closed:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                for message in self._protocol.bye():
                    await self._put(message)
                await self._socket.close()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return  # it is left either way

    async def _read(self) -> None:
        assert self._socket is not None
        async for message in self._socket:
            if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                self._decoded(message.data)
        self._lost(f"{self._name} closed its socket ({self._socket.close_code})")

    def _decoded(self, message: Message) -> None:
        self.messages += 1
        for event in self._protocol.decode(message):
            if self._over:
                return
            if isinstance(event, Ready):
                if not self._ready.done():
                    self._ready.set_result(None)
            elif isinstance(event, Fault) and not self._ready.done():
                self._lost(f"{self._name}: {event.code}: {event.says}")
            else:
                self._hear(event)

    async def _write(self) -> None:
        try:
            while True:
                while self._queue:
                    message = self._queue.popleft()
                    self._size -= len(message)
                    await self._put(message)
                    if self.blocked_since is not None and self._size < MAX_BUFFERED // 4:
                        self.blocked_since = None
                self._wake.clear()
                await self._pause()
        except (aiohttp.ClientError, OSError) as error:
            self._lost(f"{self._name} was lost: {error or type(error).__name__}")

    async def _pause(self) -> None:
        """Wait for something to send; what keeps the socket open is sent where that takes long."""
        try:
            async with asyncio.timeout(self._protocol.idle_s):
                await self._wake.wait()
        except TimeoutError:
            self.send(self._protocol.idle())

    async def _put(self, message: Message) -> None:
        assert self._socket is not None
        if isinstance(message, bytes):
            await self._socket.send_bytes(message)
        else:
            await self._socket.send_str(message)

    def _lost(self, says: str) -> None:
        if self._over:
            return
        if self._ready.done():
            self._gone(says)
        else:
            self._ready.set_exception(ProviderSocketError(says))


async def settled(*tasks: "asyncio.Task[None]") -> None:
    """Wait for tasks that were cancelled; what they raise is nobody's any more."""
    await asyncio.gather(*tasks, return_exceptions=True)
