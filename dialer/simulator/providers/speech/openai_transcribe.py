"""OpenAI's Realtime transcription session: speech to text only, without responses (OpenAI Realtime API reference)."""

import asyncio
import base64
import binascii
import time
from collections.abc import Mapping
from typing import Any, assert_never

from aiohttp import web

from dialer.audio import ulaw
from dialer.simulator.ledger import ServiceEntry
from dialer.simulator.providers.context import ApiError, ProviderContext
from dialer.simulator.providers.llm.chat_completions import OpenAiChat
from dialer.simulator.providers.speech.sockets import ClosingError, Make, SocketEndpoint, SttSession
from dialer.simulator.realtime.checks import EventError, missing, wrong_type
from dialer.simulator.realtime.hearing import AudioInput
from dialer.simulator.realtime.shapes import TRANSCRIPTION
from dialer.simulator.realtime.vad import Event, Started, Stopped, TimedOut
from dialer.simulator.realtime.wire import new_id

_KIND = "conversation.item.input_audio_transcription"
_SERVER_VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200}
_SEMANTIC_VAD = {"type": "semantic_vad", "eagerness": "auto"}
_WORDS_A_PIECE = 2


class TranscribeEndpoint(SocketEndpoint):
    """`/v1/realtime?intent=transcription`; the model is set in the session, not in the URL."""

    does, provider = "stt", "openai"

    def __init__(self, context: ProviderContext) -> None:
        super().__init__(context)
        self._openai = OpenAiChat(context)

    def admit(self, request: web.Request) -> Make:
        """Check the key (else 401) and that the query has no model (else 400). Raises ApiError."""
        self._openai.check_key(request)
        for name in request.query.keys() - {"intent"}:
            raise ApiError(400, "invalid_request_error", f"'{name}' cannot be given for a transcription session.", name)

        def make(request: web.Request, socket: web.WebSocketResponse) -> Transcribe:
            entry = self.context.accept("openai", "stt", "", {})
            return Transcribe(self.context, request, socket, entry)

        return make

    def refusal(self, refused: ApiError) -> web.Response:
        """Return the error in OpenAI's format."""
        return self._openai.refusal(refused)


class Transcribe(SttSession):
    """One transcription session."""

    stt: AudioInput

    def __init__(
        self, context: ProviderContext, request: web.Request, socket: web.WebSocketResponse, entry: ServiceEntry
    ) -> None:
        super().__init__(context, request, socket, entry)
        audio_input = {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": None,
            "noise_reduction": None,
            "turn_detection": dict(_SERVER_VAD),
        }
        self._config: dict[str, Any] = {
            "type": "transcription",
            "object": "realtime.transcription_session",
            "id": new_id("sess"),
            "expires_at": int(time.time() + context.settings.session_s / context.settings.speed),
            "audio": {"input": audio_input},
            "include": None,
        }
        entry.config = self._config
        self.stt = AudioInput(context.speech, self._config)
        self._turn_item = new_id("item")
        self._before: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.take_faults("openai")

    async def open(self) -> None:
        """Send `session.created` with the server's defaults."""
        await self._send_event("session.created", session=self._config)

    async def stop(self) -> None:
        """Cancel pending transcripts."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def text(self, message: dict[str, Any]) -> None:
        """Handle a client event; an invalid one gets an `error` event and the session continues."""
        event_id = message.get("event_id") if isinstance(message.get("event_id"), str) else None
        try:
            await self._handle(message)
        except EventError as refused:
            await self._error(refused, event_id)

    async def binary(self, raw: bytes) -> None:
        """Reject a binary frame: audio is sent as base64 in JSON."""
        self.refused("invalid_event", f"{len(raw)} bytes in a binary frame; expected a text frame")
        raise ClosingError(1003, "only text frames")

    async def unreadable(self) -> None:
        """Reject a frame that is not a JSON object."""
        await self._error(EventError("invalid_event", "The event is not a JSON object."), None)

    async def fail(self) -> None:
        """Send a transcription failure."""
        error = {"type": "server_error", "code": "by_fault", "message": "failed by a fault rule", "param": None}
        await self._send_event(f"{_KIND}.failed", item_id=self._turn_item, content_index=0, error=error)

    async def event(self, event: Event) -> None:
        """Send the events of a turn's start or end, and commit it at its end."""
        match event:
            case Started(start_ms):
                self._turn_item = new_id("item")
                await self._send_event(
                    "input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=self._turn_item
                )
            case Stopped(_, end_ms, sound):
                await self._send_event(
                    "input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=self._turn_item
                )
                await self._commit(sound)
            case TimedOut():
                return
            case other:
                assert_never(other)

    async def _handle(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "session.update":
                await self._update(message.get("session"))
            case "input_audio_buffer.append":
                await self.take_sound(_sound(message.get("audio")))
            case "input_audio_buffer.commit":
                detector = self.stt.detector
                if detector is not None and not detector.speaking:
                    raise EventError(
                        "input_audio_buffer_commit_empty", "Error committing input audio buffer: it is empty."
                    )
                sound = self.stt.commit() if detector is None else detector.so_far
                if detector is not None:
                    self.stt.configure(self._config)
                self._turn_item = new_id("item")
                await self._commit(sound)
            case "input_audio_buffer.clear":
                self.stt.clear(self._config)
                await self._send_event("input_audio_buffer.cleared")
            case None:
                raise EventError("invalid_event", "The 'type' field is missing.", "type")
            case other:
                raise EventError("invalid_event", f"{other!r:.80} is not supported in a transcription session.", "type")

    async def _update(self, change: Any) -> None:
        """Apply a `session.update` completely or not at all."""
        if not isinstance(change, dict):
            raise missing("session")
        if "type" not in change:
            raise missing("session.type")
        TRANSCRIPTION(change, "session")
        before = self._config["audio"]["input"]
        after = {**before, **change.get("audio", {}).get("input", {})}
        turns = after["turn_detection"]
        if turns is not None:
            after["turn_detection"] = {**(_SERVER_VAD if turns["type"] == "server_vad" else _SEMANTIC_VAD), **turns}
        model = (after["transcription"] or {}).get("model", "")
        if model == "gpt-realtime-whisper" and after["turn_detection"] is not None:
            path = "session.audio.input.turn_detection"
            raise EventError("invalid_value", f"'{path}' must be null with gpt-realtime-whisper.", path)
        self._config = {**self._config, "audio": {"input": after}, "include": change.get("include")}
        self.entry.config, self.entry.model = self._config, model
        if (after["format"], after["turn_detection"]) != (before["format"], before["turn_detection"]):
            self.stt.configure(self._config)
        await self._send_event("session.updated", session=self._config)

    async def _commit(self, sound: bytes) -> None:
        """Add a turn as an item, and transcribe it if a model is set."""
        item_id, before, self._before = self._turn_item, self._before, self._turn_item
        content = [{"type": "input_audio", "transcript": None}]
        fields = {"id": item_id, "object": "realtime.item", "type": "message", "status": "completed"}
        item = {**fields, "role": "user", "content": content}
        await self._send_event("input_audio_buffer.committed", previous_item_id=before, item_id=item_id)
        await self._send_event("conversation.item.added", previous_item_id=before, item=item)
        await self._send_event("conversation.item.done", previous_item_id=before, item=item)
        if self._config["audio"]["input"]["transcription"] is not None:
            task = asyncio.create_task(self._transcribe(item_id, sound, self.stt.now_ms))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _transcribe(self, item_id: str, sound: bytes, end_ms: int) -> None:
        """Send the transcript in deltas, then complete with its usage."""
        text = (await self.understand(sound, end_ms)).transcript
        await self.context.clock.sleep(self.context.settings.transcription_s / 2)
        ids = {"item_id": item_id, "content_index": 0}
        words = text.split(" ")
        for at in range(0, len(words) if text else 0, _WORDS_A_PIECE):
            piece = " ".join(words[at : at + _WORDS_A_PIECE])
            await self._send_event(f"{_KIND}.delta", **ids, delta=f" {piece}" if at else piece)
        usage: dict[str, Any] = {"type": "duration", "seconds": round(len(sound) / ulaw.RATE, 2)}
        if self.entry.model != "whisper-1":
            heard, written = round(len(sound) / ulaw.RATE * 10), len(text) // 4 + 1
            usage = {"type": "tokens", "total_tokens": heard + written, "input_tokens": heard, "output_tokens": written}
            usage["input_token_details"] = {"text_tokens": 0, "audio_tokens": heard}
        await self._send_event(f"{_KIND}.completed", **ids, transcript=text, usage=usage)

    async def _error(self, refused: EventError, event_id: str | None) -> None:
        error = {
            "type": "invalid_request_error",
            "code": refused.code,
            "message": refused.message,
            "param": refused.param,
            "event_id": event_id,
        }
        self.entry.errors.append(error)
        await self._send_event("error", error=error)

    async def _send_event(self, kind: str, **fields: Any) -> None:
        await self.send(type=kind, event_id=new_id("event"), **fields)


def _sound(raw: object) -> bytes:
    if not isinstance(raw, str):
        raise missing("audio") if raw is None else wrong_type("audio", "a string", raw)
    try:
        return base64.b64decode(raw, validate=True)
    except binascii.Error as error:
        raise EventError("invalid_value", "Invalid 'audio'. Expected base64-encoded audio bytes.", "audio") from error
