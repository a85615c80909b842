"""Exotel as our processes meet it: callbacks that nobody signed, and a phone on its media socket."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from dialer.carriers.exotel.capabilities import CAPABILITIES
from dialer.carriers.exotel.webhooks import parse_status
from dialer.carriers.port import CallStatus
from dialer.settings import Settings
from tests.support.carrier import Answer, ScriptedCarrier

CALLER_ID = "08040000000"
STREAM = "f0e1d2c3b4a5968778695a4b3c2d1e0f"
QUIET = b64encode(b"\0\0" * 800).decode()
LOUD = b64encode(bytes([0, 0x40, 0, 0xC0]) * 400).decode()


class ScriptedExotel(ScriptedCarrier):
    """A carrier of the tests' own that can do what Exotel can, and no more."""

    def __init__(self, *answers: Answer, **more: Any) -> None:
        super().__init__(*answers, name="exotel", from_number=CALLER_ID, capabilities=CAPABILITIES, **more)

    def parse_webhook(self, kind: str, fields: Any) -> CallStatus | None:
        """As Exotel's."""
        return parse_status(fields)


def exotel_settings(settings: Settings, **more: Any) -> Settings:
    """The same settings with an account at Exotel and a public address."""
    given = {
        **settings.model_dump(exclude={"public_url", "media_url"}),
        "dialer_public_url": "https://dialer.example.org",
        "exotel_account_sid": "exampleacct1",
        "exotel_api_key": "0123456789abcdef",
        "exotel_api_token": "fedcba9876543210",
        "exotel_caller_id": CALLER_ID,
        **more,
    }
    return Settings(_env_file=None, **given)  # type: ignore[call-arg]  # pydantic-settings takes it


@dataclass
class ExotelPhone:
    """Exotel's end of one stream: PCM in messages of 100 ms; marks come back at once, since nothing is played."""

    socket: ClientConnection
    heard: list[dict[str, Any]] = field(default_factory=list)
    echoes: bool = True
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    ms: int = 0
    payload: str = QUIET

    async def send(self, event: str, **more: Any) -> None:
        """Send one message."""
        await self.socket.send(json.dumps({"event": event, "stream_sid": STREAM, **more}))

    async def start(self, token: str, sid: str) -> None:
        """Begin as Exotel does, and stream silence from then on."""
        await self.socket.send('{"event":"connected"}')
        shape = {"encoding": "audio/x-raw", "sample_rate": "8000", "bit_rate": "16"}
        told = {"stream_sid": STREAM, "call_sid": sid, "custom_parameters": {"token": token}, "media_format": shape}
        await self.send("start", sequence_number="1", start=told)
        self.tasks.append(asyncio.create_task(self._stream()))
        self.tasks.append(asyncio.create_task(self._listen()))

    def of(self, event: str) -> list[dict[str, Any]]:
        """What was received of a kind."""
        return [message for message in self.heard if message["event"] == event]

    def pieces(self) -> list[bytes]:
        """The sound that was received."""
        return [b64decode(message["media"]["payload"]) for message in self.of("media")]

    async def stop(self) -> None:
        """Hang up as Exotel tells it."""
        await self.send("stop", stop={"call_sid": "x", "account_sid": "exampleacct1", "reason": "callended"})
        await self.socket.close()

    async def closed(self, within_s: float = 6.0) -> int | None:
        """Wait for the bridge to close; its code."""
        async with asyncio.timeout(within_s):
            await self.socket.wait_closed()
        return self.socket.close_code

    async def _stream(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                self.ms += 100
                media = {"chunk": str(self.ms // 100), "timestamp": str(self.ms), "payload": self.payload}
                await self.send("media", sequence_number="2", media=media)
                await asyncio.sleep(0.1)

    async def _listen(self) -> None:
        with suppress(ConnectionClosed):
            async for raw in self.socket:
                message = json.loads(raw)
                self.heard.append(message)
                if message["event"] == "mark" and self.echoes:
                    await self.send("mark", mark=message["mark"])


@asynccontextmanager
async def exotel_phone(
    media_url: str, authorization: str | None = None, token: str = "x"
) -> AsyncIterator[ExotelPhone]:
    """A stream to the bridge; nothing is said on it yet."""
    headers = {"Authorization": authorization} if authorization else {}
    socket = await websockets.connect(
        f"{media_url}/exotel/media-stream?sample-rate=8000&token={token}",
        additional_headers=headers,
        max_size=None,
        ping_interval=None,
        compression=None,
    )
    caller = ExotelPhone(socket)
    try:
        yield caller
    finally:
        await socket.close()
        for task in caller.tasks:
            task.cancel()
        await asyncio.gather(*caller.tasks, return_exceptions=True)
