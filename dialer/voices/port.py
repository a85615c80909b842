"""What the bridge tells a voice, and what a voice can say back: two closed unions, whoever the provider is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A function that the model may call; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """How a voice is to be for one call. Audio is µ-law at 8 kHz both ways."""

    instructions: str
    tools: tuple[ToolSpec, ...]
    voice_id: str
    vad_threshold: float
    vad_prefix_ms: int
    vad_silence_ms: int
    transcription_model: str
    language: str
    """ISO 639-1; what the student is expected to speak, and AVA begins with."""
    languages: tuple[str, ...] = ()
    """Those that the student may change to, `language` among them; empty: only that one is expected."""
    keywords: tuple[str, ...] = ()
    """Names and words that a transcriber should know."""
    model: str = ""
    """The model that the script chose; empty for the voice's own."""
    vad_kind: str = "server_vad"
    """`server_vad`, or `semantic_vad`, which waits for the end of a thought."""
    vad_eagerness: str = "auto"
    noise_reduction: str | None = None
    """`near_field`, `far_field`, or None for none."""
    speed: float = 1.0
    max_output_tokens: int | None = None
    resume: str = ""
    """What an earlier session of this call gave to be gone on with; empty: begin anew."""


@dataclass(frozen=True, slots=True)
class Configure:
    """Set the voice up; nothing else is sent before it is ready."""

    setup: SessionConfig


@dataclass(frozen=True, slots=True)
class RespondWith:
    """Answer now, by these instructions."""

    instructions: str


@dataclass(frozen=True, slots=True)
class Respond:
    """Answer now, from the conversation; without calling a tool, if so."""

    in_words: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop answering."""


@dataclass(frozen=True, slots=True)
class Truncate:
    """Of this answer, only the first `heard_ms` were heard."""

    item: str
    heard_ms: int


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool call gave; `output` is JSON. By itself it makes the model say nothing."""

    tool_call: str
    output: str


@dataclass(frozen=True, slots=True)
class ReplayMessage:
    """Words of an earlier session of this call, under their item's old name. They make the model say nothing."""

    item: str
    who: str
    """`ava` or `student`."""
    words: str


@dataclass(frozen=True, slots=True)
class ReplayToolCall:
    """A tool call of an earlier session of this call; its result follows."""

    item: str
    tool_call: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class SystemNote:
    """Words of the workspace for the model alone. They make it say nothing by themselves."""

    words: str


VoiceCommand = (
    Configure | RespondWith | Respond | Cancel | Truncate | ToolResult | ReplayMessage | ReplayToolCall | SystemNote
)


@dataclass(frozen=True, slots=True)
class VoiceOpened:
    """The voice is there and waits to be configured."""


@dataclass(frozen=True, slots=True)
class VoiceReady:
    """The voice took the configuration; audio may pass."""


class Audio(msgspec.Struct, frozen=True, gc=False):
    """A piece of an answer, base64 µ-law of any length. A struct, because many are made."""

    item: str
    payload: str


@dataclass(frozen=True, slots=True)
class ItemAdded:
    """The conversation has a new item; `previous` is the one it follows (None: the first, or not said)."""

    item: str
    previous: str | None
    who: str | None
    """`ava`, `student`, or None for what nobody says aloud."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The student began to speak."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The student fell silent, at this many ms of the audio that the voice was given."""

    end_ms: int


@dataclass(frozen=True, slots=True)
class AgentTranscriptDelta:
    """The next words of an answer of AVA, as they are made."""

    item: str
    words: str


@dataclass(frozen=True, slots=True)
class AgentTranscript:
    """All the words of one answer of AVA."""

    item: str
    words: str


@dataclass(frozen=True, slots=True)
class UserTranscript:
    """What the student said, as transcribed; it may come long after the answer to it. None: it failed."""

    item: str
    words: str | None
    usage: Mapping[str, int] = field(default_factory=dict)
    """What the transcription cost, apart from the answers' own tokens."""


@dataclass(frozen=True, slots=True)
class ResponseStarted:
    """The model began an answer."""


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The model calls a function; `arguments` is meant to be JSON and may not be."""

    tool_call: str
    item: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ResponseDone:
    """The model ended an answer: completed, cancelled, incomplete or failed (then `fault` says why)."""

    status: str
    fault: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    hopeless: bool = False
    """Asking once more will not help."""


@dataclass(frozen=True, slots=True)
class VoiceFault:
    """The voice complains; `fatal` means that this session is over, `renewable` that a new one may do better."""

    code: str
    says: str
    fatal: bool
    renewable: bool = False


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that changes nothing here; `unknown` where nobody knew that it exists."""

    kind: str
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class ResumptionHandle:
    """Another session can go on from here, if it is set up with this handle."""

    handle: str


@dataclass(frozen=True, slots=True)
class SessionExpiring:
    """The session will be ended by the voice in so many seconds: another one is to be had before."""

    left_s: float


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What is left of the account's tokens a minute, as a share of them, and when they are full again."""

    left: float
    resets_s: float


VoiceEvent = (
    VoiceOpened
    | VoiceReady
    | Audio
    | ItemAdded
    | SpeechStarted
    | SpeechStopped
    | AgentTranscriptDelta
    | AgentTranscript
    | UserTranscript
    | ResponseStarted
    | ToolCalled
    | ResponseDone
    | VoiceFault
    | RateLimit
    | ResumptionHandle
    | SessionExpiring
    | Ignored
)
