"""What the bridge tells a voice, and what a voice can say back: two closed unions, whoever the provider is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A function that the model may call; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setup:
    """How a voice is to be for one call. Audio is µ-law at 8 kHz both ways."""

    instructions: str
    tools: tuple[ToolSpec, ...]
    speaker: str
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

    setup: Setup


@dataclass(frozen=True, slots=True)
class Speak:
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
class Recall:
    """Words of an earlier session of this call, under their item's old name. They make the model say nothing."""

    item: str
    who: str
    """`ava` or `student`."""
    words: str


@dataclass(frozen=True, slots=True)
class RecallTool:
    """A tool call of an earlier session of this call; its result follows."""

    item: str
    tool_call: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Note:
    """Words of the house for the model alone. They make it say nothing by themselves."""

    words: str


VoiceCommand = Configure | Speak | Respond | Cancel | Truncate | ToolResult | Recall | RecallTool | Note


@dataclass(frozen=True, slots=True)
class VoiceOpened:
    """The voice is there and waits to be configured."""


@dataclass(frozen=True, slots=True)
class VoiceReady:
    """The voice took the configuration; audio may pass."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A piece of an answer, base64 µ-law of any length."""

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
class Speaking:
    """The next words of an answer of AVA, as they are made."""

    item: str
    words: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """All the words of one answer of AVA."""

    item: str
    words: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What the student said, as transcribed; it may come long after the answer to it. None: it failed."""

    item: str
    words: str | None
    usage: Mapping[str, int] = field(default_factory=dict)
    """What the transcription cost, apart from the answers' own tokens."""


@dataclass(frozen=True, slots=True)
class AnswerStarted:
    """The model began an answer."""


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The model calls a function; `arguments` is meant to be JSON and may not be."""

    tool_call: str
    item: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class AnswerEnded:
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
class Nothing:
    """An event that changes nothing here; `unknown` where nobody knew that it exists."""

    kind: str
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Resumable:
    """Another session can go on from here, if it is set up with this handle."""

    handle: str


@dataclass(frozen=True, slots=True)
class GoingAway:
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
    | Speaking
    | Spoken
    | Heard
    | AnswerStarted
    | ToolCalled
    | AnswerEnded
    | VoiceFault
    | RateLimit
    | Resumable
    | GoingAway
    | Nothing
)


class Codec(Protocol):
    """The protocol of one session with a provider: pure, with a memory of its own where the provider needs one."""

    def opened(self) -> Sequence[VoiceEvent]:
        """What an open socket means by itself."""

    def encode(self, command: VoiceCommand) -> Sequence[bytes]:
        """A command as messages, in order; none where the provider does of itself what is asked, or cannot do it."""

    def encode_audio(self, payload: str) -> bytes | None:
        """The student's audio, base64 of µ-law, as one message; None where it waits for more of it."""

    def heard(self) -> Sequence[VoiceEvent]:
        """What the audio given last means, where that is told from the sound and not by the provider."""

    def decode(self, message: bytes | memoryview) -> Sequence[VoiceEvent]:
        """What one message of the provider says. An unknown or malformed one is Nothing: new kinds come unannounced."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a voice can do and what not, as data: what the bridge, the doctor and the pages say of it."""

    audio: str
    """The formats on its wire, in and out."""
    truncates: bool
    """Its memory of an answer can be cut to what was heard."""
    cancels: bool
    """An answer in the making can be stopped by a command; else it is only kept from being heard."""
    transcribes: str
    """Whose words come as text: `both`, `ava`, `student`."""
    tools: bool
    resumes: bool = False
    """A session that ends can be gone on with in another one, which then knows all that was said."""
    languages: tuple[str, ...] = ()
    """Those it is good for, ISO 639-1; empty: any."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A realtime voice on one socket: where that is, and its protocol."""

    name: str
    model: str
    """The one that is used where a script names none; usage is priced by it."""
    address: Callable[[str], str]
    """Where its socket is, for a model."""
    headers: Mapping[str, str]
    codec: Callable[[], Codec]
    """A new session's protocol."""
    profile: Profile


class Leg(Protocol):
    """One session with a voice, as the call sees it."""

    choked_at: float | None
    """Since when (seconds of a monotonic clock) it takes nothing; None while it does."""

    async def connect(self) -> None:
        """Begin; what keeps it from beginning is told as its loss."""

    def send_audio(self, payload: str) -> None:
        """Give it the student's audio, base64 of µ-law."""

    def tell(self, command: VoiceCommand) -> None:
        """Give it a command."""

    def close(self) -> None:
        """Leave it; nothing is told of it any more."""


class Talks(Protocol):
    """Whom a session speaks to."""

    def voice_event(self, leg: Leg, event: VoiceEvent) -> None:
        """Something happened in the session."""

    def voice_gone(self, leg: Leg, says: str) -> None:
        """The session was not had, or is lost."""

    def voice_choked(self, leg: Leg, choked: bool) -> None:
        """The session takes nothing more for now, or does so again."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A voice put together from several providers: it brings its own kind of session."""

    name: str
    model: str
    """The text model that is used where a script names none; usage is priced by it."""
    leg: Callable[[Talks, str], Leg]
    """A new session, speaking to somebody, with a model."""
    profile: Profile


AnyVoice = Voice | Composed
