"""One session with a voice: its socket, from the handshake until it is gone. A call may have two of them, one at a time.

Whatever ends it is told once, in words: a refused handshake, a close, a socket that takes nothing any more.
"""

import asyncio
import time
from typing import Protocol

from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from dialer.voices.port import Voice, VoiceCommand

CONNECT_WITHIN_S = 8.0
MOST_VOICE_BYTES = 4_000_000


class Talks(Protocol):
    """Whom a voice's socket speaks to."""

    def voice_message(self, leg: "VoiceLeg", message: bytes | memoryview) -> None:
        """One event of the voice."""

    def voice_gone(self, leg: "VoiceLeg", says: str) -> None:
        """The socket was not had, or is lost."""

    def voice_choked(self, leg: "VoiceLeg", choked: bool) -> None:
        """The socket takes nothing more for now, or does so again."""


class VoiceLeg(WSListener):
    """The voice's socket; everything of meaning is the runner's."""

    def __init__(self, voice: Voice, runner: Talks) -> None:
        self.voice = voice
        self.transport: WSTransport | None = None
        self.choked_at: float | None = None
        self._runner = runner
        self._parts: list[bytes] = []
        self._size = 0
        self._says = "the socket was lost"
        self._gone = False

    async def connect(self) -> None:
        """Open the socket; what keeps it from opening is told as its loss."""
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                await ws_connect(
                    lambda: self,
                    self.voice.address,
                    extra_headers=self.voice.headers,
                    max_frame_size=MOST_VOICE_BYTES,
                    enable_auto_ping=True,
                )
        except (OSError, WSError, TimeoutError) as error:
            self._lost(f"not reached: {str(error) or type(error).__name__}")

    def tell(self, command: VoiceCommand) -> None:
        """Send a command, if the socket is open."""
        if self.transport is not None:
            self.transport.send(WSMsgType.TEXT, self.voice.encode(command))

    def close(self) -> None:
        """Leave the voice; nothing is told of it."""
        self._gone = True
        transport, self.transport = self.transport, None
        if transport is not None and not transport.is_disconnected:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect(graceful=self.choked_at is None)

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The voice's first event may be in the same packet as its handshake: the socket must be known by then."""
        if self._gone:
            transport.disconnect()
        else:
            self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a whole message; pieces of a fragmented one are put together first."""
        if frame.msg_type is WSMsgType.CLOSE:
            self._says = f"it closed with {frame.get_close_code()!r}"
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            return
        if frame.fin and not self._parts:
            self._runner.voice_message(self, frame.get_payload_as_memoryview())
            return
        part = frame.get_payload_as_bytes()
        self._parts.append(part)
        self._size += len(part)
        if self._size > MOST_VOICE_BYTES:
            self._says = "it sent too much at once"
            transport.send_close(WSCloseCode.MESSAGE_TOO_BIG)
            transport.disconnect()
        elif frame.fin:
            whole, self._parts, self._size = b"".join(self._parts), [], 0
            self._runner.voice_message(self, whole)

    def pause_writing(self) -> None:
        """The voice reads too slowly."""
        self.choked_at = time.monotonic()
        self._runner.voice_choked(self, True)

    def resume_writing(self) -> None:
        """The voice has caught up."""
        self.choked_at = None
        self._runner.voice_choked(self, False)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The voice is gone."""
        self.transport = None
        self._lost(self._says)

    def _lost(self, says: str) -> None:
        if not self._gone:
            self._gone = True
            self._runner.voice_gone(self, says)
