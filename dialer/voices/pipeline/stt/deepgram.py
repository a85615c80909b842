"""Deepgram's streaming transcription as a transcriber (speech.md §1): it is told where a turn ends and answers with its words.

Sound goes as binary frames. Words that are final are collected; those of the piece in the making replace each other.
"""

from collections.abc import Sequence

from dialer.voices.pipeline.json_fields import object_of, read, text_of, write
from dialer.voices.pipeline.port import Endpoint, Fault, Message, SttEvent, TurnTranscript
from dialer.voices.pipeline.urls import socket_url
from dialer.voices.port import SessionConfig

MULTI = "multi"
"""What the language is called where several are spoken."""
PAUSES_S = 4.0
"""The socket is closed after about ten seconds of nothing."""


def endpoint(base: str, key: str, model: str, setup: SessionConfig) -> Endpoint:
    """The socket's address for a call; it is not to look for the ends of turns itself."""
    query = [
        ("model", model),
        ("encoding", "mulaw"),
        ("sample_rate", "8000"),
        ("channels", "1"),
        ("language", MULTI if len(setup.languages) > 1 else setup.language),
        ("interim_results", "true"),
        ("punctuate", "true"),
        ("smart_format", "true"),
        ("endpointing", "false"),
        *(("keyterm", word) for word in setup.keywords),
    ]
    return Endpoint(socket_url(base, "/v1/listen", query), {"Authorization": f"Token {key}"})


class Deepgram:
    """One session (`port.Transcriber`)."""

    minds_turns = False
    idle_s: float | None = PAUSES_S

    def __init__(self, model: str) -> None:
        self.model = model
        self._final: list[str] = []
        self._interim = ""

    def opened(self) -> Sequence[Message]:
        """Everything was said in the address."""
        return ()

    def is_ready(self) -> bool:
        """An open socket takes sound."""
        return True

    def sound(self, ulaw: bytes) -> Sequence[Message]:
        """Raw, as it is."""
        return (ulaw,)

    def end_turn(self) -> Sequence[Message]:
        """What it has heard so far is to be settled."""
        return (write(type="Finalize"),)

    def give_up(self) -> str:
        """The words so far, those in the making too."""
        words = " ".join([*self._final, self._interim]).strip()
        self._final, self._interim = [], ""
        return words

    def idle(self) -> Sequence[Message]:
        """Counts as life; silence would cost money."""
        return (write(type="KeepAlive"),)

    def bye(self) -> Sequence[Message]:
        """It sends what is left and closes."""
        return (write(type="CloseStream"),)

    def decode(self, message: Message) -> Sequence[SttEvent]:
        """Words, the last of a turn with `from_finalize`, or a complaint."""
        said = read(message)
        match said.get("type"):
            case "Results":
                return self._results(said)
            case "Error":
                code = text_of(said, "code") or text_of(said, "err_code") or "stt_error"
                says = text_of(said, "description") or text_of(said, "message") or text_of(said, "err_msg")
                return (Fault(code, says or "Deepgram complains", renewable=True),)
        return ()

    def _results(self, said: dict[str, object]) -> Sequence[SttEvent]:
        alternatives = object_of(said, "channel").get("alternatives")
        first = alternatives[0] if isinstance(alternatives, list) and alternatives else {}
        words = text_of(first, "transcript").strip() if isinstance(first, dict) else ""
        if said.get("is_final") is True:
            self._interim = ""
            if words:
                self._final.append(words)
        elif words:
            self._interim = words
        return (TurnTranscript(self.give_up()),) if said.get("from_finalize") is True else ()
