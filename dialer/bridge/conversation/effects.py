"""What a conversation wants done: a closed union, carried out in order by the runner."""

from dataclasses import dataclass, field
from enum import StrEnum

from dialer.bridge.prompts.loader import Clip
from dialer.voices.port import VoiceCommand


class EndReason(StrEnum):
    """Why a call's media ended."""

    STUDENT_LEFT = "student_left"
    GOODBYE = "goodbye"
    TIME_LIMIT = "time_limit"
    VOICEMAIL = "machine"
    NOBODY = "nobody"
    TRANSFERRED = "transferred"
    HUNG_UP = "hung_up"
    STREAM_CUT = "stream_cut"
    MEDIA_LOST = "media_lost"
    VOICE_LOST = "voice_lost"
    VOICE_REFUSED = "voice_refused"
    BROKEN = "broken"
    DRAINED = "drained"


@dataclass(frozen=True, slots=True)
class SendToVoice:
    """Send a command to the voice."""

    command: VoiceCommand


@dataclass(frozen=True, slots=True)
class ReconnectVoice:
    """Leave the voice's socket and open another one."""


@dataclass(frozen=True, slots=True)
class PlayClip:
    """Send a sentence of our own to the carrier."""

    clip: Clip


@dataclass(frozen=True, slots=True)
class SendMark:
    """Send a mark to the carrier. `ends`: no more sound of this answer follows it."""

    name: str
    ends: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class SendClear:
    """Empty the carrier's queue."""


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run a tool and hand its result back."""

    tool_call: str
    item: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class OptOutDetected:
    """The student asked in words not to be called again, and the model did not say so."""

    item: str
    words: str


@dataclass(frozen=True, slots=True)
class VoicemailDetected:
    """What speaks on the other side is a mailbox, a menu or a screener."""

    words: str


@dataclass(frozen=True, slots=True)
class SaveTurn:
    """Store a turn, or store it anew: the same item again replaces it."""

    item: str
    who: str
    words: str
    stream_ms: int
    heard_ms: int | None


@dataclass(frozen=True, slots=True)
class Finish:
    """The media is over: close the sockets, store what is left."""

    end: EndReason


Effect = (
    SendToVoice
    | ReconnectVoice
    | PlayClip
    | SendMark
    | SendClear
    | RunTool
    | OptOutDetected
    | VoicemailDetected
    | SaveTurn
    | Finish
)
