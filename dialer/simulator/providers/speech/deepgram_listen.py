"""Deepgram's speech to text (`/v1/listen`): interim and final results, endpointing and VAD events."""

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
    """The options of the query; an `endpointing` of None is `false`: `speech_final` is never set."""

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
        """Check the key (else 401) and the query (else 400). Raises ApiError."""
        model = deepgram.model_asked(self.context, request, KNOWN, MODELS)
        encoding, rate = deepgram.encoding_of(request, deepgram.ENCODINGS)
        options = ListenOptions(
            model,
            encoding,
            rate,
            deepgram.flag(request, "interim_results"),
            None if request.query.get("endpointing") == "false" else _endpointing(request),
            deepgram.whole_number(request, "utterance_end_ms", 1000, 5000),
            deepgram.flag(request, "vad_events"),
            deepgram.flag(request, "punctuate") or deepgram.flag(request, "smart_format"),
        )
        if options.utterance_end is not None and not options.interim:
            raise deepgram.bad_query("Invalid query parameter: utterance_end_ms requires interim_results=true.")

        def make(request: web.Request, socket: web.WebSocketResponse) -> Listen:
            entry = self.context.accept("deepgram", "stt", model, request.query)
            return Listen(self.context, request, socket, entry, options)

        return make

    def refusal(self, refused: ApiError) -> web.Response:
        """Return the error in Deepgram's format."""
        return deepgram.refusal(refused)


def _endpointing(request: web.Request) -> int:
    if request.query.get("endpointing") == "true":
        return 10
    ms = deepgram.whole_number(request, "endpointing", 0, 5000)
    return 10 if ms is None else ms


class Listen(SttSession):
    """One session. Without an encoding in the query, no words are recognized."""

    stt: SimulatedStt
    idle_s = 10.0

    def __init__(
        self,
        context: ProviderContext,
        request: web.Request,
        socket: web.WebSocketResponse,
        entry: ServiceEntry,
        options: ListenOptions,
    ) -> None:
        super().__init__(context, request, socket, entry)
        self._options = options
        self._cannot_decode = options.encoding not in deepgram.HEARD
        silence = 1000 if options.endpointing is None else max(options.endpointing, ulaw.FRAME_MS)
        self.stt = SimulatedStt(
            context.speech,
            options.encoding or "mulaw",
            options.rate,
            {"prefix_padding_ms": _PADDING_MS, "silence_duration_ms": silence},
        )
        self._silence_ms = silence
        self._from_ms = self._updated_ms = self._final_until_ms = 0
        self._final_words = 0
        """The number of words of the open turn that were sent as final."""
        self._last_word_ms: int | None = None
        self._digest = hashlib.sha256()
        self.take_faults("deepgram")

    async def text(self, message: dict[str, Any]) -> None:
        """Handle KeepAlive, Finalize and CloseStream; anything else is an error that leaves the session open."""
        match message.get("type"):
            case "KeepAlive":
                return
            case "Finalize":
                await self._finish(from_finalize=True)
            case "CloseStream":
                await self._close()
            case other:
                self.refused("unknown_message", f"{other!r:.60} is not a message of this service")
                await self.send(
                    type="Error", variant="unknown_message", description="Unknown message type.", message=""
                )

    async def binary(self, raw: bytes) -> None:
        """Process audio; an empty frame closes the stream as CloseStream does."""
        if not raw:
            await self._close()
        self._digest.update(raw)
        await self.take_sound(raw)
        await self._update()

    async def unreadable(self) -> None:
        """Fail on a text frame that is not a message: audio must be binary."""
        self.refused("DATA-0000", "text frame; expected audio")
        raise ClosingError(1008, "DATA-0000: the payload cannot be decoded as audio")

    async def idle(self) -> None:
        """Fail on the idle timeout: no audio and no KeepAlive."""
        reason = "Deepgram did not receive audio data or a text message within the timeout window."
        self.refused("NET-0001", reason)
        await self.send(type="Error", variant="NET-0001", description=reason, message=reason)
        raise ClosingError(1011, f"NET-0001: {reason}")

    async def fail(self) -> None:
        """Send an error of the service and end the session."""
        await self.send(type="Error", variant="NET-0000", description="The service failed.", message="by a fault rule")
        raise ClosingError(1011, "NET-0000: by a fault rule")

    async def event(self, event: Event) -> None:
        """Send SpeechStarted at a turn's start, and its final results at its end."""
        match event:
            case Started(start_ms):
                self._from_ms = self._updated_ms = self._final_until_ms = start_ms
                self._final_words, self._last_word_ms = 0, None
                if self._options.vad_events:
                    await self.send(type="SpeechStarted", channel=[0, 1], timestamp=start_ms / 1000)
            case Stopped(_, end_ms, sound):
                understood = await self.understand(sound, end_ms)
                self._last_word_ms = end_ms - self._silence_ms
                words = understood.transcript.split()[self._final_words :]
                ends = self._options.endpointing is not None
                await self._results(words, self._last_word_ms, is_final=True, speech_final=ends)
                self._final_words = 0
                self._final_until_ms = end_ms
            case TimedOut():
                return
            case other:
                assert_never(other)

    async def _update(self) -> None:
        """Send interim results, a final part of a long turn, or UtteranceEnd."""
        now_ms = self.stt.now_ms
        detector = self.stt.detector
        assert detector is not None
        if detector.speaking:
            if self._options.interim and now_ms - self._updated_ms >= _EVERY_MS:
                self._updated_ms = now_ms
                words = self.stt.understand(detector.so_far).transcript.split()[self._final_words :]
                final = now_ms - self._final_until_ms >= _PIECE_MS and len(words) > 1
                if final:
                    words = words[:-1]
                await self._results(words, now_ms, is_final=final, speech_final=False)
                if final:
                    self._final_words += len(words)
                    self._final_until_ms = now_ms
            return
        last, wait = self._last_word_ms, self._options.utterance_end
        if last is not None and wait is not None and now_ms - last >= wait:
            self._last_word_ms = None
            await self.send(type="UtteranceEnd", channel=[0, 1], last_word_end=last / 1000)

    async def _finish(self, *, from_finalize: bool) -> None:
        """Send the words so far as final; the turn continues."""
        detector = self.stt.detector
        assert detector is not None
        words: list[str] = []
        if detector.speaking:
            words = self.stt.understand(detector.so_far).transcript.split()[self._final_words :]
        await self._results(words, self.stt.now_ms, is_final=True, speech_final=False, from_finalize=from_finalize)
        self._final_words += len(words)
        self._final_until_ms = self.stt.now_ms

    async def _close(self) -> None:
        await self._finish(from_finalize=False)
        await self.send(
            type="Metadata",
            transaction_key="deprecated",
            request_id=self.request_id,
            sha256=self._digest.hexdigest(),
            created=stamp(),
            duration=self.stt.now_ms / 1000,
            channels=1,
        )
        raise ClosingError(1000, "")

    async def _results(
        self, words: list[str], end_ms: int, *, is_final: bool, speech_final: bool, from_finalize: bool = False
    ) -> None:
        if self._cannot_decode:
            words = []
        start, duration = self._final_until_ms / 1000, max(0, end_ms - self._final_until_ms) / 1000
        word_s = duration / len(words) if words else 0.0
        word_items = [
            {
                "word": word.strip(".,?!").lower(),
                "punctuated_word": word,
                "start": round(start + place * word_s, 3),
                "end": round(start + (place + 1) * word_s, 3),
                "confidence": 0.98,
            }
            for place, word in enumerate(words)
        ]
        transcript = " ".join(
            str(word["punctuated_word" if self._options.punctuate else "word"]) for word in word_items
        )
        alternative = {"transcript": transcript, "confidence": 0.98 if words else 0.0, "words": word_items}
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
                "model_info": {"name": self._options.model, "version": "2026-01-01.0", "arch": "nova-3"},
            },
        )
