"""What the bridge asks of a websocket, whichever library carries it: text messages both ways, and nothing that waits.

Two libraries do (`picows_sockets`, `plain_sockets`), and the bridge's whole suite runs over both.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from websockets.frames import CloseCode

# Close codes sent for a peer that broke the websocket's own protocol.
PROTOCOL_ERROR_CODE = frozenset({CloseCode.PROTOCOL_ERROR, CloseCode.INVALID_DATA, CloseCode.MESSAGE_TOO_BIG})


class SocketError(Exception):
    """A socket that was not had: not reached, or refused with a status; the message is one line that says which."""


class Socket(Protocol):
    """One open websocket."""

    def send(self, message: bytes) -> None:
        """Send one text message. Never waits: what the other side does not take is kept; a closed socket takes nothing."""

    def buffered_bytes(self) -> int:
        """How many bytes are kept for the other side."""

    def peer_address(self) -> str:
        """The IP address at the other end of the connection; empty where it is not known."""

    def close(self, code: CloseCode = CloseCode.NORMAL_CLOSURE, *, at_once: bool = False) -> None:
        """Close it; `at_once` without waiting for what is kept to be taken. A closed one stays so."""


class Handler(Protocol):
    """Who speaks through a socket on our side; called by it, never awaited."""

    def opened(self, socket: Socket) -> None:
        """The socket is open. From now on `message` is where its messages go, and does not change."""

    def message(self, message: bytes | memoryview) -> None:
        """One whole message; a view is good for the length of this call."""

    def failed(self, code: CloseCode, says: str) -> None:
        """The other side sent what a peer may not; it is for this side to close."""

    def backpressure(self, choked: bool) -> None:
        """The other side takes nothing more for now, or does so again."""

    def closed(self, broken: bool, says: str) -> None:
        """The socket is closed, by whomever; `broken`: for a breach of the websocket's own protocol."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request to a server: the path without its query, the headers by lower-case name, and the query."""

    path: str
    headers: Mapping[str, str]
    query: str = ""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A plain HTTP answer instead of a socket."""

    status: HTTPStatus
    body: bytes
    kind: str = "application/json"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up."""

    port: int
    close: Callable[[], None] = field(repr=False)
    """Take no more sockets; those that are open stay."""


Admit = Callable[[Request], Handler | HttpResponse | None]
"""Who is let in: a peer for the socket, an answer instead of one, or None for a path that is not there."""


def address_of(transport: asyncio.BaseTransport) -> str:
    """The IP address at the other end of a transport."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""


class WebSocketBackend(Protocol):
    """A websocket library."""

    async def serve(self, admit: Admit, host: str, port: int, largest: int) -> Server:
        """Take sockets whose messages are no larger than `largest` bytes, and no binary ones. Raises OSError."""

    async def connect(self, peer: Handler, address: str, headers: Mapping[str, str], largest: int) -> None:
        """Open a socket to somebody, who may send binary messages too. Raises SocketError."""


def closed_with(code: int, reason: str) -> str:
    """How a socket was closed by the other side, in one line."""
    return f"it closed with {int(code)}{f': {reason[:120]}' if reason else ''}"
