"""What a voice is to the bridge: a protocol on a socket, or parts of its own, and one session for each call.

What is said in a session stands in `voices.port`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dialer.voices.port import VoiceCommand, VoiceEvent


class Codec(Protocol):
    """The protocol of one session with a provider: pure, with a memory of its own where the provider needs one."""

    listens: bool
    """Whether it tells from the sound what the provider does not say: else `heard` need not be asked."""

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
class Capabilities:
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
    url: Callable[[str], str]
    """Where its socket is, for a model."""
    headers: Mapping[str, str]
    codec: Callable[[], Codec]
    """A new session's protocol."""
    capabilities: Capabilities


class VoiceSession(Protocol):
    """One session with a voice, as the call sees it."""

    @property
    def blocked_since(self) -> float | None:
        """Since when (seconds of a monotonic clock) it takes nothing; None while it does."""

    async def connect(self) -> None:
        """Begin; what keeps it from beginning is told as its loss."""

    def send_audio(self, payload: str) -> None:
        """Give it the student's audio, base64 of µ-law."""

    def send(self, command: VoiceCommand) -> None:
        """Give it a command."""

    def close(self) -> None:
        """Leave it; nothing is told of it any more."""


class SessionListener(Protocol):
    """Whom a session speaks to."""

    def voice_event(self, leg: VoiceSession, event: VoiceEvent) -> None:
        """Something happened in the session."""

    def voice_lost(self, leg: VoiceSession, says: str) -> None:
        """The session was not had, or is lost."""

    def voice_backpressure(self, leg: VoiceSession, choked: bool) -> None:
        """The session takes nothing more for now, or does so again."""


@dataclass(frozen=True, slots=True)
class PipelineVoice:
    """A voice put together from several providers: it brings its own kind of session."""

    name: str
    model: str
    """The text model that is used where a script names none; usage is priced by it."""
    session: Callable[[SessionListener, str], VoiceSession]
    """A new session, speaking to somebody, with a model."""
    capabilities: Capabilities
    preload: Callable[[], Awaitable[None]]
    """Load what takes long, before somebody waits for it; nothing where it is loaded."""
    close: Callable[[], Awaitable[None]]
    """Let go what its sessions shared; the process ends."""


AnyVoice = Voice | PipelineVoice


async def close_all(voices: Iterable[AnyVoice]) -> None:
    """Let go what sessions of these voices shared; no more of them are begun."""
    for voice in voices:
        if isinstance(voice, PipelineVoice):
            await voice.close()
