"""Exotel's end of a media stream: a WebSocket client that sends PCM in messages of 100 ms.

By the Exotel Voicebot docs, audio sent to Exotel comes in multiples of 320 bytes, at least 3,200 bytes per message
(except the last of an utterance) and at most 100 kB. Audio that violates this is still played as well as possible, and
the ledger has a warning whose code is the violated limit.
"""

import asyncio
import base64
import binascii
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from dialer.audio import ulaw
from dialer.simulator.clock import Clock
from dialer.simulator.exotel.call import Call, new_sid
from dialer.simulator.exotel.callbacks import split_credentials
from dialer.simulator.exotel.connect import custom_parameters, national, sample_rate
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import MarkEcho, StreamEntry, stamp
from dialer.simulator.people.callee import Callee
from dialer.simulator.people.phone_line import End, PhoneLine, ticks
from dialer.simulator.people.speech import Speech

MESSAGE_MS = 100
UNIT_BYTES = 320
MIN_BYTES = 3200
MAX_BYTES = 100_000
HANDSHAKE_S = 10.0
HANDSHAKES = 2
PADDED_GAP_MS = 20


class MediaStream:
    """One media stream. `run` returns what ended it."""

    def __init__(self, call: Call, person: Callee, speech: Speech, clock: Clock, faults: Faults) -> None:
        self._call, self._clock, self._faults = call, clock, faults
        self._sid = new_sid()
        self._rate = sample_rate(call.request.stream_url)
        parameters, problem = custom_parameters(call.request.stream_url)
        if problem is not None:
            call.entry.warn(256, problem)
        self.entry = StreamEntry(self._sid, call.request.stream_url, parameters)
        self._line = PhoneLine(self.entry, person, speech)
        self._sequence = self._chunk = 0
        self._short = False
        self._closed = False

    async def run(self, http: aiohttp.ClientSession) -> End:
        """Connect, stream until either side ends the stream, and close."""
        self._call.entry.streams.append(self.entry)
        if self._faults.take("media", "never_connect", to=self._call.request.to):
            await self._call.over.wait()
            return "call"
        socket = await self._connect(http)
        if socket is None:
            self.entry.ended_by = "refused"
            return "refused"
        self.entry.opened = stamp()
        reader = asyncio.create_task(self._read(socket))
        try:
            end = await self._talk(socket)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            await socket.close()
            self._line.close()
        self.entry.ended_by = end
        return end

    async def _connect(self, http: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse | None:
        """Open the socket; Exotel retries a failed handshake once."""
        address, headers = split_credentials(self._call.request.stream_url)
        for _ in range(HANDSHAKES):
            try:
                async with asyncio.timeout(HANDSHAKE_S):
                    return await http.ws_connect(
                        URL(address, encoded=True),
                        headers=headers,
                        timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
                        compress=0,
                        max_msg_size=0,
                    )
            except aiohttp.WSServerHandshakeError as error:
                self._call.entry.warn(error.status, f"handshake failed with HTTP {error.status}")
            except (aiohttp.ClientError, OSError, ValueError) as error:
                self._call.entry.warn(1006, f"{type(error).__name__}: {error}")
        return None

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> End:
        to = self._call.request.to
        drop = self._faults.take("media", "drop", to=to)
        malformed = self._faults.take("media", "malformed", to=to)
        silence = self._faults.take("media", "silence", to=to)
        no_stop = self._faults.take("media", "no_stop", to=to)
        try:
            await socket.send_str('{"event":"connected"}')
            await self._send(socket, "start", start=self._start())
            async for _ in ticks(self._clock, self.entry, MESSAGE_MS):
                if self._closed:
                    return "server"
                if self._call.over.is_set():
                    return await self._stop(socket, "call", silent=no_stop is not None)
                if drop and self._line.now_ms >= drop.ms:
                    self._call.entry.warn(1006, "media socket dropped by a fault rule")
                    socket._response.close()
                    return "dropped"
                if malformed and self._line.now_ms >= malformed.ms:
                    malformed = None
                    await socket.send_str('{"event":"media","media":{"payload"')
                silent = silence is not None and self._line.now_ms >= silence.ms
                pcm = self._step()
                if self._line.person.hung_up:
                    self._call.end("student")
                    return await self._stop(socket, "person", silent=no_stop is not None)
                await self._flush(socket)
                if not silent:
                    await self._send(socket, "media", media=self._media(pcm))
        except (ConnectionError, aiohttp.ClientError):
            pass
        return "server"

    def _step(self) -> bytes:
        """Return the student's next 100 ms as PCM at the stream's rate."""
        ulaw_audio = bytearray()
        for _ in range(MESSAGE_MS // ulaw.FRAME_MS):
            payload = self._line.step()
            if self._line.person.hung_up:
                break
            ulaw_audio += base64.b64decode(payload) if payload else ulaw.SILENCE_FRAME
        return ulaw.pcm_to_bytes(ulaw.resample(ulaw.ulaw_decode(bytes(ulaw_audio)), ulaw.RATE, self._rate))

    def _media(self, pcm: bytes) -> dict[str, str]:
        self.entry.frames_sent += 1
        self._chunk += 1
        payload = base64.b64encode(pcm).decode()
        return {"chunk": str(self._chunk), "timestamp": str(self._line.now_ms), "payload": payload}

    async def _send(self, socket: aiohttp.ClientWebSocketResponse, event: str, **more: dict[str, Any]) -> None:
        """Send one message; Exotel writes every value as a string."""
        self._sequence += 1
        message = {"event": event, "sequence_number": str(self._sequence), "stream_sid": self._sid, **more}
        await socket.send_str(msgspec.json.encode(message).decode())

    async def _flush(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        echoes, self._line.echoes = self._line.echoes, []
        for name in echoes:
            self.entry.marks.append(MarkEcho(name, self._line.now_ms, heard=True))
            await self._send(socket, "mark", mark={"name": name})

    async def _stop(self, socket: aiohttp.ClientWebSocketResponse, end: End, *, silent: bool) -> End:
        if not silent:
            reason = "callended" if end == "person" else "stopped"
            stop = {"call_sid": self._call.sid, "account_sid": self._call.account_sid, "reason": reason}
            await self._send(socket, "stop", stop=stop)
        return end

    def _start(self) -> dict[str, Any]:
        return {
            "stream_sid": self._sid,
            "call_sid": self._call.sid,
            "account_sid": self._call.account_sid,
            "from": national(self._call.request.to),
            "to": self._call.request.caller_id,
            "custom_parameters": dict(self.entry.parameters),
            "media_format": {"encoding": "audio/x-raw", "sample_rate": str(self._rate), "bit_rate": "16"},
        }

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._take(message.data)
            else:
                self._call.entry.warn(1003, "only text frames are accepted")
        self._closed = True

    def _take(self, raw: str) -> None:
        """Process a message from the server; an invalid one is a warning, once per kind and call."""
        try:
            message = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            return self._call.entry.warn(1003, "message is not JSON")
        match message:
            case {"stream_sid": str(sid)} if sid != self._sid:
                self._call.entry.warn(1008, "stream_sid does not match")
            case {"event": "media", "stream_sid": _, "media": {"payload": str(payload)}}:
                self._take_sound(payload)
            case {"event": "mark", "stream_sid": _, "mark": {"name": str(name)}} if name:
                self._short = False
                self._line.playout.mark(name)
            case {"event": "clear", "stream_sid": _}:
                self._short = False
                self._line.note_utterance()
                # Exotel does not document whether cleared marks are sent back; the simulator does not send them.
                for name in self._line.playout.clear(self._line.now_ms):
                    self.entry.marks.append(MarkEcho(name, self._line.now_ms, heard=False))
            case _:
                self._call.entry.warn(1008, f"invalid message: {raw[:80]}")
        return None

    def _take_sound(self, payload: str) -> None:
        try:
            sound = base64.b64decode(payload, validate=True)
        except binascii.Error:
            return self._call.entry.warn(1007, "payload is not base64")
        if len(sound) > MAX_BYTES:
            self._call.entry.warn(MAX_BYTES, f"{len(sound)} bytes in a message are more than {MAX_BYTES}")
        if self._short and not self._line.playout.empty:
            self._call.entry.warn(MIN_BYTES, f"fewer than {MIN_BYTES} bytes in a message that is not the last")
        self._short = len(sound) < MIN_BYTES
        pcm = ulaw.pcm_from_bytes(sound)
        heard = ulaw.ulaw_encode(ulaw.resample(pcm, self._rate, ulaw.RATE))
        if len(sound) % UNIT_BYTES:
            self._call.entry.warn(UNIT_BYTES, f"{len(sound)} bytes are not a multiple of {UNIT_BYTES}")
            heard += bytes([ulaw.SILENCE]) * (PADDED_GAP_MS * ulaw.BYTES_PER_MS)
        self.entry.bytes_received += len(sound)
        if not self._line.playout.give(heard):
            self._call.entry.warn(1009, "playout buffer is full; audio is dropped")
        return None
