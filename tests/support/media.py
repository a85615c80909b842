"""Both ends of a call as the bridge meets them, scripted: a phone on the carrier's stream, and a realtime voice.

Written from protocols/twilio.md §5 and protocols/openai-realtime.md; each does what its test tells it, also what no
good peer would.
"""

import asyncio
import json
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import websockets
from twilio.request_validator import RequestValidator
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.support.twilio import AUTH_TOKEN

SILENCE = b64encode(b"\xff" * 160).decode()
VOICE = b64encode(bytes([0x10, 0x90] * 80)).decode()  # a loud buzz
PCMU = {"format": {"type": "audio/pcmu"}}
TIMEOUT_S = 20.0


def sound(ms: int) -> str:
    """So much sound, in base64."""
    return b64encode(b"\x7f" * ms * 8).decode()


async def until(done: Callable[[], Any], says: str, within_s: float = TIMEOUT_S) -> Any:
    """Wait until something is so; it is handed back."""
    by = time.monotonic() + within_s
    while not (found := done()):
        assert time.monotonic() < by, f"not within {within_s} s: {says}"
        await asyncio.sleep(0.005)
    return found


@dataclass
class Session:
    """One session of the scripted voice."""

    socket: ServerConnection
    events: list[dict[str, Any]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    sound_ms: int = 0
    closed: bool = False

    async def send(self, kind: str, **more: Any) -> None:
        """Send one event."""
        with suppress(ConnectionClosed):
            await self.socket.send(json.dumps({"type": kind, "event_id": "e", **more}))

    async def say(self, item: str, words: str, ms: int = 200, *, done: bool = True) -> None:
        """An answer of AVA."""
        await self.send("response.created", response={"id": "r", "status": "in_progress"})
        await self.send("conversation.item.added", item={"id": item, "type": "message", "role": "assistant"})
        await self.send("response.output_audio_transcript.delta", item_id=item, delta=words)
        await self.send("response.output_audio.delta", item_id=item, delta=sound(ms))
        if done:
            await self.send("response.output_audio_transcript.done", item_id=item, transcript=words)
            await self.send("response.done", response={"id": "r", "status": "completed"})

    async def hear(self, item: str, words: str) -> None:
        """The student's turn, transcribed."""
        await self.send("conversation.item.added", item={"id": item, "type": "message", "role": "user"})
        kind = "conversation.item.input_audio_transcription.completed"
        await self.send(kind, item_id=item, content_index=0, transcript=words)

    async def call(self, call_id: str, name: str, arguments: str, item: str | None = None) -> None:
        """A response that calls a tool."""
        await self.send("response.created", response={"id": "r", "status": "in_progress"})
        call = {"id": item or f"item_{call_id}", "type": "function_call", "status": "completed"}
        await self.send(
            "response.output_item.done", item={**call, "call_id": call_id, "name": name, "arguments": arguments}
        )
        await self.send("response.done", response={"id": "r", "status": "completed"})

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What the bridge sent of a kind."""
        return [event for event in self.events if event["type"] == kind]

    async def turn(self, item: str, words: str) -> None:
        """The student speaks; what they said is transcribed at once."""
        await self.send("input_audio_buffer.speech_started", audio_start_ms=0, item_id=item)
        await self.send("input_audio_buffer.speech_stopped", audio_end_ms=self.sound_ms, item_id=item)
        await self.hear(item, words)

    def output(self, call_id: str) -> dict[str, Any] | None:
        """The result of a tool call, if it came."""
        for event in self.of("conversation.item.create"):
            if event["item"].get("call_id") == call_id and "output" in event["item"]:
                return dict(json.loads(event["item"]["output"]))
        return None


@dataclass
class ScriptedVoice:
    """A realtime server. `refuse` answers handshakes with a status; `greet` says the opening by itself."""

    url: str = ""
    sessions: list[Session] = field(default_factory=list)
    refuse: list[int] = field(default_factory=list)
    greet: bool = True
    set_up: bool = True

    async def session(self, number: int = 0) -> Session:
        """The n-th session, once it has been asked to speak and has."""
        await until(lambda: len(self.sessions) > number, f"session {number}")
        session = self.sessions[number]
        await until(lambda: session.of("response.create"), "the voice is asked to speak")
        return session

    async def _talk(self, socket: ServerConnection) -> None:
        session = Session(socket)
        self.sessions.append(session)
        await session.send("session.created", session={})
        with suppress(ConnectionClosed):
            async for raw in socket:
                event = json.loads(raw)
                if event["type"] == "input_audio_buffer.append":
                    session.sound_ms += len(b64decode(event["audio"])) // 8
                    continue
                session.events.append(event)
                session.at.append(time.monotonic())
                if event["type"] == "session.update" and self.set_up:
                    await session.send("session.updated", session={"audio": {"input": PCMU, "output": PCMU}})
                elif event["type"] == "session.update":
                    error = {"type": "invalid_request_error", "code": "invalid_value", "message": "no such model"}
                    await session.send("error", error={**error, "event_id": event["event_id"]})
                elif event["type"] == "response.create" and self.greet and len(session.of("response.create")) == 1:
                    await session.say(f"hello_{len(self.sessions)}", "Hello, this is AVA.")
        session.closed = True


@asynccontextmanager
async def scripted_voice() -> AsyncIterator[ScriptedVoice]:
    """A realtime server for as long as the block lasts."""
    voice = ScriptedVoice()

    async def admit(connection: ServerConnection, _request: object) -> Any:
        return connection.respond(voice.refuse.pop(0), "refused\n") if voice.refuse else None

    async with serve(voice._talk, "127.0.0.1", 0, process_request=admit, max_size=None, ping_interval=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        voice.url = f"ws://127.0.0.1:{port}/v1/realtime"
        yield voice


@dataclass
class Phone:
    """The carrier's end of one stream. It plays what it is sent as fast as its `pace` says, and gives marks back."""

    socket: ClientConnection
    stream: str
    heard: list[dict[str, Any]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    ms: int = 0
    streaming: bool = True
    speaks: bool = False
    pace: float = 1.0
    played_at: float = 0.0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def send(self, event: str, **more: Any) -> None:
        """Send one message."""
        await self.socket.send(json.dumps({"event": event, "streamSid": self.stream, **more}))

    async def start(self, token: str, sid: str) -> None:
        """Begin as Twilio does, and stream silence from then on."""
        await self.socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
        shape = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        start = {"callSid": sid, "customParameters": {"token": token}, "mediaFormat": shape, "tracks": ["inbound"]}
        await self.send("start", start=start)
        self.tasks.append(asyncio.create_task(self._stream()))

    async def frame(self) -> None:
        """20 ms of silence, or of a voice."""
        self.ms += 20
        payload = VOICE if self.speaks else SILENCE
        await self.send("media", media={"track": "inbound", "timestamp": str(self.ms), "payload": payload})

    async def stop(self) -> None:
        """Hang up as Twilio tells it."""
        self.streaming = False
        await self.send("stop", stop={"accountSid": "AC", "callSid": "CA"})
        await self.socket.close()

    def cut(self) -> None:
        """The connection is gone, without a word."""
        self.streaming = False
        self.socket.transport.abort()

    def of(self, event: str) -> list[dict[str, Any]]:
        """What was received of a kind."""
        return [message for message in self.heard if message["event"] == event]

    def moment(self, event: str, number: int = 0) -> float:
        """When the n-th message of a kind came."""
        return [at for message, at in zip(self.heard, self.at, strict=True) if message["event"] == event][number]

    def sounds(self) -> list[bytes]:
        """What was received to be played."""
        return [b64decode(message["media"]["payload"]) for message in self.of("media")]

    async def closed(self, within_s: float = TIMEOUT_S) -> int | None:
        """Wait for the bridge to close; its code."""
        async with asyncio.timeout(within_s):
            await self.socket.wait_closed()
        return self.socket.close_code

    async def listen(self) -> None:
        """Take what comes; marks come back when all before them was played."""
        self.tasks.append(asyncio.create_task(self._listen()))

    async def _stream(self) -> None:
        with suppress(ConnectionClosed):
            while self.streaming:
                await self.frame()
                await asyncio.sleep(0.02)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(ConnectionClosed):
            async for raw in self.socket:
                message, now = json.loads(raw), time.monotonic()
                self.heard.append(message)
                self.at.append(now)
                if message["event"] == "media":
                    size = len(b64decode(message["media"]["payload"]))
                    self.played_at = max(now, self.played_at) + size / 8000 / self.pace
                elif message["event"] == "mark":
                    loop.call_later(max(0.0, self.played_at - now), self._echo, message["mark"]["name"])
                else:
                    self.played_at = now

    def _echo(self, name: str) -> None:
        async def send() -> None:
            with suppress(ConnectionClosed):
                await self.send("mark", mark={"name": name})

        self.tasks.append(asyncio.create_task(send()))

    async def away(self) -> None:
        """Leave nothing behind."""
        self.streaming = False
        await self.socket.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@asynccontextmanager
async def phone(media_url: str, *, listens: bool = True, pace: float = 1.0, **more: Any) -> AsyncIterator[Phone]:
    """A stream to the bridge, signed; nothing is said on it yet."""
    address = f"{media_url}/media-stream"
    headers = {"X-Twilio-Signature": RequestValidator(AUTH_TOKEN).compute_signature(address, {})}
    socket = await websockets.connect(
        address, additional_headers=headers, max_size=None, ping_interval=None, compression=None, **more
    )
    caller = Phone(socket, "MZ1", pace=pace)
    if listens:
        await caller.listen()
    try:
        yield caller
    finally:
        await caller.away()
