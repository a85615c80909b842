"""The voice's socket of one call: its handshake, a close, a socket that takes nothing any more."""

import asyncio
import time

from websockets.frames import CloseCode

from dialer.net.websocket.port import Socket, SocketError, WebSocketBackend
from dialer.voices.port import VoiceCommand
from dialer.voices.session import AnyVoice, PipelineVoice, SessionListener, Voice, VoiceSession

CONNECT_TIMEOUT_S = 8.0
MAX_VOICE_BYTES = 4_000_000


class WebSocketVoiceSession:
    """A session of a voice that has one socket (`voices.session.Leg`); everything of meaning is the runner's."""

    def __init__(self, voice: Voice, model: str, runner: SessionListener, sockets: WebSocketBackend) -> None:
        self.blocked_since: float | None = None
        self._voice, self._model = voice, model
        self._codec = voice.codec()
        self._runner = runner
        self._sockets = sockets
        self._socket: Socket | None = None
        self._gone = False

    @property
    def is_open(self) -> bool:
        """Whether its socket is there."""
        return self._socket is not None

    async def connect(self) -> None:
        """Open the socket; what keeps it from opening is told as its loss."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._sockets.connect(self, self._voice.url(self._model), self._voice.headers, MAX_VOICE_BYTES)
        except (SocketError, TimeoutError) as error:
            self._lost(f"not reached: {str(error) or type(error).__name__}")

    def send_audio(self, payload: str) -> None:
        """The student's audio; what the socket does not take is for the runner to drop."""
        if self._socket is None:
            return
        if (message := self._codec.encode_audio(payload)) is not None:
            self._socket.send(message)
        if self._codec.listens:
            for event in self._codec.heard():
                self._runner.voice_event(self, event)

    def send(self, command: VoiceCommand) -> None:
        """Send a command, if the socket is open."""
        for message in self._codec.encode(command):
            if self._socket is not None:
                self._socket.send(message)

    def close(self) -> None:
        """Leave the voice; nothing is told of it."""
        self._gone = True
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close(at_once=self.blocked_since is not None)

    def opened(self, socket: Socket) -> None:
        """The voice's first event may be in the same packet as its handshake: the socket must be known by then."""
        if self._gone:
            socket.close()
            return
        self._socket = socket
        for event in self._codec.opened():
            self._runner.voice_event(self, event)

    def message(self, message: bytes | memoryview) -> None:
        """One message of the voice."""
        for event in self._codec.decode(message):
            self._runner.voice_event(self, event)

    def failed(self, code: CloseCode, says: str) -> None:
        """The voice sent what a peer may not."""
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close(code)
        self._lost(says)

    def backpressure(self, choked: bool) -> None:
        """The voice reads too slowly, or has caught up."""
        self.blocked_since = time.monotonic() if choked else None
        self._runner.voice_backpressure(self, choked)

    def closed(self, broken: bool, says: str) -> None:
        """The voice is gone."""
        self._socket = None
        self._lost(says)

    def _lost(self, says: str) -> None:
        if not self._gone:
            self._gone = True
            self._runner.voice_lost(self, says)


def open_session(voice: AnyVoice, model: str, talks: SessionListener, sockets: WebSocketBackend) -> VoiceSession:
    """A new session with a voice, not yet begun: its own kind, or that of a voice with one socket."""
    return (
        voice.session(talks, model)
        if isinstance(voice, PipelineVoice)
        else WebSocketVoiceSession(voice, model, talks, sockets)
    )
