"""ElevenLabs' text to speech over a socket: several contexts side by side, or one (speech.md §4).

Text that is sent is kept until it is flushed, or until it makes whole sentences: at once with `auto_mode`, in longer
pieces without. Closing a context lets what was flushed be spoken, throws the rest away and brings `isFinal`.
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
_ENOUGH_TEXT = 120


class ElevenLabsSpeakEndpoint(SocketEndpoint):
    """`/elevenlabs/v1/text-to-speech/{voice}/multi-stream-input`, and `/stream-input` where `single`."""

    does, provider = "tts", "elevenlabs"

    def __init__(self, desk: ProviderContext, *, single: bool) -> None:
        super().__init__(desk)
        self._single = single

    def admit(self, request: web.Request) -> Make:
        """401 for a wrong key in the header, 400 for the query; the key may come in the first message instead."""
        if "xi-api-key" in request.headers:
            elevenlabs.check_key(self.desk, request)
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
            entry = self.desk.accept("elevenlabs", "tts", model, request.query)
            return Speak(
                self.desk,
                request,
                socket,
                entry,
                Voice(self.desk, entry, "elevenlabs", encoding, rate),
                single=self._single,
            )

        return make

    def refusal(self, refused: ApiError) -> web.Response:
        """See `elevenlabs.refusal`."""
        return elevenlabs.refusal(refused)


class Speak(Session):
    """One socket."""

    def __init__(
        self,
        desk: ProviderContext,
        request: web.Request,
        socket: web.WebSocketResponse,
        entry: ServiceEntry,
        voice: Voice,
        *,
        single: bool,
    ) -> None:
        super().__init__(desk, request, socket, entry)
        self._voice, self._single = voice, single
        self.idle_s = float(request.query.get("inactivity_timeout", "20"))
        self._auto = request.query.get("auto_mode") == "true"
        self._may = "xi-api-key" in request.headers
        self._contexts: dict[str, Context] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Nothing is said; a voice that is none ends the session."""
        voice = self._request.match_info["voice"]
        if voice not in self.desk.settings.elevenlabs_voices:
            await self._refuse("voice_id_does_not_exist", f"A voice with voice_id {voice} does not exist.")

    async def stop(self) -> None:
        """Say no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def text(self, message: dict[str, Any]) -> None:
        """One message, for its context."""
        for key in message.keys() - (_SINGLE_KEYS if self._single else _MULTI_KEYS):
            await self._refuse("invalid_message", f"unknown field {key}")
        text, name = message.get("text"), message.get("context_id") or "default"
        if text is not None and not isinstance(text, str):
            await self._refuse("invalid_message", "text must be a string")
        if not self._may:
            given = message.get("xi_api_key") or message.get("xi-api-key")
            self._may = given == self.desk.settings.elevenlabs_key
            if not self._may:
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
        """Sound goes out here, never in."""
        await self._refuse("invalid_message", f"{len(raw)} bytes where a JSON message is due")

    async def unreadable(self) -> None:
        """No JSON."""
        await self._refuse("invalid_message", "the message is no JSON object")

    async def idle(self) -> None:
        """No text and no keep-alive came."""
        await self._refuse("input_timeout_exceeded", f"No new text within the timeout of {self.idle_s} seconds.")

    async def _begin(self, name: str, text: str | None, message: dict[str, Any]) -> "Context":
        """Open a context: with a space and its settings, or without settings by a keep-alive."""
        if text not in (" ", ""):
            await self._refuse("invalid_message", "the first message of a context must have a single space as its text")
        if len(self._contexts) >= MAX_CONTEXTS:
            await self._refuse("max_contexts_exceeded", f"Maximum simultaneous contexts: {MAX_CONTEXTS}.")
        self.entry.config.setdefault("contexts", []).append({"id": name, "settings": message.get("voice_settings")})
        context = self._contexts[name] = Context(self, self._voice, None if self._single else name, auto=self._auto)
        task = asyncio.create_task(self._spoken(context))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return context

    async def _spoken(self, context: "Context") -> None:
        try:
            await context.run()
        except FailedError as failed:
            if failed.cut:
                return self.abort()
            await self.send(message="by a fault rule", error="internal_error", code=1011)
            await self.close(1011, "internal_error")
        return None

    async def _end(self) -> None:
        """Speak what is there, then close."""
        for context in self._contexts.values():
            context.add("", flush=True)
            context.close()
        await asyncio.gather(*self._tasks)
        raise ClosingError(1000, "")

    async def _refuse(self, error: str, says: str) -> None:
        self.refused(error, says)
        await self.send(message=says, error=error, code=1008)
        raise ClosingError(1008, says)


class Context:
    """What is to be spoken in one context, in order."""

    def __init__(self, session: Speak, voice: Voice, name: str | None, *, auto: bool) -> None:
        self._session, self._voice, self._auto = session, voice, auto
        self._ids = {} if name is None else {"contextId": name}
        self._text = ""
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()

    def add(self, text: str, *, flush: bool) -> None:
        """Keep text; hand over what is to be spoken now."""
        self._text += text
        end = len(self._text) if flush else self._whole_sentences()
        ready, self._text = self._text[:end].strip(), self._text[end:]
        if ready:
            self._queue.put_nowait(ready)

    def close(self) -> None:
        """No more text; what was not flushed is lost."""
        self._session.entry.dropped += bool(self._text.strip())
        self._queue.put_nowait(None)

    async def run(self) -> None:
        """Speak until closed. Raises FailedError."""
        while (text := await self._queue.get()) is not None:
            clip = await self._voice.clip(text)
            pieces = -(-len(clip.ulaw) // (8 * PIECE_MS))
            shares = _shares(text, pieces, PIECE_MS)

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
        if not self._auto and len(self._text) < _ENOUGH_TEXT:
            return 0
        return max(self._text.rfind(mark) for mark in (". ", "? ", "! ")) + 1


def _shares(text: str, pieces: int, ms: int) -> Iterator[dict[str, Any]]:
    """The characters that belong to each piece, and when in it they are spoken."""
    for place in range(pieces):
        chars = list(text[len(text) * place // pieces : len(text) * (place + 1) // pieces])
        each = ms // max(1, len(chars))
        yield {
            "chars": chars,
            "charStartTimesMs": [at * each for at in range(len(chars))],
            "charDurationsMs": [each] * len(chars),
        }
