"""Fake STT, LLM and TTS that respond immediately, on loopback, so that the rest of a turn's latency is the product's own.

Each implements the minimum of its provider's protocol: Deepgram's `/v1/listen` and `/v1/speak`, and OpenAI's Chat
Completions. Their outputs are set in advance.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

MS_PER_CHARACTER = 20
"""The duration of synthesized speech."""
BYTES_PER_MS = 8
LOUD = b"\x10\x90" * 80


@dataclass
class PaperSpeech:
    """The outputs to return and the requests received. `answers` are texts, or lists of tool calls (name, arguments)."""

    words: deque[str] = field(default_factory=deque)
    """The transcripts of the student's turns, in order; then empty ones."""
    answers: deque[str | Sequence[tuple[str, Mapping[str, Any]]]] = field(default_factory=deque)
    status: int = 200
    """The HTTP status of responses by the LLM."""
    key: str = "key"
    """The API key that all three accept."""
    deaf: bool = False
    """The STT accepts audio and sends no transcripts."""
    hums: bool = False
    """The STT answers all audio with empty interim results."""
    mute: bool = False
    """The TTS accepts text and sends no audio."""
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of the requests to the LLM."""
    heard: list[bytes] = field(default_factory=list)
    """Audio sent to the STT, by turn."""
    spoken: list[str] = field(default_factory=list)
    """Texts sent to the TTS, by flush."""
    control: list[str] = field(default_factory=list)
    """Types of the text messages to the STT and the TTS."""
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    hold: asyncio.Event | None = None
    """If set, the second half of the LLM's reply waits for it."""

    async def drop(self) -> None:
        """Close every socket."""
        for socket in tuple(self.sockets):
            await socket.close(code=1011)

    async def _open(self, request: web.Request) -> web.WebSocketResponse:
        if request.headers.get("Authorization") != f"Token {self.key}":
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.add(socket)
        return socket

    async def listen(self, request: web.Request) -> web.WebSocketResponse:
        """Serve Deepgram's `/v1/listen`."""
        socket = await self._open(request)
        turn = bytearray()
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                turn += message.data
                if self.hums:
                    await socket.send_json({"type": "Results", "is_final": False, "channel": {"alternatives": []}})
                continue
            kind = json.loads(message.data)["type"]
            self.control.append(kind)
            if kind == "Finalize" and not self.deaf:
                self.heard.append(bytes(turn))
                turn.clear()
                words = self.words.popleft() if self.words else ""
                channel = {"alternatives": [{"transcript": words, "confidence": 1.0, "words": []}]}
                result = {"type": "Results", "channel": channel, "is_final": True, "from_finalize": True}
                await socket.send_json(result)
        self.sockets.discard(socket)
        return socket

    async def speak(self, request: web.Request) -> web.WebSocketResponse:
        """Serve Deepgram's `/v1/speak`."""
        socket = await self._open(request)
        waiting = ""
        async for message in socket:
            body = json.loads(message.data)
            self.control.append(body["type"])
            match body["type"]:
                case "Speak":
                    waiting += body["text"]
                case "Flush" if not self.mute:
                    self.spoken.append(waiting)
                    for _ in range(max(1, len(waiting) * MS_PER_CHARACTER // 20)):
                        await socket.send_bytes(LOUD)
                    waiting = ""
                    await socket.send_json({"type": "Flushed", "sequence_id": len(self.spoken)})
                case "Clear":
                    await socket.send_json({"type": "Cleared", "sequence_id": len(self.spoken)})
        self.sockets.discard(socket)
        return socket

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Serve OpenAI's chat completions."""
        self.requests.append(await request.json())
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": {"message": "wrong key", "code": "invalid_api_key"}}, status=401)
        if self.status != 200:
            return web.json_response({"error": {"message": "not now"}}, status=self.status)
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        reply = self.answers.popleft() if self.answers else "Yes."
        deltas = _text_deltas(reply) if isinstance(reply, str) else _call_deltas(reply, len(self.requests))
        for n, delta in enumerate(deltas):
            if n and self.hold is not None:
                await self.hold.wait()
            await stream.write(_chunk(delta, None))
        await stream.write(_chunk({}, "stop" if isinstance(reply, str) else "tool_calls"))
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        await stream.write(_event({**_HEAD, "choices": [], "usage": usage}) + b"data: [DONE]\n\n")
        return stream


@asynccontextmanager
async def paper_speech() -> AsyncIterator[PaperSpeech]:
    """Serve all three on one port in this process."""
    paper = PaperSpeech()
    app = web.Application()
    app.add_routes(
        [
            web.get("/v1/listen", paper.listen),
            web.get("/v1/speak", paper.speak),
            web.post("/v1/chat/completions", paper.chat),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    paper.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield paper
    finally:
        await paper.drop()
        await runner.cleanup()


_HEAD = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "paper"}


def _text_deltas(reply: str) -> list[dict[str, Any]]:
    """Split the text into two deltas."""
    half = len(reply) // 2
    return [{"role": "assistant", "content": reply[:half]}, {"content": reply[half:]}]


def _call_deltas(calls: Sequence[tuple[str, Mapping[str, Any]]], request: int) -> list[dict[str, Any]]:
    tool_calls = [
        {
            "index": n,
            "id": f"call_{request}_{n}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for n, (name, arguments) in enumerate(calls)
    ]
    return [{"role": "assistant", "tool_calls": tool_calls}]


def _chunk(delta: dict[str, Any], finish: str | None) -> bytes:
    return _event({**_HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _event(value: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()
