"""Deepgram's speech to text, first interface: interim and final results, and when somebody speaks (speech.md §1)."""

import hashlib
from dataclasses import dataclass
from typing import Any, assert_never

from aiohttp import web

from dialer.audio import ulaw
from dialer.simulator.ledger import ServiceEntry, stamp
from dialer.simulator.people.stt import SimulatedStt
from dialer.simulator.providers.context import ApiError, ProviderContext
from dialer.simulator.providers.speech import deepgram
from dialer.simulator.providers.speech.sockets import ClosingError, Make, SocketEndpoint, SttSession
from dialer.simulator.realtime.vad import Event, Started, Stopped, TimedOut

MODELS = (
    *("nova-3", "nova-3-general", "nova-3-medical", "nova-2", "nova-2-general", "nova-2-phonecall", "enhanced", "base"),
)
KNOWN = frozenset(
    {
        *("model", "version", "encoding", "sample_rate", "channels", "multichannel", "interim_results", "endpointing"),
        *("utterance_end_ms", "vad_events", "punctuate", "smart_format", "numerals", "language", "language_hint"),
        *("keyterm", "keywords", "redact", "profanity_filter", "diarize", "diarize_model", "mip_opt_out", "tag"),
        *("callback", "callback_method", "dictation", "filler_words", "no_delay", "detect_entities", "replace"),
        *("search", "extra"),
    }
)
_EVERY_MS = 500
_PIECE_MS = 4000
_PADDING_MS = 200


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """What the query asks for; `endpointing` None is `false`: nothing is ever called the end of speech."""

    model: str
    encoding: str | None
    rate: int
    interim: bool
    endpointing: int | None
    utterance_end: int | None
    vad_events: bool
    punctuate: bool


class ListenEndpoint(SocketEndpoint):
    """`/deepgram/v1/listen`."""

    does, provider = "stt", "deepgram"

    def admit(self, request: web.Request) -> Make:
        """401 for the key, 400 for the query."""
        model = deepgram.model_asked(self.desk, request, KNOWN, MODELS)
        encoding, rate = deepgram.encoding_of(request, deepgram.ENCODINGS)
        wanted = ListenOptions(
            model,
            encoding,
            rate,
            deepgram.flag(request, "interim_results"),
            None if request.query.get("endpointing") == "false" else _endpointing(request),
            deepgram.whole_number(request, "utterance_end_ms", 1000, 5000),
            deepgram.flag(request, "vad_events"),
            deepgram.flag(request, "punctuate") or deepgram.flag(request, "smart_format"),
        )
        if wanted.utterance_end is not None and not wanted.interim:
            raise deepgram.bad_query("Invalid query parameter: utterance_end_ms requires interim_results=true.")

        def make(request: web.Request, socket: web.WebSocketResponse) -> Listen:
            entry = self.desk.accept("deepgram", "stt", model, request.query)
            return Listen(self.desk, request, socket, entry, wanted)

        return make

    def refusal(self, refused: ApiError) -> web.Response:
        """See `deepgram.refusal`."""
        return deepgram.refusal(refused)


def _endpointing(request: web.Request) -> int:
    if request.query.get("endpointing") == "true":
        return 10
    ms = deepgram.whole_number(request, "endpointing", 0, 5000)
    return 10 if ms is None else ms


class Listen(SttSession):
    """One session. Of sound whose encoding was not named nothing is understood."""

    ear: SimulatedStt
    idle_s = 10.0

    def __init__(
        self,
        desk: ProviderContext,
        request: web.Request,
        socket: web.WebSocketResponse,
        entry: ServiceEntry,
        wanted: ListenOptions,
    ) -> None:
        super().__init__(desk, request, socket, entry)
        self._wanted = wanted
        self._deaf = wanted.encoding not in deepgram.HEARD
        silence = 1000 if wanted.endpointing is None else max(wanted.endpointing, ulaw.FRAME_MS)
        self.ear = SimulatedStt(
            desk.speech,
            wanted.encoding or "mulaw",
            wanted.rate,
            {"prefix_padding_ms": _PADDING_MS, "silence_duration_ms": silence},
        )
        self._silence_ms = silence
        self._from_ms = self._looked_ms = self._given_ms = 0
        self._given = 0
        """How many words of the open turn were sent as final."""
        self._last_word_ms: int | None = None
        self._digest = hashlib.sha256()
        self.take_faults("deepgram")

    async def text(self, message: dict[str, Any]) -> None:
        """KeepAlive, Finalize, CloseStream; anything else is refused and leaves the session open."""
        match message.get("type"):
            case "KeepAlive":
                return
            case "Finalize":
                await self._finish(from_finalize=True)
            case "CloseStream":
                await self._close()
            case other:
                self.refused("unknown_message", f"{other!r:.60} is no message of this service")
                await self.send(
                    type="Error", variant="unknown_message", description="Unknown message type.", message=""
                )

    async def binary(self, raw: bytes) -> None:
        """Sound; an empty frame closes the stream as CloseStream does."""
        if not raw:
            await self._close()
        self._digest.update(raw)
        await self.take_sound(raw)
        await self._look()

    async def unreadable(self) -> None:
        """Text that is no message: sound must come as binary."""
        self.refused("DATA-0000", "text where sound is due")
        raise ClosingError(1008, "DATA-0000: the payload cannot be decoded as audio")

    async def idle(self) -> None:
        """Neither sound nor KeepAlive came."""
        says = "Deepgram did not receive audio data or a text message within the timeout window."
        self.refused("NET-0001", says)
        await self.send(type="Error", variant="NET-0001", description=says, message=says)
        raise ClosingError(1011, f"NET-0001: {says}")

    async def fail(self) -> None:
        """The model did not answer."""
        await self.send(type="Error", variant="NET-0000", description="The service failed.", message="by a fault rule")
        raise ClosingError(1011, "NET-0000: by a fault rule")

    async def event(self, event: Event) -> None:
        """Somebody began to speak, or paused long enough."""
        match event:
            case Started(start_ms):
                self._from_ms = self._looked_ms = self._given_ms = start_ms
                self._given, self._last_word_ms = 0, None
                if self._wanted.vad_events:
                    await self.send(type="SpeechStarted", channel=[0, 1], timestamp=start_ms / 1000)
            case Stopped(_, end_ms, sound):
                understood = await self.understand(sound, end_ms)
                self._last_word_ms = end_ms - self._silence_ms
                words = understood.transcript.split()[self._given :]
                ends = self._wanted.endpointing is not None
                await self._results(words, self._last_word_ms, is_final=True, speech_final=ends)
                self._given = 0
                self._given_ms = end_ms
            case TimedOut():
                return
            case other:
                assert_never(other)

    async def _look(self) -> None:
        """Between the events: interim words, a final piece of a long turn, the end of an utterance."""
        now_ms = self.ear.now_ms
        detector = self.ear.detector
        assert detector is not None
        if detector.speaking:
            if self._wanted.interim and now_ms - self._looked_ms >= _EVERY_MS:
                self._looked_ms = now_ms
                words = self.ear.understand(detector.so_far).transcript.split()[self._given :]
                final = now_ms - self._given_ms >= _PIECE_MS and len(words) > 1
                if final:
                    words = words[:-1]
                await self._results(words, now_ms, is_final=final, speech_final=False)
                if final:
                    self._given += len(words)
                    self._given_ms = now_ms
            return
        last, wait = self._last_word_ms, self._wanted.utterance_end
        if last is not None and wait is not None and now_ms - last >= wait:
            self._last_word_ms = None
            await self.send(type="UtteranceEnd", channel=[0, 1], last_word_end=last / 1000)

    async def _finish(self, *, from_finalize: bool) -> None:
        """Make final what was heard until now; the turn goes on after it."""
        detector = self.ear.detector
        assert detector is not None
        words: list[str] = []
        if detector.speaking:
            words = self.ear.understand(detector.so_far).transcript.split()[self._given :]
        await self._results(words, self.ear.now_ms, is_final=True, speech_final=False, from_finalize=from_finalize)
        self._given += len(words)
        self._given_ms = self.ear.now_ms

    async def _close(self) -> None:
        await self._finish(from_finalize=False)
        await self.send(
            type="Metadata",
            transaction_key="deprecated",
            request_id=self.request_id,
            sha256=self._digest.hexdigest(),
            created=stamp(),
            duration=self.ear.now_ms / 1000,
            channels=1,
        )
        raise ClosingError(1000, "")

    async def _results(
        self, words: list[str], end_ms: int, *, is_final: bool, speech_final: bool, from_finalize: bool = False
    ) -> None:
        if self._deaf:
            words = []
        start, duration = self._given_ms / 1000, max(0, end_ms - self._given_ms) / 1000
        each = duration / len(words) if words else 0.0
        told = [
            {
                "word": word.strip(".,?!").lower(),
                "punctuated_word": word,
                "start": round(start + place * each, 3),
                "end": round(start + (place + 1) * each, 3),
                "confidence": 0.98,
            }
            for place, word in enumerate(words)
        ]
        transcript = " ".join(str(word["punctuated_word" if self._wanted.punctuate else "word"]) for word in told)
        alternative = {"transcript": transcript, "confidence": 0.98 if words else 0.0, "words": told}
        await self.send(
            type="Results",
            channel_index=[0, 1],
            start=start,
            duration=duration,
            is_final=is_final,
            speech_final=speech_final,
            from_finalize=from_finalize,
            channel={"alternatives": [alternative]},
            metadata={
                "request_id": self.request_id,
                "model_uuid": self.entry.id,
                "model_info": {"name": self._wanted.model, "version": "2026-01-01.0", "arch": "nova-3"},
            },
        )
