"""ElevenLabs' realtime speech to text: partial texts, and committed ones by the client or by silence (speech.md §5)."""

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
_HEARD = frozenset({8000, 16000, 24000, 48000})
_EVERY_MS = 400
_MIN_COMMIT_MS = 300
_MAX_CHUNK_S = 10


@dataclass(frozen=True, slots=True)
class ScribeOptions:
    """What the query asks for; `faults` are its words for what the service does not take."""

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
        """401 for the key; a wrong query is told once the socket is open."""
        elevenlabs.check_key(self.desk, request)
        wanted = _wanted(request)

        def make(request: web.Request, socket: web.WebSocketResponse) -> Scribe:
            entry = self.desk.accept("elevenlabs", "stt", request.query.get("model_id", ""), request.query)
            return Scribe(self.desk, request, socket, entry, wanted)

        return make

    def refusal(self, refused: ApiError) -> web.Response:
        """See `elevenlabs.refusal`."""
        return elevenlabs.refusal(refused)


def _wanted(request: web.Request) -> ScribeOptions:
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
    elif int(name.split("_")[1]) not in _HEARD:
        fault = f"{name} is not one that this world hears"
    return ScribeOptions(
        rate=8000 if fault else int(name.split("_")[1]),
        encoding="mulaw" if name == "ulaw_8000" else "linear16",
        vad_s=float(silence) if fault is None and strategy == "vad" else None,
        timestamps=query.get("include_timestamps") == "true",
        language=query.get("language_code", "en"),
        fault=fault,
    )


class Scribe(SttSession):
    """One session."""

    ear: SimulatedStt
    idle_s = 60.0

    def __init__(
        self,
        desk: ProviderContext,
        request: web.Request,
        socket: web.WebSocketResponse,
        entry: ServiceEntry,
        wanted: ScribeOptions,
    ) -> None:
        super().__init__(desk, request, socket, entry)
        self._wanted = wanted
        detection = None
        if wanted.vad_s is not None:
            detection = {"prefix_padding_ms": 200, "silence_duration_ms": int(wanted.vad_s * 1000)}
        self.ear = SimulatedStt(desk.speech, wanted.encoding, wanted.rate, detection)
        self._looked_ms = 0
        self._partial = ""
        self.take_faults("elevenlabs")

    async def open(self) -> None:
        """`session_started` with what was asked for, or why the session ends at once."""
        if self._wanted.fault is not None:
            self.refused("invalid_request", self._wanted.fault)
            await self.send(message_type="invalid_request", error=self._wanted.fault)
            raise ClosingError(1008, self._wanted.fault)
        await self.send(message_type="session_started", session_id=self.request_id, config=self.entry.config)

    async def text(self, message: dict[str, Any]) -> None:
        """`input_audio_chunk` and nothing else."""
        raw = message.get("audio_base_64")
        if message.get("message_type") != "input_audio_chunk" or not isinstance(raw, str):
            return await self._input_error("only input_audio_chunk with audio_base_64 is taken")
        rate, commit = message.get("sample_rate", self._wanted.rate), message.get("commit", False)
        if rate != self._wanted.rate or not isinstance(commit, bool):
            return await self._input_error(f"sample_rate {rate} does not fit the audio_format, or commit is no boolean")
        try:
            sound = base64.b64decode(raw, validate=True)
        except binascii.Error:
            return await self._input_error("audio_base_64 is no base64")
        if len(sound) > self._wanted.rate * 2 * _MAX_CHUNK_S:
            self.refused("chunk_size_exceeded_error", "over ten seconds in one chunk")
            return await self.send(message_type="chunk_size_exceeded_error", error="The chunk is too long.")
        await self.take_sound(sound)
        await self._look()
        if commit:
            await self._commit()
        return None

    async def binary(self, raw: bytes) -> None:
        """Sound comes as base64 in JSON here."""
        await self._input_error(f"{len(raw)} bytes where a JSON message is due")

    async def unreadable(self) -> None:
        """No JSON."""
        await self._input_error("the message is no JSON object")

    async def idle(self) -> None:
        """Nothing came."""
        self.refused("insufficient_audio_activity_error", "no sound came in time")
        await self.send(message_type="insufficient_audio_activity_error", error="No sound came in time.")
        raise ClosingError(1008, "insufficient_audio_activity")

    async def fail(self) -> None:
        """The service fails."""
        await self.send(message_type="transcriber_error", error="by a fault rule")
        raise ClosingError(1011, "transcriber_error")

    async def event(self, event: Event) -> None:
        """With `vad`, silence commits."""
        match event:
            case Started():
                self._partial = ""
            case Stopped(_, end_ms, sound):
                await self._committed(sound, end_ms)
            case TimedOut():
                return
            case other:
                assert_never(other)

    async def _look(self) -> None:
        detector = self.ear.detector
        if self.ear.now_ms - self._looked_ms < _EVERY_MS or (detector is not None and not detector.speaking):
            return
        self._looked_ms = self.ear.now_ms
        heard = self.ear.understand(bytes(self.ear.heard) if detector is None else detector.so_far).transcript
        if heard and heard != self._partial:
            self._partial = heard
            await self.send(message_type="partial_transcript", text=heard)

    async def _commit(self) -> None:
        """The client says that the turn is over; with `vad` it may as well."""
        detector = self.ear.detector
        if detector is not None:
            sound = detector.so_far
            assert self._wanted.vad_s is not None
            self.ear.detect({"prefix_padding_ms": 200, "silence_duration_ms": int(self._wanted.vad_s * 1000)})
        else:
            sound = bytes(self.ear.heard)
        if ulaw.duration_ms(sound) < _MIN_COMMIT_MS:
            says = "Commit request ignored: less than 0.3 s of uncommitted audio."
            self.refused("commit_throttled", says)
            return await self.send(message_type="commit_throttled", error=says)
        self.ear.heard.clear()
        return await self._committed(sound, self.ear.now_ms)

    async def _committed(self, sound: bytes, end_ms: int) -> None:
        text = (await self.understand(sound, end_ms)).transcript
        self._partial = ""
        await self.send(message_type="committed_transcript", text=text)
        if not self._wanted.timestamps:
            return
        start = (end_ms - ulaw.duration_ms(sound)) / 1000
        said = text.split()
        each = ulaw.duration_ms(sound) / 1000 / max(1, len(said))
        words = [
            {"text": word, "start": start + place * each, "end": start + (place + 1) * each, "type": "word"}
            for place, word in enumerate(said)
        ]
        kind = "committed_transcript_with_timestamps"
        await self.send(message_type=kind, text=text, language_code=self._wanted.language, words=words)

    async def _input_error(self, says: str) -> None:
        self.refused("input_error", says)
        await self.send(message_type="input_error", error=says)
