"""The shape of a synthetic student: what the line does when they are rung, and what they say, when."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dialer.simulator.people.speech import STUDENT_VOICE

FIRST_SLOT = "$first_slot"
HELD_SLOT = "$held_slot"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that a good model calls on hearing a line; `$…` arguments are filled from results of this call."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AfterAva:
    """Speak once AVA has spoken and nothing of hers has been heard for half a second."""


@dataclass(frozen=True, slots=True)
class IntoAva:
    """Speak over AVA, once this much of her answer has been heard."""

    ms: int


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Speak this long after the line is open, whatever AVA does."""

    ms: int


Cue = AfterAva | IntoAva | AtOnce


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One thing a student says, what a good model does on hearing it, and what AVA says if no result has words."""

    text: str
    does: tuple[ToolUse, ...] = ()
    answer: str = "Thank you."
    cue: Cue = AfterAva()
    voice: str = STUDENT_VOICE
    beep: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """Picks up after so many seconds of ringing."""

    rings_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Busy:
    """The line is engaged: SIP 486 after a moment."""


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
    """Puts the phone down after `lines` lines, once `ms` of AVA's next answer have been heard."""

    lines: int
    ms: int


@dataclass(frozen=True, slots=True)
class Student:
    """Somebody to ring. `expects` is the outcome that the product should arrive at."""

    key: str
    about: str
    expects: str
    pickup: Pickup = Answers()
    lines: tuple[ScriptLine, ...] = ()
    hangs_up: HangsUp | None = None
    machine: bool = False
