"""Websockets by the `websockets` package: a task reads each socket, another one sends. Twice the cost, the same calls."""

import asyncio
from collections import deque
from collections.abc import Mapping
from http import HTTPStatus
from weakref import WeakKeyDictionary

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException
from websockets.frames import CloseCode
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from dialer.net.websocket.port import (
    PROTOCOL_ERROR_CODE,
    Admit,
    Handler,
    HttpResponse,
    Request,
    Server,
    SocketError,
    address_of,
    closed_with,
)

HIGH_WATER_BYTES = 64 * 1024
CLOSE_TIMEOUT_S = 1.0
"""Who broke the protocol may never answer a close: nobody on the phone waits for that."""
Connection = ServerConnection | ClientConnection


class _Socket:
    """See `port.Socket`."""

    def __init__(self, connection: Connection, peer: Handler) -> None:
        self._connection = connection
        self._peer = peer
        self._queue: deque[bytes] = deque()
        self._size = 0
        self._choked = False
        self._close: CloseCode | None = None
        self._wake = asyncio.Event()
        self._sending = asyncio.create_task(self._send())

    def send(self, message: bytes) -> None:
        if self._close is not None:
            return
        self._queue.append(message)
        self._size += len(message)
        if self._size > HIGH_WATER_BYTES and not self._choked:
            self._choked = True
            self._peer.backpressure(True)
        self._wake.set()

    def buffered_bytes(self) -> int:
        return self._size + self._connection.transport.get_write_buffer_size()

    def peer_address(self) -> str:
        return address_of(self._connection.transport)

    def close(self, code: CloseCode = CloseCode.NORMAL_CLOSURE, *, at_once: bool = False) -> None:
        if self._close is None:
            self._close = code
            self._wake.set()
        if at_once:
            self._connection.transport.abort()

    async def read(self, *, binary: bool) -> None:
        """Hand on what comes until the socket is closed."""
        says, broken = "the socket was lost", False
        try:
            async for message in self._connection:
                if isinstance(message, str):
                    self._peer.message(message.encode())
                elif binary:
                    self._peer.message(message)
                else:
                    self._peer.failed(CloseCode.UNSUPPORTED_DATA, "a binary frame")
        except ConnectionClosed as error:
            broken = error.sent is not None and error.sent.code in PROTOCOL_ERROR_CODE and not error.rcvd_then_sent
        finally:
            if (code := self._connection.close_code) not in (None, CloseCode.ABNORMAL_CLOSURE):
                says = closed_with(code or CloseCode.NO_STATUS_RCVD, self._connection.close_reason or "")
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
            self._peer.closed(broken, says)

    async def _send(self) -> None:
        try:
            while True:
                while self._queue:
                    message = self._queue.popleft()
                    self._size -= len(message)  # from here on the transport keeps it
                    await self._connection.send(message, text=True)
                    if self._choked and self._size <= HIGH_WATER_BYTES // 4:
                        self._choked = False
                        self._peer.backpressure(False)
                if self._close is not None:
                    await self._connection.close(self._close)
                    return
                self._wake.clear()
                await self._wake.wait()
        except ConnectionClosed:
            return


class WebSocketsBackend:
    """See `port.Sockets`."""

    def __init__(self) -> None:
        self._reading: set[asyncio.Task[None]] = set()

    async def serve(self, admit: Admit, host: str, port: int, largest: int) -> Server:
        """Take sockets."""
        admitted: WeakKeyDictionary[ServerConnection, Handler] = WeakKeyDictionary()

        def ask(connection: ServerConnection, request: HttpRequest) -> Response | None:
            headers = {name.lower(): value for name, value in request.headers.raw_items()}
            path, _, query = request.path.partition("?")
            match admit(Request(path, headers, query)):
                case None:
                    return connection.respond(HTTPStatus.NOT_FOUND, "not found\n")
                case HttpResponse(status, body, kind):
                    response = connection.respond(status, body.decode())
                    del response.headers["Content-Type"]
                    response.headers["Content-Type"] = kind
                    return response
                case peer:
                    admitted[connection] = peer
            return None

        async def talk(connection: ServerConnection) -> None:
            peer = admitted.pop(connection)
            socket = _Socket(connection, peer)
            peer.opened(socket)
            await socket.read(binary=False)

        server = await serve(
            talk, host, port, process_request=ask, max_size=largest, compression=None, close_timeout=CLOSE_TIMEOUT_S
        )
        port = next(iter(server.sockets)).getsockname()[1]
        return Server(port, lambda: server.close(close_connections=False))

    async def connect(self, peer: Handler, address: str, headers: Mapping[str, str], largest: int) -> None:
        """Open a socket."""
        try:
            connection = await connect(
                address,
                additional_headers=headers,
                max_size=largest,
                compression=None,
                proxy=None,
                close_timeout=CLOSE_TIMEOUT_S,
            )
        except (OSError, TimeoutError, InvalidURI, WebSocketException) as error:
            raise SocketError(str(error) or type(error).__name__) from error
        socket = _Socket(connection, peer)
        peer.opened(socket)
        reading = asyncio.create_task(socket.read(binary=True))
        self._reading.add(reading)
        reading.add_done_callback(self._reading.discard)
