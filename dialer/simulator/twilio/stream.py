"""Twilio's end of a media stream: a WebSocket client that sends a 20 ms frame every 20 ms (see Twilio Media Streams)."""

import asyncio
import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from dialer.audio import ulaw
from dialer.simulator.clock import Clock
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import MarkEcho, StreamEntry, stamp
from dialer.simulator.people.callee import Callee
from dialer.simulator.people.phone_line import End, PhoneLine, ticks
from dialer.simulator.people.speech import Speech
from dialer.simulator.twilio.call import Call, new_sid
from dialer.simulator.twilio.signature import sign
from dialer.simulator.twilio.twiml import Stream

SILENCE = base64.b64encode(ulaw.SILENCE_FRAME).decode()


class MediaStream:
    """One run of `<Connect><Stream>`. `run` returns what ended it."""

    def __init__(
        self, call: Call, verb: Stream, person: Callee, speech: Speech, clock: Clock, faults: Faults, token: str
    ) -> None:
        self._call, self._verb = call, verb
        self._clock, self._faults, self._token = clock, faults, token
        self._sid = new_sid("MZ")
        self.entry = StreamEntry(self._sid, verb.url, dict(verb.parameters))
        self._line = PhoneLine(self.entry, person, speech)
        self._sequence = 1
        self._closed = False

    async def run(self, http: aiohttp.ClientSession, on_open: Callable[[], None]) -> End:
        """Connect, stream until either side ends the stream, and close."""
        self._call.entry.streams.append(self.entry)
        to = self._call.request.to
        if self._faults.take("media", "never_connect", to=to):
            await self._call.over.wait()
            return "call"
        try:
            socket = await http.ws_connect(
                URL(self._verb.url, encoded=True),
                headers={"X-Twilio-Signature": sign(self._token, self._verb.url)},
                timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
                compress=0,
                max_msg_size=0,
            )
        except aiohttp.WSServerHandshakeError as error:
            return self._refused(31920, f"handshake failed with HTTP {error.status}")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return self._refused(31902, f"{type(error).__name__}: {error}")
        self.entry.opened = stamp()
        on_open()
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

    def _refused(self, code: int, text: str) -> End:
        self._call.entry.warn(code, text)
        self.entry.ended_by = "refused"
        return "refused"

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> End:
        to = self._call.request.to
        drop = self._faults.take("media", "drop", to=to)
        malformed = self._faults.take("media", "malformed", to=to)
        silence = self._faults.take("media", "silence", to=to)
        no_stop = self._faults.take("media", "no_stop", to=to)
        try:
            await socket.send_str('{"event":"connected","protocol":"Call","version":"1.0.0"}')
            await socket.send_str(self._start_message())
            async for _ in ticks(self._clock, self.entry, ulaw.FRAME_MS):
                if self._closed:
                    return "server"
                if self._call.over.is_set():
                    return await self._stop(socket, "call", silent=no_stop is not None)
                if drop and self._line.now_ms >= drop.ms:
                    self._abort(socket)
                    return "dropped"
                if malformed and self._line.now_ms >= malformed.ms:
                    malformed = None
                    await socket.send_str('{"event":"media","media":{"payload"')
                silent = silence is not None and self._line.now_ms >= silence.ms
                payload = self._line.step() or SILENCE
                if self._line.person.hung_up:
                    self._call.end("student")
                    return await self._stop(socket, "person", silent=no_stop is not None)
                await self._flush(socket)
                if not silent:
                    await socket.send_str(self._frame(payload))
        except (ConnectionError, aiohttp.ClientError):
            pass
        return "server"

    def _frame(self, payload: str) -> str:
        """Return a `media` message; formatted by hand, because there are fifty per second and call."""
        self.entry.frames_sent += 1
        self._sequence += 1
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}","media":{{"track":"inbound",'
            f'"chunk":"{self.entry.frames_sent}","timestamp":"{self._line.now_ms}","payload":"{payload}"}},'
            f'"streamSid":"{self._sid}"}}'
        )

    async def _flush(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        echoes, self._line.echoes = self._line.echoes, []
        for name in echoes:
            self.entry.marks.append(MarkEcho(name, self._line.now_ms, heard=True))
            await self._send_mark(socket, name)

    async def _send_mark(self, socket: aiohttp.ClientWebSocketResponse, name: str) -> None:
        self._sequence += 1
        await socket.send_str(
            json.dumps(
                {
                    "event": "mark",
                    "sequenceNumber": str(self._sequence),
                    "streamSid": self._sid,
                    "mark": {"name": name},
                }
            )
        )

    async def _stop(self, socket: aiohttp.ClientWebSocketResponse, end: End, *, silent: bool) -> End:
        if not silent:
            self._sequence += 1
            body = {"accountSid": self._call.account_sid, "callSid": self._call.sid}
            message = {"event": "stop", "sequenceNumber": str(self._sequence), "stop": body, "streamSid": self._sid}
            await socket.send_str(json.dumps(message))
        return end

    def _abort(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Drop the connection without a closing handshake."""
        self._call.entry.warn(31903, "media socket dropped by a fault rule")
        socket._response.close()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._take(socket, message.data)
            else:
                self._call.entry.warn(31950, "only text frames are accepted")
        self._closed = True

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, raw: str) -> None:
        """Process a message from the server; an invalid one is a warning, once per kind and call."""
        try:
            message = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            return self._call.entry.warn(31950, "message is not JSON")
        match message:
            case {"streamSid": str(sid)} if sid != self._sid:
                self._call.entry.warn(31951, "streamSid does not match")
            case {"event": "media", "streamSid": _, "media": {"payload": str(payload)}}:
                self._take_sound(payload)
            case {"event": "mark", "streamSid": _, "mark": {"name": str(name)}} if name:
                self._line.playout.mark(name)
            case {"event": "clear", "streamSid": _}:
                self._line.note_utterance()
                for name in self._line.playout.clear(self._line.now_ms):
                    self.entry.marks.append(MarkEcho(name, self._line.now_ms, heard=False))
                    await self._send_mark(socket, name)
            case _:
                self._call.entry.warn(31951, f"invalid message: {raw[:80]}")
        return None

    def _take_sound(self, payload: str) -> None:
        try:
            sound = base64.b64decode(payload, validate=True)
        except binascii.Error:
            return self._call.entry.warn(31951, "payload is not base64")
        self.entry.bytes_received += len(sound)
        if not self._line.playout.give(sound):
            self._call.entry.warn(31930, "playout buffer is full; audio is dropped")
        return None

    def _start_message(self) -> str:
        start: dict[str, Any] = {
            "accountSid": self._call.account_sid,
            "streamSid": self._sid,
            "callSid": self._call.sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": dict(self._verb.parameters),
        }
        return json.dumps({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": self._sid})
