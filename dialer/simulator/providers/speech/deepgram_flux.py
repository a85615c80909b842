"""Deepgram Flux (`/v2/listen`): speech to text with built-in turn detection.

Flux's end-of-turn confidence is simulated by the silence after a turn, so thresholds are converted to silence durations.
"""

from dataclasses import dataclass
from typing import Any, assert_never

from aiohttp import web

from dialer.simulator.ledger import ServiceEntry
from dialer.simulator.people.stt import SimulatedStt
from dialer.simulator.providers.context import ApiError, ProviderContext
from dialer.simulator.providers.speech import deepgram
from dialer.simulator.providers.speech.sockets import ClosingError, Make, SocketEndpoint, SttSession
from dialer.simulator.realtime.vad import Event, Started, Stopped, TimedOut

MODELS = frozenset({"flux-general-en", "flux-general-multi"})
ENCODINGS = frozenset({"linear16", "linear32", "mulaw", "alaw", "opus", "ogg-opus"})
KNOWN = frozenset(
    {
        *(
            "model",
            "encoding",
            "sample_rate",
            "eot_threshold",
            "eager_eot_threshold",
            "eot_timeout_ms",
            "keyterm",
            "tag",
        ),
        *("mip_opt_out", "language_hint", "numerals", "profanity_filter", "redact"),
    }
)
_EVERY_MS = 240
_SURE_AFTER_MS = 800


@dataclass(frozen=True, slots=True)
class Thresholds:
    """End-of-turn settings: confidence thresholds and the maximum silence."""

    eot: float = 0.7
    eager: float | None = None
    timeout_ms: int = 5000

    def changed(self, given: dict[str, Any]) -> "Thresholds":
        """Return the thresholds with updates. Raises ValueError with the reason if an update is invalid."""
        for name in given.keys() - {"eot_threshold", "eager_eot_threshold", "eot_timeout_ms"}:
            raise ValueError(f"unknown threshold {name}")
        eot, eager = _number(given, "eot_threshold", 0.5, 0.9), _number(given, "eager_eot_threshold", 0.3, 0.9)
        timeout = _number(given, "eot_timeout_ms", 500, 10_000)
        new = Thresholds(
            self.eot if eot is None else eot,
            self.eager if eager is None else eager,
            self.timeout_ms if timeout is None else int(timeout),
        )
        if new.eager is not None and new.eager > new.eot:
            raise ValueError("eager_eot_threshold must not be above eot_threshold")
        return new

    def silence_ms(self) -> int:
        """Return the silence that ends a turn."""
        return min(int(_SURE_AFTER_MS * self.eot), self.timeout_ms)


def _number(given: dict[str, Any], name: str, least: float, most: float) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not least <= number <= most:
        raise ValueError(f"{name} must be from {least} to {most}")
    return number


class FluxEndpoint(SocketEndpoint):
    """`/deepgram/v2/listen`."""

    does, provider = "stt", "flux"

    def admit(self, request: web.Request) -> Make:
        """Check the key (else 401) and the query (else 400). Raises ApiError."""
        model = deepgram.model_asked(self.context, request, KNOWN, MODELS)
        if "language_hint" in request.query and model != "flux-general-multi":
            raise deepgram.bad_query("Invalid query parameter: language_hint needs flux-general-multi.")
        encoding, rate = deepgram.encoding_of(request, ENCODINGS)
        names = ("eot_threshold", "eager_eot_threshold", "eot_timeout_ms")
        try:
            thresholds = Thresholds().changed({name: request.query[name] for name in names if name in request.query})
        except ValueError as error:
            raise deepgram.bad_query(f"Invalid query parameter: {error}.") from error

        def make(request: web.Request, socket: web.WebSocketResponse) -> Flux:
            entry = self.context.accept("flux", "stt", model, request.query)
            return Flux(self.context, request, socket, entry, encoding, rate, thresholds)

        return make

    def refusal(self, refused: ApiError) -> web.Response:
        """Return the error in Deepgram's format."""
        return deepgram.refusal(refused)


class Flux(SttSession):
    """One session. Without an encoding in the query, no words are recognized."""

    stt: SimulatedStt
    idle_s = 60.0

    def __init__(
        self,
        context: ProviderContext,
        request: web.Request,
        socket: web.WebSocketResponse,
        entry: ServiceEntry,
        encoding: str | None,
        rate: int,
        thresholds: Thresholds,
    ) -> None:
        super().__init__(context, request, socket, entry)
        self._cannot_decode = encoding not in deepgram.HEARD
        self._thresholds = thresholds
        self.stt = SimulatedStt(context.speech, encoding or "mulaw", rate, _detection(thresholds))
        self._sequence = self._turn = 0
        self._start_ms = self._updated_ms = 0
        self._transcript = ""
        self._eager = False
        self._keyterms: list[str] = list(request.query.getall("keyterm", []))
        self.take_faults("flux")

    async def open(self) -> None:
        """Send `Connected`."""
        await self._send_message("Connected")

    async def text(self, message: dict[str, Any]) -> None:
        """Handle Configure, ForceEndTurn and CloseStream; anything else is a fatal error."""
        match message.get("type"):
            case "Configure":
                await self._configure(message)
            case "ForceEndTurn":
                await self._force()
            case "CloseStream":
                await self._force()
                raise ClosingError(1000, "")
            case other:
                await self._fatal("UNPARSABLE_CLIENT_MESSAGE", f"{other!r:.60} is not a message of this service")

    async def binary(self, raw: bytes) -> None:
        """Process audio."""
        await self.take_sound(raw)
        await self._update()

    async def unreadable(self) -> None:
        """Fail on a text frame that is not a message."""
        await self._fatal("UNPARSABLE_CLIENT_MESSAGE", "text that is not a JSON message")

    async def idle(self) -> None:
        """Fail on the idle timeout."""
        await self._fatal("NET-0001", "No audio or message was received in time.")

    async def fail(self) -> None:
        """Send an internal error and end the session."""
        await self._send_message("Error", code="INTERNAL_SERVER_ERROR", description="by a fault rule")
        raise ClosingError(1011, "INTERNAL_SERVER_ERROR")

    async def event(self, event: Event) -> None:
        """Send StartOfTurn or EndOfTurn."""
        match event:
            case Started(start_ms):
                self._start_ms, self._updated_ms = start_ms, self.stt.now_ms
                self._transcript, self._eager = "", False
                await self._info("StartOfTurn", 0.0)
            case Stopped(_, end_ms, sound):
                await self._end(sound, end_ms, "model")
            case TimedOut():
                return
            case other:
                assert_never(other)

    async def _update(self) -> None:
        """Send what happens within a turn: Update, EagerEndOfTurn and TurnResumed."""
        detector = self.stt.detector
        assert detector is not None
        if not detector.speaking:
            return
        eager = self._thresholds.eager
        quiet = eager is not None and detector.quiet_ms >= _SURE_AFTER_MS * eager
        if quiet and not self._eager:
            self._eager = True
            self._transcript = self.stt.understand(detector.so_far).transcript
            await self._info("EagerEndOfTurn", eager or 0.0)
        elif self._eager and detector.quiet_ms == 0:
            self._eager = False
            await self._info("TurnResumed", 0.1)
        elif self.stt.now_ms - self._updated_ms >= _EVERY_MS:
            self._updated_ms = self.stt.now_ms
            heard = self.stt.understand(detector.so_far).transcript
            if heard != self._transcript:
                self._transcript = heard
                await self._info("Update", 0.1)

    async def _end(self, sound: bytes, end_ms: int, trigger: str) -> None:
        self._transcript = (await self.understand(sound, end_ms)).transcript
        await self._info("EndOfTurn", max(self._thresholds.eot, 0.85), trigger=trigger)
        self._turn += 1

    async def _force(self) -> None:
        detector = self.stt.detector
        assert detector is not None
        if detector.speaking:
            sound = detector.so_far
            self.stt.detect(_detection(self._thresholds))
            await self._end(sound, self.stt.now_ms, "manual")

    async def _configure(self, message: dict[str, Any]) -> None:
        """Apply new thresholds from the next turn on, completely or not at all."""
        try:
            for name in message.keys() - {"type", "thresholds", "keyterms", "language_hints", "numerals"}:
                raise ValueError(f"unknown field {name}")
            thresholds = message.get("thresholds") or {}
            if not isinstance(thresholds, dict):
                raise ValueError("thresholds must be an object")
            self._thresholds = self._thresholds.changed(thresholds)
        except ValueError as error:
            self.refused("INVALID_CONFIGURATION", str(error))
            await self._send_message("ConfigureFailure", code="INVALID_CONFIGURATION", description=str(error))
            return
        self._keyterms = message.get("keyterms", self._keyterms)
        detector = self.stt.detector
        if detector is not None and not detector.speaking:
            self.stt.detect(_detection(self._thresholds))
        effective = {"eot_threshold": self._thresholds.eot, "eot_timeout_ms": self._thresholds.timeout_ms}
        if self._thresholds.eager is not None:
            effective["eager_eot_threshold"] = self._thresholds.eager
        await self._send_message("ConfigureSuccess", thresholds=effective, keyterms=self._keyterms)

    async def _fatal(self, code: str, reason: str) -> None:
        self.refused(code, reason)
        await self._send_message("Error", code=code, description=reason)
        raise ClosingError(1008, code)

    async def _info(self, event: str, confidence: float, **more: Any) -> None:
        words = [] if self._cannot_decode else self._transcript.split()
        await self._send_message(
            "TurnInfo",
            event=event,
            turn_index=self._turn,
            audio_window_start=self._start_ms / 1000,
            audio_window_end=self.stt.now_ms / 1000,
            transcript=" ".join(words),
            words=[{"word": word, "confidence": 0.98} for word in words],
            end_of_turn_confidence=confidence,
            **more,
        )

    async def _send_message(self, kind: str, **fields: Any) -> None:
        sequence, self._sequence = self._sequence, self._sequence + 1
        await self.send(type=kind, request_id=self.request_id, sequence_id=sequence, **fields)


def _detection(thresholds: Thresholds) -> dict[str, Any]:
    return {"prefix_padding_ms": 200, "silence_duration_ms": thresholds.silence_ms()}
