"""Which session of which voice a talk is in, and which is tried next where it fails or is to be ended. Pure.

A second voice, where one stands ready, is turned to before another session of the first; of the same voice one new
session is tried, once the talk has begun. `now` is seconds of a monotonic clock.
"""

from dataclasses import dataclass, field

from dialer.bridge.conversation.watchdog import MAX_RECONNECTS

BACKUP_AFTER_S = 1.5
"""So long a voice may take to begin where a second one stands ready."""
MIGRATE_BEFORE_S = 2.0
"""A session that is to be ended by the voice is left so long before, at the latest."""


@dataclass(slots=True)
class Failover:
    """The sessions of one talk."""

    backup: bool = False
    """A second voice stands ready."""
    on_backup: bool = False
    """It was turned to."""
    voices: list[str] = field(default_factory=list)
    """The voices that were asked to speak, in order."""
    reconnects: int = 0
    """How often a session was followed by another one."""
    connecting_since: float = 0.0
    lost_at: float | None = None
    """The session of a talk that had begun was left then; None once the next one knows what was said."""
    seamless: bool = False
    """The session was left in a quiet moment: nobody need hear of it."""
    resume_handle: str = ""
    """What the next session can go on with; empty: it begins anew."""
    _resuming: bool = False
    _migrate_by: float | None = None
    _again: int = 0

    @property
    def can_fail_over(self) -> bool:
        """Whether a second voice stands ready and was not turned to yet."""
        return self.backup and not self.on_backup

    @property
    def leaving(self) -> bool:
        """Whether the session is to be left before the voice ends it."""
        return self._migrate_by is not None

    def choose(self, *, begun: bool) -> bool:
        """Settle what is tried next, for a session that was lost; False where nothing is left. `begun`: the talk had."""
        if self._resuming:  # it was not gone on with: begin anew
            self._resuming, self.resume_handle = False, ""
            return True
        self.seamless = False
        if self.can_fail_over:
            self.on_backup, self.resume_handle = True, ""
            return True
        self._again += 1
        return begun and self._again <= MAX_RECONNECTS

    def connect(self, now: float, *, begun: bool) -> None:
        """Another session is asked for."""
        self.reconnects, self.connecting_since, self._migrate_by = self.reconnects + 1, now, None
        if begun:
            self.lost_at = now

    def opened(self) -> str:
        """The session is there and is set up with this handle."""
        self._resuming = bool(self.resume_handle)
        return self.resume_handle

    def ready(self) -> None:
        """The session took its setup."""
        self._resuming = False

    def going_away(self, left_s: float, now: float) -> None:
        """The voice will end the session in so many seconds."""
        self._migrate_by = now + max(0.0, left_s - MIGRATE_BEFORE_S)

    def should_migrate(self, now: float, *, quiet: bool) -> bool:
        """Whether a session that is to be left is left now: in a quiet moment, or because it is time."""
        assert self._migrate_by is not None
        self.seamless = quiet
        return quiet or now >= self._migrate_by

    def is_timed_out(self, now: float) -> bool:
        """Whether a voice that has not begun is to be exchanged for the second one."""
        return self.can_fail_over and now - self.connecting_since > BACKUP_AFTER_S
