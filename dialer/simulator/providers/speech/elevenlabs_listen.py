"""ElevenLabs' realtime speech to text: partial transcripts, and committed ones by the client or by VAD."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, assert_never

from aiohttp import web

from dialer.audio import ulaw
from dialer.simulator.ledger import ServiceEntry
from dialer.simulator.people.stt import SimulatedStt
from dialer.simulator.providers.context import ApiError, ProviderContext
from dialer.simulator.providers.speech import elevenlabs
from dialer.simulator.providers.speech.sockets import ClosingError, Make, SocketEndpoint, SttSession
from dialer.simulator.realtime.vad import Event, Started, Stopped, TimedOut

MODELS = frozenset({"scribe_v2_realtime", "scribe_v3_live"})
KNOWN = frozenset(
    {
        *(
            "model_id",
            "audio_format",
            "commit_strategy",
            "language_code",
            "vad_silence_threshold_secs",
            "vad_threshold",
        ),
        *("min_speech_duration_ms", "min_silence_duration_ms", "include_timestamps", "include_language_detection"),
        *("keyterms", "enable_logging", "filter_background_audio", "token", "no_verbatim"),
        *("secondary_languages", "entity_detection", "entity_redaction", "entity_redaction_mode", "transcript_edit"),
    }
)
_FORMAT = re.compile(r"pcm_(8000|16000|22050|24000|44100|48000)|ulaw_8000")
_SUPPORTED_RATES = frozenset({8000, 16000, 24000, 48000})
_EVERY_MS = 400
_MIN_COMMIT_MS = 300
_MAX_CHUNK_S = 10


@dataclass(frozen=True, slots=True)
class ScribeOptions:
    """The options of the query; `fault` describes what is invalid in it, if anything."""

    rate: int
    encoding: str
    vad_s: float | None
    timestamps: bool
    language: str
    fault: str | None


class ScribeEndpoint(SocketEndpoint):
    """`/elevenlabs/v1/speech-to-text/realtime`."""

    does, provider = "stt", "elevenlabs"

    def admit(self, request: web.Request) -> Make:
        """Check the key. Raises ApiError 401; an invalid query is reported once the socket is open."""
        elevenlabs.check_key(self.context, request)
        options = _read_options(request)

        def make(request: web.Request, socket: web.WebSocketResponse) -> Scribe:
            entry = self.context.accept("elevenlabs", "stt", request.query.get("model_id", ""), request.query)
            return Scribe(self.context, request, socket, entry, options)

        return make

    def refusal(self, refused: ApiError) -> web.Response:
        """Return the error in ElevenLabs' format."""
        return elevenlabs.refusal(refused)


def _read_options(request: web.Request) -> ScribeOptions:
    query = request.query
    name = query.get("audio_format", "pcm_16000")
    strategy, silence = query.get("commit_strategy", "manual"), query.get("vad_silence_threshold_secs", "1.5")
    fault: str | None = None
    if query.get("model_id") not in MODELS:
        fault = f"Invalid model_id: {query.get('model_id')}"
    elif unknown := query.keys() - KNOWN:
        fault = f"Unknown parameters: {', '.join(sorted(unknown))}"
    elif not _FORMAT.fullmatch(name):
        fault = f"Invalid audio_format: {name}"
    elif strategy not in ("manual", "vad"):
        fault = f"Invalid commit_strategy: {strategy}"
    elif not re.fullmatch(r"\d+(\.\d+)?", silence) or not 0.3 <= float(silence) <= 3:
        fault = "vad_silence_threshold_secs must be from 0.3 to 3.0"
    elif int(name.split("_")[1]) not in _SUPPORTED_RATES:
        fault = f"{name} is not supported by the simulator"
    return ScribeOptions(
        rate=8000 if fault else int(name.split("_")[1]),
        encoding="mulaw" if name == "ulaw_8000" else "linear16",
        vad_s=float(silence) if fault is None and strategy == "vad" else None,
        timestamps=query.get("include_timestamps") == "true",
        language=query.get("language_code", "en"),
        fault=fault,
    )


class Scribe(SttSession):
    """One transcription session."""

    stt: SimulatedStt
    idle_s = 60.0

    def __init__(
        self,
        context: ProviderContext,
        request: web.Request,
        socket: web.WebSocketResponse,
        entry: ServiceEntry,
        options: ScribeOptions,
    ) -> None:
        super().__init__(context, request, socket, entry)
        self._options = options
        detection = None
        if options.vad_s is not None:
            detection = {"prefix_padding_ms": 200, "silence_duration_ms": int(options.vad_s * 1000)}
        self.stt = SimulatedStt(context.speech, options.encoding, options.rate, detection)
        self._updated_ms = 0
        self._partial = ""
        self.take_faults("elevenlabs")

    async def open(self) -> None:
        """Send `session_started` with the configuration, or the error of an invalid query, which ends the session."""
        if self._options.fault is not None:
            self.refused("invalid_request", self._options.fault)
            await self.send(message_type="invalid_request", error=self._options.fault)
            raise ClosingError(1008, self._options.fault)
        await self.send(message_type="session_started", session_id=self.request_id, config=self.entry.config)

    async def text(self, message: dict[str, Any]) -> None:
        """Handle an `input_audio_chunk`, the only valid message."""
        raw = message.get("audio_base_64")
        if message.get("message_type") != "input_audio_chunk" or not isinstance(raw, str):
            return await self._input_error("only input_audio_chunk with audio_base_64 is accepted")
        rate, commit = message.get("sample_rate", self._options.rate), message.get("commit", False)
        if rate != self._options.rate or not isinstance(commit, bool):
            return await self._input_error(
                f"sample_rate {rate} does not match audio_format, or commit is not a boolean"
            )
        try:
            sound = base64.b64decode(raw, validate=True)
        except binascii.Error:
            return await self._input_error("audio_base_64 is not base64")
        if len(sound) > self._options.rate * 2 * _MAX_CHUNK_S:
            self.refused("chunk_size_exceeded_error", "over ten seconds in one chunk")
            return await self.send(message_type="chunk_size_exceeded_error", error="The chunk is too long.")
        await self.take_sound(sound)
        await self._update()
        if commit:
            await self._commit()
        return None

    async def binary(self, raw: bytes) -> None:
        """Reject a binary frame: audio is sent as base64 in JSON."""
        await self._input_error(f"{len(raw)} bytes in a binary frame; expected a JSON message")

    async def unreadable(self) -> None:
        """Reject a frame that is not a JSON object."""
        await self._input_error("the message is not a JSON object")

    async def idle(self) -> None:
        """End the session on the idle timeout."""
        self.refused("insufficient_audio_activity_error", "no audio was received in time")
        await self.send(message_type="insufficient_audio_activity_error", error="No audio was received in time.")
        raise ClosingError(1008, "insufficient_audio_activity")

    async def fail(self) -> None:
        """Send a transcriber error and end the session."""
        await self.send(message_type="transcriber_error", error="by a fault rule")
        raise ClosingError(1011, "transcriber_error")

    async def event(self, event: Event) -> None:
        """Commit a turn at its end, with the `vad` strategy."""
        match event:
            case Started():
                self._partial = ""
            case Stopped(_, end_ms, sound):
                await self._committed(sound, end_ms)
            case TimedOut():
                return
            case other:
                assert_never(other)

    async def _update(self) -> None:
        detector = self.stt.detector
        if self.stt.now_ms - self._updated_ms < _EVERY_MS or (detector is not None and not detector.speaking):
            return
        self._updated_ms = self.stt.now_ms
        heard = self.stt.understand(bytes(self.stt.heard) if detector is None else detector.so_far).transcript
        if heard and heard != self._partial:
            self._partial = heard
            await self.send(message_type="partial_transcript", text=heard)

    async def _commit(self) -> None:
        """Commit at the client's request, which is allowed with both strategies."""
        detector = self.stt.detector
        if detector is not None:
            sound = detector.so_far
            assert self._options.vad_s is not None
            self.stt.detect({"prefix_padding_ms": 200, "silence_duration_ms": int(self._options.vad_s * 1000)})
        else:
            sound = bytes(self.stt.heard)
        if ulaw.duration_ms(sound) < _MIN_COMMIT_MS:
            reason = "Commit request ignored: less than 0.3 s of uncommitted audio."
            self.refused("commit_throttled", reason)
            return await self.send(message_type="commit_throttled", error=reason)
        self.stt.heard.clear()
        return await self._committed(sound, self.stt.now_ms)

    async def _committed(self, sound: bytes, end_ms: int) -> None:
        text = (await self.understand(sound, end_ms)).transcript
        self._partial = ""
        await self.send(message_type="committed_transcript", text=text)
        if not self._options.timestamps:
            return
        start = (end_ms - ulaw.duration_ms(sound)) / 1000
        texts = text.split()
        word_s = ulaw.duration_ms(sound) / 1000 / max(1, len(texts))
        words = [
            {"text": word, "start": start + place * word_s, "end": start + (place + 1) * word_s, "type": "word"}
            for place, word in enumerate(texts)
        ]
        kind = "committed_transcript_with_timestamps"
        await self.send(message_type=kind, text=text, language_code=self._options.language, words=words)

    async def _input_error(self, reason: str) -> None:
        self.refused("input_error", reason)
        await self.send(message_type="input_error", error=reason)
