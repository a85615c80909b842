"""ElevenLabs' text to speech over a WebSocket: `stream-input` (one context) and `multi-stream-input` (several).

Text is buffered until it is flushed or contains complete sentences: with `auto_mode` each one, without it longer chunks.
Closing a context speaks the flushed text, discards the rest and sends `isFinal`.
"""

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from dialer.simulator.ledger import ServiceEntry
from dialer.simulator.providers.context import ApiError, ProviderContext
from dialer.simulator.providers.speech import elevenlabs
from dialer.simulator.providers.speech.sockets import ClosingError, Make, Session, SocketEndpoint
from dialer.simulator.providers.speech.speaking import FailedError, Voice
from dialer.simulator.providers.speech.tts_audio import PIECE_MS

MAX_CONTEXTS = 5
KNOWN = frozenset(
    {
        *("model_id", "output_format", "auto_mode", "inactivity_timeout", "sync_alignment", "language_code", "seed"),
        *("enable_logging", "enable_ssml_parsing", "apply_text_normalization", "optimize_streaming_latency"),
    }
)
_FIRST_ONLY = frozenset({"voice_settings", "generation_config", "pronunciation_dictionary_locators"})
_MULTI_KEYS = _FIRST_ONLY | {
    *("text", "context_id", "flush", "close_context", "close_socket", "xi_api_key", "xi-api-key", "authorization"),
}
_SINGLE_KEYS = _FIRST_ONLY | {"text", "flush", "try_trigger_generation", "xi_api_key", "xi-api-key", "authorization"}
_MIN_CHUNK_CHARS = 120


class ElevenLabsSpeakEndpoint(SocketEndpoint):
    """`/elevenlabs/v1/text-to-speech/{voice}/multi-stream-input`, or `/stream-input` if `single`."""

    does, provider = "tts", "elevenlabs"

    def __init__(self, context: ProviderContext, *, single: bool) -> None:
        super().__init__(context)
        self._single = single

    def admit(self, request: web.Request) -> Make:
        """Check the key, if it is in a header (else 401), and the query (else 400). Raises ApiError.

        The key may come in the first message instead.
        """
        if "xi-api-key" in request.headers:
            elevenlabs.check_key(self.context, request)
        for name in request.query.keys() - KNOWN:
            raise ApiError(400, "invalid_parameters", f"Unknown parameter {name}")
        model = request.query.get("model_id", "eleven_multilingual_v2")
        if model not in elevenlabs.MODELS - {"eleven_v3"}:
            raise ApiError(400, "model_not_found", f"Model {model} does not exist or cannot be used over a socket")
        encoding, rate = elevenlabs.format_of(request.query.get("output_format"))
        timeout = request.query.get("inactivity_timeout", "20")
        if not timeout.isdecimal() or not 1 <= int(timeout) <= 180:
            raise ApiError(400, "invalid_parameters", "inactivity_timeout must be from 1 to 180")

        def make(request: web.Request, socket: web.WebSocketResponse) -> Speak:
            entry = self.context.accept("elevenlabs", "tts", model, request.query)
            return Speak(
                self.context,
                request,
                socket,
                entry,
                Voice(self.context, entry, "elevenlabs", encoding, rate),
                single=self._single,
            )

        return make

    def refusal(self, refused: ApiError) -> web.Response:
        """Return the error in ElevenLabs' format."""
        return elevenlabs.refusal(refused)


class Speak(Session):
    """One socket."""

    def __init__(
        self,
        context: ProviderContext,
        request: web.Request,
        socket: web.WebSocketResponse,
        entry: ServiceEntry,
        voice: Voice,
        *,
        single: bool,
    ) -> None:
        super().__init__(context, request, socket, entry)
        self._voice, self._single = voice, single
        self.idle_s = float(request.query.get("inactivity_timeout", "20"))
        self._auto = request.query.get("auto_mode") == "true"
        self._authenticated = "xi-api-key" in request.headers
        self._contexts: dict[str, Context] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """End the session if the voice does not exist."""
        voice = self._request.match_info["voice"]
        if voice not in self.context.settings.elevenlabs_voices:
            await self._refuse("voice_id_does_not_exist", f"A voice with voice_id {voice} does not exist.")

    async def stop(self) -> None:
        """Stop speaking."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def text(self, message: dict[str, Any]) -> None:
        """Handle a message for its context."""
        for key in message.keys() - (_SINGLE_KEYS if self._single else _MULTI_KEYS):
            await self._refuse("invalid_message", f"unknown field {key}")
        text, name = message.get("text"), message.get("context_id") or "default"
        if text is not None and not isinstance(text, str):
            await self._refuse("invalid_message", "text must be a string")
        if not self._authenticated:
            given = message.get("xi_api_key") or message.get("xi-api-key")
            self._authenticated = given == self.context.settings.elevenlabs_key
            if not self._authenticated:
                await self._refuse("invalid_api_key", "Invalid API key")
        if message.get("close_socket"):
            await self._end()
        if self._single and text == "" and not message.get("flush"):
            await self._end()
        context = self._contexts.get(name)
        if message.get("close_context"):
            if context is not None:
                self._contexts.pop(name).close()
            return
        if context is None:
            if text == "" and "context_id" not in message:
                return
            context = await self._begin(name, text, message)
        elif _FIRST_ONLY & message.keys():
            await self._refuse("invalid_message", "voice_settings may come only with the first message of a context")
        context.add(text or "", flush=bool(message.get("flush") or message.get("try_trigger_generation")))

    async def binary(self, raw: bytes) -> None:
        """Reject a binary frame."""
        await self._refuse("invalid_message", f"{len(raw)} bytes in a binary frame; expected a JSON message")

    async def unreadable(self) -> None:
        """Reject a frame that is not a JSON object."""
        await self._refuse("invalid_message", "the message is not a JSON object")

    async def idle(self) -> None:
        """End the session on the input timeout."""
        await self._refuse("input_timeout_exceeded", f"No new text within the timeout of {self.idle_s} seconds.")

    async def _begin(self, name: str, text: str | None, message: dict[str, Any]) -> "Context":
        """Open a context: with a single space and its settings, or by a keep-alive without settings."""
        if text not in (" ", ""):
            await self._refuse("invalid_message", "the first message of a context must have a single space as its text")
        if len(self._contexts) >= MAX_CONTEXTS:
            await self._refuse("max_contexts_exceeded", f"Maximum simultaneous contexts: {MAX_CONTEXTS}.")
        self.entry.config.setdefault("contexts", []).append({"id": name, "settings": message.get("voice_settings")})
        context = self._contexts[name] = Context(self, self._voice, None if self._single else name, auto=self._auto)
        task = asyncio.create_task(self._run_context(context))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return context

    async def _run_context(self, context: "Context") -> None:
        try:
            await context.run()
        except FailedError as failed:
            if failed.cut:
                return self.abort()
            await self.send(message="by a fault rule", error="internal_error", code=1011)
            await self.close(1011, "internal_error")
        return None

    async def _end(self) -> None:
        """Speak the buffered text, then close the session."""
        for context in self._contexts.values():
            context.add("", flush=True)
            context.close()
        await asyncio.gather(*self._tasks)
        raise ClosingError(1000, "")

    async def _refuse(self, error: str, reason: str) -> None:
        self.refused(error, reason)
        await self.send(message=reason, error=error, code=1008)
        raise ClosingError(1008, reason)


class Context:
    """One context: its buffered text, and the texts to speak in order."""

    def __init__(self, session: Speak, voice: Voice, name: str | None, *, auto: bool) -> None:
        self._session, self._voice, self._auto = session, voice, auto
        self._ids = {} if name is None else {"contextId": name}
        self._text = ""
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()

    def add(self, text: str, *, flush: bool) -> None:
        """Buffer text and queue what is ready to be spoken."""
        self._text += text
        end = len(self._text) if flush else self._whole_sentences()
        ready, self._text = self._text[:end].strip(), self._text[end:]
        if ready:
            self._queue.put_nowait(ready)

    def close(self) -> None:
        """Close the context and discard unflushed text."""
        self._session.entry.dropped += bool(self._text.strip())
        self._queue.put_nowait(None)

    async def run(self) -> None:
        """Speak the queued texts until the context is closed. Raises FailedError."""
        while (text := await self._queue.get()) is not None:
            clip = await self._voice.clip(text)
            pieces = -(-len(clip.ulaw) // (8 * PIECE_MS))
            shares = _alignments(text, pieces, PIECE_MS)

            async def send(piece: bytes, shares: Iterator[dict[str, Any]] = shares) -> None:
                alignment = next(shares)
                await self._session.send(
                    audio=base64.b64encode(piece).decode(),
                    isFinal=None,
                    alignment=alignment,
                    normalizedAlignment=alignment,
                    **self._ids,
                )

            await self._voice.give(clip, send)
        await self._session.send(isFinal=True, **self._ids)

    def _whole_sentences(self) -> int:
        if not self._auto and len(self._text) < _MIN_CHUNK_CHARS:
            return 0
        return max(self._text.rfind(mark) for mark in (". ", "? ", "! ")) + 1


def _alignments(text: str, pieces: int, ms: int) -> Iterator[dict[str, Any]]:
    """Yield the alignment of each audio chunk: its characters, their start times and durations."""
    for place in range(pieces):
        chars = list(text[len(text) * place // pieces : len(text) * (place + 1) // pieces])
        char_ms = ms // max(1, len(chars))
        yield {
            "chars": chars,
            "charStartTimesMs": [at * char_ms for at in range(len(chars))],
            "charDurationsMs": [char_ms] * len(chars),
        }
