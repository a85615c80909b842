"""What the parts of a pipeline say to each other: transcribers, text models and speakers, whoever the provider is.

A message on a socket is text (`str`) or binary (`bytes`). Sound is µ-law at 8 kHz without a header.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from dialer.voices.pipeline.chat_history import Entry
from dialer.voices.port import ToolSpec

Message = str | bytes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider's socket is, and what its handshake shows."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ready:
    """The provider took its setup."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The provider complains, and this session with it is over. `renewable`: another one may do better."""

    code: str
    says: str
    renewable: bool = False


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The student speaks, as a transcriber tells that minds turns itself."""


@dataclass(frozen=True, slots=True)
class TurnTranscript:
    """All words of a turn; empty where there were none, None where they could not be made out."""

    words: str | None
    end_ms: int | None = None
    """Where in the sound given the turn ended, as a transcriber tells that minds turns itself."""
    usage: Mapping[str, int] = field(default_factory=dict)
    """What the provider says this cost, by kind; empty where it says nothing: then sound is counted."""


SttEvent = Ready | Fault | TurnStarted | TurnTranscript


@dataclass(frozen=True, slots=True)
class SpeechAudio:
    """A piece of a sentence."""

    sentence: int
    ulaw: bytes


@dataclass(frozen=True, slots=True)
class SentenceDone:
    """No more sound of this sentence will come."""

    sentence: int


TtsEvent = Ready | Fault | SpeechAudio | SentenceDone


class SpeechToText(Protocol):
    """One session's protocol with a transcriber: pure, with a memory of its own."""

    model: str
    """Whose price the sound is counted by."""
    minds_turns: bool
    """It tells itself when turns begin and end, and is given all sound; else it is told their end."""
    idle_s: float | None
    """So long without a message it would close its socket; None: it does not mind."""

    def opened(self) -> Sequence[Message]:
        """What is sent first."""

    def is_ready(self) -> bool:
        """Whether it can be used as soon as it is open; else it says Ready."""

    def sound(self, ulaw: bytes) -> Sequence[Message]:
        """Sound of the student's."""

    def end_turn(self) -> Sequence[Message]:
        """The student fell silent: every word of the turn is wanted now."""

    def give_up(self) -> str:
        """The words of a turn so far, where the rest did not come; they are forgotten here."""

    def idle(self) -> Sequence[Message]:
        """What keeps the socket open while there is nothing to send."""

    def bye(self) -> Sequence[Message]:
        """What is sent last."""

    def decode(self, message: Message) -> Sequence[SttEvent]:
        """What one message says; one that is unknown or malformed says nothing."""


class TtsProtocol(Protocol):
    """One session's protocol with a speaker on a socket: pure, with a memory of its own. Sentences are numbered upwards."""

    model: str
    """Whose price the characters are counted by."""
    idle_s: float | None

    def opened(self) -> Sequence[Message]:
        """What is sent first."""

    def speak(self, sentence: int, words: str) -> Sequence[Message]:
        """Make a sentence's sound."""

    def stop(self) -> Sequence[Message]:
        """Nothing of what was asked for is wanted any more; what still comes of it is dropped here."""

    def idle(self) -> Sequence[Message]:
        """What keeps the socket open while there is nothing to send."""

    def bye(self) -> Sequence[Message]:
        """What is sent last."""

    def decode(self, message: Message) -> Sequence[TtsEvent]:
        """What one message says; one that is unknown or malformed says nothing."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next words of an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class LlmToolCall:
    """A tool that the model calls, by the provider's own name of the call."""

    native: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class LlmDone:
    """The model is done: what it calls, and its answer as its library keeps it."""

    calls: tuple[LlmToolCall, ...]
    response: Any


class LlmError(Exception):
    """A text model that did not answer. `fatal`: asking it again will not help."""

    def __init__(self, code: str, says: str, *, fatal: bool) -> None:
        super().__init__(says)
        self.code, self.fatal = code, fatal


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """What a text model is to be in one call."""

    instructions: str
    tools: tuple[ToolSpec, ...]
    max_tokens: int | None


Count = Callable[[Mapping[str, int]], None]
"""Takes token counts by kind."""


class LlmClient(Protocol):
    """A text model."""

    def respond(
        self, wanted: LlmRequest, history: Sequence[Entry], count: Count, *, in_words: bool
    ) -> AsyncGenerator[TextDelta | LlmDone, None]:
        """Answer a talk as it stands: words as they are made, then `LlmDone` once. `in_words`: without a tool.

        What it used is counted once, also where the answer was left or broke off: then as far as it was told.

        Raises LlmError.
        """

    async def close(self) -> None:
        """Let its connections go."""
