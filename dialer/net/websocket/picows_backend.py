"""Websockets by picows: callbacks in the socket's own reader, a message in one C call. The bridge's own choice."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_connect,
    ws_create_server,
)
from websockets.frames import CloseCode

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

_TEXT = WSMsgType.TEXT
_OPEN = (_TEXT, WSMsgType.BINARY)


class _Socket:
    """See `port.Socket`."""

    __slots__ = ("_transport", "send")

    def __init__(self, transport: WSTransport) -> None:
        self._transport = transport
        self.send = partial(transport.send, _TEXT)  # no call of ours in between: it is made for every frame

    def buffered_bytes(self) -> int:
        return int(self._transport.underlying_transport.get_write_buffer_size())

    def peer_address(self) -> str:
        return address_of(self._transport.underlying_transport)

    def close(self, code: CloseCode = CloseCode.NORMAL_CLOSURE, *, at_once: bool = False) -> None:
        transport = self._transport
        if not transport.is_disconnected:
            if not transport.is_close_frame_sent:
                transport.send_close(WSCloseCode(code))
            transport.disconnect(graceful=not at_once)


class _Listener(WSListener):
    def __init__(self, peer: Handler, largest: int, *, binary: bool) -> None:
        self._peer = peer
        self._message = peer.message
        self._largest = largest
        self._binary = binary
        self._parts: list[bytes] = []
        self._size = 0
        self._says = "the socket was lost"

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._peer.opened(_Socket(transport))
        self._message = self._peer.message

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind is _TEXT and frame.fin:
            self._message(frame.get_payload_as_memoryview())
        elif kind is WSMsgType.CLOSE:
            code: Any = frame.get_close_code()
            self._says = closed_with(int(code), _reason(frame))
            transport.send_close(code)
            transport.disconnect()
        elif kind is WSMsgType.BINARY and not self._binary:
            self._peer.failed(CloseCode.UNSUPPORTED_DATA, "a binary frame")
        elif kind is WSMsgType.CONTINUATION or kind in _OPEN:
            self._piece(frame)

    def _piece(self, frame: WSFrame) -> None:
        part = frame.get_payload_as_bytes()
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._largest:
            self._parts, self._size = [], 0
            self._says = "it sent too much at once"
            self._peer.failed(CloseCode.MESSAGE_TOO_BIG, "a message in too many pieces")
        elif frame.fin:
            whole, self._parts, self._size = b"".join(self._parts), [], 0
            self._message(whole)

    def pause_writing(self) -> None:
        self._peer.backpressure(True)

    def resume_writing(self) -> None:
        self._peer.backpressure(False)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        told: Any = transport.close_handshake
        broken = told is not None and told.sent is not None and int(told.sent.code) in PROTOCOL_ERROR_CODE
        self._peer.closed(broken, self._says)


class PicowsBackend:
    """See `port.Sockets`."""

    async def serve(self, admit: Admit, host: str, port: int, largest: int) -> Server:
        """Take sockets."""

        def listen(request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener | None:
            path, _, query = request.path.decode("latin-1").partition("?")
            headers = {name.lower(): value for name, value in request.headers.items()}
            match admit(Request(path, headers, query)):
                case None:
                    return None
                case HttpResponse(status, body, kind):
                    return WSUpgradeResponseWithListener(_response(status, body, kind), None)
                case peer:
                    return _Listener(peer, largest, binary=False)

        server = await ws_create_server(listen, host, port, max_frame_size=largest, enable_auto_ping=True)
        return Server(server.sockets[0].getsockname()[1], server.close)

    async def connect(self, peer: Handler, address: str, headers: Mapping[str, str], largest: int) -> None:
        """Open a socket."""
        try:
            await ws_connect(
                lambda: _Listener(peer, largest, binary=True),
                address,
                extra_headers=headers,
                max_frame_size=largest,
                enable_auto_ping=True,
            )
        except (OSError, WSError) as error:
            raise SocketError(str(error) or type(error).__name__) from error


def _reason(frame: WSFrame) -> str:
    """What a close says of itself."""
    try:
        return frame.get_close_reason() or ""
    except UnicodeDecodeError:
        return ""


def _response(status: HTTPStatus, body: bytes, kind: str) -> WSUpgradeResponse:
    headers = {"Content-Type": kind}
    made: WSUpgradeResponse = (
        WSUpgradeResponse.create_ok_response(body, headers)
        if status is HTTPStatus.OK
        else WSUpgradeResponse.create_error_response(status, body, headers)
    )
    return made
