"""The carrier's end of one media stream: a websocket client that sends 20 ms frames all the time (twilio.md §5).

The frame clock has absolute deadlines, so it does not drift. Where the machine cannot keep up, stream time stands still
rather than hurry after it, and the ledger says by how much.
"""

import asyncio
import base64
import binascii
import json
import time
from collections.abc import Callable
from typing import Any, Literal

import aiohttp
import msgspec
from yarl import URL

from dialer import audio
from dialer.simulator.clock import Clock
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import MarkEcho, Spoken, StreamEntry, stamp
from dialer.simulator.speech import Speech
from dialer.simulator.twilio.call import Call, new_sid
from dialer.simulator.twilio.person import Person
from dialer.simulator.twilio.playout import Playout
from dialer.simulator.twilio.signature import sign
from dialer.simulator.twilio.twiml import Stream

SILENCE = base64.b64encode(audio.SILENCE_FRAME).decode()
_LONGEST_LAG_S = 0.5
_SHORTEST_WAIT_S = 0.004
_UTTERANCE_GAP_MS = 400

End = Literal["refused", "server", "call", "person", "dropped"]


class MediaStream:
    """One run of `<Connect><Stream>`. `run` returns who ended it."""

    def __init__(
        self, call: Call, verb: Stream, person: Person, speech: Speech, clock: Clock, faults: Faults, token: str
    ) -> None:
        self._call, self._verb, self._person = call, verb, person
        self._speech, self._clock, self._faults, self._token = speech, clock, faults, token
        self._sid = new_sid("MZ")
        self.entry = StreamEntry(self._sid, verb.url, dict(verb.parameters))
        self._playout = Playout(self.entry.played, self.entry.cleared)
        self._sequence = 1
        self._now_ms = 0
        self._closed = False
        self._echoes: list[str] = []
        self._utterance = bytearray()
        self._utterance_at = 0
        self._silent_from: int | None = None

    async def run(self, http: aiohttp.ClientSession, on_open: Callable[[], None]) -> End:
        """Connect, stream until one side ends it, and close."""
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
            return self._refused(31920, f"handshake answered with {error.status}")
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
            self._note_utterance()
            self.entry.spoken.sort(key=lambda spoken: spoken.at_ms)
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
            interval = self._clock.real(audio.FRAME_MS / 1000)
            deadline = time.monotonic()
            while True:
                deadline += interval
                ahead = deadline - time.monotonic()
                if ahead >= _SHORTEST_WAIT_S:
                    await asyncio.sleep(ahead)
                elif ahead < -_LONGEST_LAG_S:
                    self.entry.lagged_ms -= ahead * 1000 * self._clock.speed
                    deadline -= ahead
                    await asyncio.sleep(0)
                elif ahead < 0:
                    await asyncio.sleep(0)
                if self._closed:
                    return "server"
                if self._call.over.is_set():
                    return await self._stop(socket, "call", silent=no_stop is not None)
                if drop and self._now_ms >= drop.ms:
                    self._abort(socket)
                    return "dropped"
                if malformed and self._now_ms >= malformed.ms:
                    malformed = None
                    await socket.send_str('{"event":"media","media":{"payload"')
                silent = silence is not None and self._now_ms >= silence.ms
                payload = self._tick()
                if self._person.hung_up:
                    self._call.end("student")
                    return await self._stop(socket, "person", silent=no_stop is not None)
                await self._flush(socket)
                if not silent:
                    await socket.send_str(self._frame(payload))
        except (ConnectionError, aiohttp.ClientError):
            return "server"

    def _tick(self) -> str:
        """One frame of stream time: play, listen, speak."""
        heard = self._playout.play(self._now_ms)
        self._echoes += self._playout.due_marks()
        self._listen(heard)
        payload = self._person.step(self._now_ms, heard)
        if line := self._person.began:
            self.entry.spoken.append(Spoken("student", line.text, self._now_ms, 1.0))
        self._now_ms += audio.FRAME_MS
        return payload or SILENCE

    def _frame(self, payload: str) -> str:
        """The `media` message; a template, as there are fifty a second for each call."""
        self.entry.frames_sent += 1
        self._sequence += 1
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}","media":{{"track":"inbound",'
            f'"chunk":"{self.entry.frames_sent}","timestamp":"{self._now_ms}","payload":"{payload}"}},'
            f'"streamSid":"{self._sid}"}}'
        )

    async def _flush(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        echoes, self._echoes = self._echoes, []
        for name in echoes:
            self.entry.marks.append(MarkEcho(name, self._now_ms, heard=True))
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
        """Cut the connection without a closing handshake."""
        self._call.entry.warn(31903, "media socket cut by a fault")
        socket._response.close()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._take(socket, message.data)
            else:
                self._call.entry.warn(31950, "only text frames are understood")
        self._closed = True

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, raw: str) -> None:
        """Read one message of the server; what does not conform is a warning, once per stream (§5.2)."""
        try:
            message = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            return self._call.entry.warn(31950, "message is not JSON")
        match message:
            case {"streamSid": str(sid)} if sid != self._sid:
                self._call.entry.warn(31951, "streamSid is another one")
            case {"event": "media", "streamSid": _, "media": {"payload": str(payload)}}:
                self._take_sound(payload)
            case {"event": "mark", "streamSid": _, "mark": {"name": str(name)}} if name:
                self._playout.mark(name)
            case {"event": "clear", "streamSid": _}:
                self._note_utterance()
                for name in self._playout.clear(self._now_ms):
                    self.entry.marks.append(MarkEcho(name, self._now_ms, heard=False))
                    await self._send_mark(socket, name)
            case _:
                self._call.entry.warn(31951, f"message does not conform: {raw[:80]}")
        return None

    def _take_sound(self, payload: str) -> None:
        try:
            sound = base64.b64decode(payload, validate=True)
        except binascii.Error:
            return self._call.entry.warn(31951, "payload is not base64")
        self.entry.bytes_received += len(sound)
        if not self._playout.give(sound):
            self._call.entry.warn(31930, "play-out buffer is full: sound is dropped")
        return None

    def _listen(self, heard: bytes) -> None:
        """Keep what AVA says until she pauses, then note her words as far as they were heard."""
        if audio.loudness(heard) > 0:
            if not self._utterance:
                self._utterance_at = self._now_ms
            self._silent_from = None
        elif not self._utterance:
            return None
        elif self._silent_from is None:
            self._silent_from = self._now_ms
        elif self._now_ms - self._silent_from >= _UTTERANCE_GAP_MS:
            return self._note_utterance()
        self._utterance += heard
        return None

    def _note_utterance(self) -> None:
        sound = bytes(self._utterance)
        self._utterance.clear()
        self._silent_from = None
        if not sound:
            return
        found = self._speech.recognise(sound)
        for heard in found:
            at_ms = self._utterance_at + int(heard.at_ms)
            self.entry.spoken.append(Spoken("ava", heard.clip.text, at_ms, round(heard.fraction, 3)))
        if not found:
            self.entry.spoken.append(Spoken("ava", "", self._utterance_at, 0.0))

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
