"""Deepgram's text to speech (`/v1/speak`): over a WebSocket, which buffers text until it is flushed, or over HTTP."""

import asyncio
from typing import Any

from aiohttp import web

from dialer.simulator.ledger import ServiceEntry, stamp
from dialer.simulator.providers.context import ApiError, ProviderContext, json_body
from dialer.simulator.providers.speech import deepgram
from dialer.simulator.providers.speech.sockets import ClosingError, Make, Session, SocketEndpoint
from dialer.simulator.providers.speech.speaking import FailedError, Voice
from dialer.simulator.providers.speech.tts_audio import encode_audio, wav_header

VOICES = frozenset(
    f"aura-2-{name}-en"
    for name in (
        *("amalthea", "andromeda", "apollo", "arcas", "aries", "asteria", "athena", "atlas", "aurora", "callista"),
        *("cora", "cordelia", "delia", "draco", "electra", "harmonia", "helena", "hera", "hermes", "hyperion", "iris"),
        *("janus", "juno", "jupiter", "luna", "mars", "minerva", "neptune", "odysseus", "ophelia", "orion", "orpheus"),
        *("pandora", "phoebe", "pluto", "saturn", "selene", "thalia", "theia", "vesta", "zeus"),
    )
)
ENCODINGS = frozenset({"linear16", "mulaw", "alaw"})
KNOWN = frozenset({"model", "encoding", "sample_rate", "container", "bit_rate", "mip_opt_out", "tag", "speed"})
_MAX_TEXT = 2000
_AUTO_FLUSH_CHARS = 400
"""Unflushed text of this length is spoken without a flush."""


def speak_options(context: ProviderContext, request: web.Request) -> tuple[str, str, int]:
    """Return the model, encoding and rate of a request. Raises ApiError."""
    deepgram.check_key(context, request)
    for name in request.query.keys() - KNOWN:
        raise deepgram.bad_query(f"Invalid query parameter: {name} is not known.")
    model = request.query.get("model", "")
    if model not in VOICES:
        raise deepgram.bad_query("Bad Request: No such model/version combination found.")
    encoding = request.query.get("encoding", "linear16")
    if encoding not in ENCODINGS:
        raise deepgram.bad_query(f"Invalid query parameter: encoding {encoding!r} is not supported.")
    rate = deepgram.whole_number(request, "sample_rate", 8000, 48000)
    rate = (24000 if encoding == "linear16" else 8000) if rate is None else rate
    if rate not in (deepgram.RATES if encoding == "linear16" else (8000, 16000)):
        raise deepgram.bad_query(f"Invalid query parameter: sample_rate {rate} is not supported for {encoding}.")
    return model, encoding, rate


class SpeakEndpoint(SocketEndpoint):
    """`/deepgram/v1/speak`, over a WebSocket and over HTTP."""

    does, provider = "tts", "deepgram"

    def admit(self, request: web.Request) -> Make:
        """Check the key (else 401) and the query (else 400). Raises ApiError."""
        model, encoding, rate = speak_options(self.context, request)

        def make(request: web.Request, socket: web.WebSocketResponse) -> Speak:
            entry = self.context.accept("deepgram", "tts", model, request.query)
            return Speak(self.context, request, socket, entry, Voice(self.context, entry, "deepgram", encoding, rate))

        return make

    def refusal(self, refused: ApiError) -> web.Response:
        """Return the error in Deepgram's format."""
        return deepgram.refusal(refused)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Synthesize one text over HTTP, as a WAV file unless `container=none`."""
        try:
            self.context.refuse("tts", "deepgram")
            model, encoding, rate = speak_options(self.context, request)
            text = (await json_body(request)).get("text")
            if not isinstance(text, str) or not text.strip():
                raise ApiError(400, "PAYLOAD_ERROR", "The text is missing or empty.")
            if len(text) > _MAX_TEXT:
                raise ApiError(413, "PAYLOAD_ERROR", f"The text is longer than {_MAX_TEXT} characters.")
        except ApiError as refused:
            refused.note(self.context.ledger, request.path)
            return self.refusal(refused)
        entry = self.context.accept("deepgram", "tts", model, request.query)
        voice = Voice(self.context, entry, "deepgram", encoding, rate)
        clip = await voice.clip(text)
        response = web.StreamResponse(headers={"Content-Type": "audio/wav", "dg-model-name": model})
        await response.prepare(request)
        if request.query.get("container", "wav") != "none":
            await response.write(wav_header(encoding, rate, len(encode_audio(clip, encoding, rate))))
        try:
            await voice.give(clip, response.write)
        except FailedError:
            if request.transport is not None:
                request.transport.abort()
            return response
        finally:
            entry.closed = stamp()
        await response.write_eof()
        return response


class Speak(Session):
    """One socket. Flushed texts are spoken in order; Clear discards the queued ones and the one being spoken."""

    idle_s = 60.0

    def __init__(
        self,
        context: ProviderContext,
        request: web.Request,
        socket: web.WebSocketResponse,
        entry: ServiceEntry,
        voice: Voice,
    ) -> None:
        super().__init__(context, request, socket, entry)
        self._voice = voice
        self._text = ""
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._flushes = self._clears = 0
        self._speaking = asyncio.create_task(self._speak())

    async def open(self) -> None:
        """Send the metadata of the model."""
        await self.send(
            type="Metadata",
            request_id=self.request_id,
            model_name=self.entry.model,
            model_version="2026-01-01.0",
            model_uuid=self.entry.id,
        )

    async def stop(self) -> None:
        """Stop speaking."""
        self._speaking.cancel()
        await asyncio.gather(self._speaking, return_exceptions=True)

    async def text(self, message: dict[str, Any]) -> None:
        """Handle Speak, Flush, Clear and Close; anything else is an Error."""
        match message.get("type"):
            case "Speak":
                await self._take(message.get("text"))
            case "Flush":
                self._text = self._enqueue(self._text)
                self._queue.put_nowait(None)
            case "Clear":
                await self._clear()
            case "Close":
                self._text = self._enqueue(self._text)
                await self._queue.join()
                raise ClosingError(1000, "")
            case other:
                await self._unknown(f"{other!r:.60} is not a message of this service")

    async def binary(self, raw: bytes) -> None:
        """Reject a binary frame."""
        await self._unknown(f"{len(raw)} bytes in a binary frame; expected a text message")

    async def unreadable(self) -> None:
        """Reject a frame that is not a JSON object."""
        await self._unknown("the message is not a JSON object")

    async def _unknown(self, reason: str) -> None:
        self.refused("DATA-0001", reason)
        await self.send(type="Error", description=reason, code="DATA-0001")
        raise ClosingError(1008, reason)

    async def _take(self, text: object) -> None:
        if not isinstance(text, str) or not text:
            return await self._unknown("Speak has no text")
        if len(self._text) + len(text) > _MAX_TEXT:
            self.refused("TEXT_LENGTH_EXCEEDED", "over 2,000 characters unflushed")
            return await self.send(type="Warning", description="The text is too long.", code="TEXT_LENGTH_EXCEEDED")
        self._text += text
        end = max(self._text.rfind(mark) for mark in ".?!")
        if len(self._text) >= _AUTO_FLUSH_CHARS and end > 0:
            self._text = self._enqueue(self._text[: end + 1]) + self._text[end + 1 :]
        return None

    def _enqueue(self, text: str) -> str:
        if text.strip():
            self._queue.put_nowait(text.strip())
        return ""

    async def _clear(self) -> None:
        self._text = ""
        waiting = not self._queue.empty()
        await self.stop()
        while not self._queue.empty():
            self._queue.get_nowait()
            self._queue.task_done()
        self._speaking = asyncio.create_task(self._speak())
        self.entry.dropped += waiting
        await self.send(type="Cleared", sequence_id=self._clears)
        self._clears += 1

    async def _speak(self) -> None:
        while True:
            text = await self._queue.get()
            try:
                if text is None:
                    await self.send(type="Flushed", sequence_id=self._flushes)
                    self._flushes += 1
                else:
                    await self._voice.give(await self._voice.clip(text), self.send_sound)
            except FailedError as failed:
                await self._fail(failed)
            except asyncio.CancelledError:
                self.entry.dropped += text is not None
                raise
            finally:
                self._queue.task_done()

    async def _fail(self, failed: FailedError) -> None:
        if failed.cut:
            return self.abort()
        await self.send(type="Error", description="The service failed.", code="NET-0000")
        await self.close(1011, "NET-0000")
        return None
