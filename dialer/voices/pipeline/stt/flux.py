"""Deepgram Flux as a transcriber (speech.md §2): it is given all sound and says itself when a turn begins and ends."""

from collections.abc import Sequence

from dialer.voices.pipeline.json_fields import read, text_of, write
from dialer.voices.pipeline.port import Endpoint, Fault, Message, Ready, SttEvent, TurnStarted, TurnTranscript
from dialer.voices.pipeline.urls import socket_url
from dialer.voices.port import SessionConfig

PIECE = 640
"""It wants its sound in pieces of about 80 ms."""
THRESHOLDS = {"low": "0.9", "medium": "0.7", "high": "0.5", "auto": "0.7"}
"""How sure it is to be that a turn is over, by the script's eagerness."""


def endpoint(base: str, key: str, model: str, setup: SessionConfig) -> Endpoint:
    """The socket's address for a call; a turn ends after the script's pause whatever was said."""
    query = [
        ("model", model),
        ("encoding", "mulaw"),
        ("sample_rate", "8000"),
        ("eot_threshold", THRESHOLDS.get(setup.vad_eagerness, THRESHOLDS["auto"])),
        *(("keyterm", word) for word in setup.keywords),
    ]
    return Endpoint(socket_url(base, "/v2/listen", query), {"Authorization": f"Token {key}"})


class Flux:
    """One session (`port.Transcriber`)."""

    minds_turns = True
    idle_s: float | None = None

    def __init__(self, model: str) -> None:
        self.model = model
        self._waiting = b""
        self._words = ""
        self._speaking = False

    def opened(self) -> Sequence[Message]:
        """Everything was said in the address."""
        return ()

    def is_ready(self) -> bool:
        """It says so."""
        return False

    def sound(self, ulaw: bytes) -> Sequence[Message]:
        """Whole pieces; what is less waits."""
        whole = self._waiting + ulaw
        ends = len(whole) - len(whole) % PIECE
        self._waiting = whole[ends:]
        return [whole[at : at + PIECE] for at in range(0, ends, PIECE)]

    def end_turn(self) -> Sequence[Message]:
        """It knows by itself."""
        return ()

    def give_up(self) -> str:
        """The words of the turn so far."""
        words, self._words = self._words, ""
        return words

    def idle(self) -> Sequence[Message]:
        """It is given all sound."""
        return ()

    def bye(self) -> Sequence[Message]:
        """It closes."""
        return (write(type="CloseStream"),)

    def decode(self, message: Message) -> Sequence[SttEvent]:
        """A turn that begins, goes on or ends; its words so far replace each other."""
        said = read(message)
        match said.get("type"):
            case "Connected":
                return (Ready(),)
            case "TurnInfo":
                return self._turn(said)
            case "FatalError" | "Error":
                says = text_of(said, "description") or text_of(said, "message")
                return (Fault(text_of(said, "code") or "stt_error", says or "Flux complains", renewable=True),)
        return ()

    def _turn(self, said: dict[str, object]) -> Sequence[SttEvent]:
        event, self._words = said.get("event"), text_of(said, "transcript").strip() or self._words
        began: list[SttEvent] = []
        if event in ("StartOfTurn", "EndOfTurn") and not self._speaking:
            self._speaking = True
            began.append(TurnStarted())
        if event != "EndOfTurn":
            return began
        self._speaking = False
        end = said.get("audio_window_end")
        end_ms = round(end * 1000) if isinstance(end, (int, float)) and 0 <= end < 1e6 else None
        return [*began, TurnTranscript(self.give_up(), end_ms)]
