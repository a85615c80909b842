"""Data types of a synthetic student: how the call is picked up, what they say and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dialer.simulator.people.speech import STUDENT_VOICE

FIRST_SLOT = "$first_slot"
HELD_SLOT = "$held_slot"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that the scripted model calls after a line; `$…` arguments are filled from earlier results of the call."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AfterAva:
    """Speak once AVA has spoken and has been silent for half a second."""


@dataclass(frozen=True, slots=True)
class IntoAva:
    """Interrupt AVA after `ms` of her response."""

    ms: int


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Speak `ms` after the stream starts, whatever AVA does."""

    ms: int


Cue = AfterAva | IntoAva | AtOnce


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One line of a student, the tools the model calls after it, and AVA's words if no tool result provides them."""

    text: str
    does: tuple[ToolUse, ...] = ()
    answer: str = "Thank you."
    cue: Cue = AfterAva()
    voice: str = STUDENT_VOICE
    beep: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """Picks up after `rings_s` seconds of ringing."""

    rings_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Busy:
    """The line is busy: SIP 486 after a second."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Rings until the carrier gives up: SIP 487."""


@dataclass(frozen=True, slots=True)
class Fails:
    """The carrier cannot place the call."""

    sip: int = 404


Pickup = Answers | Busy | NoAnswer | Fails


@dataclass(frozen=True, slots=True)
class HangsUp:
    """Hangs up after `lines` lines, once `ms` of AVA's next response have been heard."""

    lines: int
    ms: int


@dataclass(frozen=True, slots=True)
class Student:
    """A synthetic student; `expects` is the call outcome the product should record."""

    key: str
    about: str
    expects: str
    pickup: Pickup = Answers()
    lines: tuple[ScriptLine, ...] = ()
    hangs_up: HangsUp | None = None
    machine: bool = False
