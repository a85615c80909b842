"""Which session of which voice a talk is in, and which is tried next where it fails or is to be ended. Pure.

A second voice, where one stands ready, is turned to before another session of the first; of the same voice one new
session is tried, once the talk has begun. `now` is seconds of a monotonic clock.
"""

from dataclasses import dataclass, field

from dialer.bridge.conversation.watchdog import MOST_REDIALS

SPARE_AFTER_S = 1.5
"""So long a voice may take to begin where a second one stands ready."""
MOVE_BEFORE_S = 2.0
"""A session that is to be ended by the voice is left so long before, at the latest."""


@dataclass(slots=True)
class Dialling:
    """The sessions of one talk."""

    spare: bool = False
    """A second voice stands ready."""
    on_spare: bool = False
    """It was turned to."""
    voices: list[str] = field(default_factory=list)
    """The voices that were asked to speak, in order."""
    redials: int = 0
    """How often a session was followed by another one."""
    dialled_at: float = 0.0
    lost_at: float | None = None
    """The session of a talk that had begun was left then; None once the next one knows what was said."""
    seamless: bool = False
    """The session was left in a quiet moment: nobody need hear of it."""
    handle: str = ""
    """What the next session can go on with; empty: it begins anew."""
    _resuming: bool = False
    _move_by: float | None = None
    _again: int = 0

    @property
    def may_turn(self) -> bool:
        """Whether a second voice stands ready and was not turned to yet."""
        return self.spare and not self.on_spare

    @property
    def leaving(self) -> bool:
        """Whether the session is to be left before the voice ends it."""
        return self._move_by is not None

    def choose(self, *, begun: bool) -> bool:
        """Settle what is tried next, for a session that was lost; False where nothing is left. `begun`: the talk had."""
        if self._resuming:  # it was not gone on with: begin anew
            self._resuming, self.handle = False, ""
            return True
        self.seamless = False
        if self.may_turn:
            self.on_spare, self.handle = True, ""
            return True
        self._again += 1
        return begun and self._again <= MOST_REDIALS

    def dial(self, now: float, *, begun: bool) -> None:
        """Another session is asked for."""
        self.redials, self.dialled_at, self._move_by = self.redials + 1, now, None
        if begun:
            self.lost_at = now

    def opened(self) -> str:
        """The session is there and is set up with this handle."""
        self._resuming = bool(self.handle)
        return self.handle

    def ready(self) -> None:
        """The session took its setup."""
        self._resuming = False

    def going_away(self, left_s: float, now: float) -> None:
        """The voice will end the session in so many seconds."""
        self._move_by = now + max(0.0, left_s - MOVE_BEFORE_S)

    def moves(self, now: float, *, quiet: bool) -> bool:
        """Whether a session that is to be left is left now: in a quiet moment, or because it is time."""
        assert self._move_by is not None
        self.seamless = quiet
        return quiet or now >= self._move_by

    def is_late(self, now: float) -> bool:
        """Whether a voice that has not begun is to be exchanged for the second one."""
        return self.may_turn and now - self.dialled_at > SPARE_AFTER_S
