"""How long a student may wait for an answer, and what is done about it at each point. Pure: the caller passes the time.

Two seconds of silence on the phone sound like a dead line (reliability.md F45, F48), so a filler covers the wait. Only an
*answer* ends it: audio of AVA's, or a tool call. Speech events and transcripts show that the voice hears, not that it
answers. `now` is seconds of a monotonic clock.

    2 s   filler ("one moment, please")
    5 s   cancel the response and request another one
    8 s   a new session, or the second voice
    12 s  apology; the call has ended by 15 s, as our failure
"""

from dataclasses import dataclass
from enum import Enum, auto

FILLER_AFTER_S = 2.0
RETRY_RESPONSE_AFTER_S = 5.0
REPLACE_SESSION_AFTER_S = 8.0
GIVE_UP_AFTER_S = 12.0
SHORT_UTTERANCE_S = 1.5
"""Speech of at most this length while an answer is due is "hello?": the wait goes on. Longer speech is excluded from it."""
MEDIA_SILENT_S = 30.0
STREAM_STANDS_S = 1.0
APOLOGY_TIMEOUT_S = 2.85
RECONNECT_TIMEOUT_S = 5.0
VOICEMAIL_MESSAGE_S = 30.0
MAX_RECONNECTS = 1


class Escalation(Enum):
    """What is due about a voice that does not answer."""

    RETRY_RESPONSE = auto()
    REPLACE_SESSION = auto()
    GIVE_UP = auto()


@dataclass(slots=True)
class Watchdog:
    """Who we are waiting for, and since when."""

    response_due_since: float | None = None
    """The student's turn ended then; None while they speak, or where nothing is to be answered."""
    unanswered_since: float | None = None
    """The first turn without an answer ended then, later by the length of what was said at length since."""
    filled: bool = False
    """The filler was played for this wait."""
    speech_started_at: float | None = None
    """The student has been speaking since then."""
    idle_prompted: bool = False
    """AVA asked whether anyone is there, and nothing was said since."""
    _due_before: float | None = None
    _escalated: Escalation | None = None
    _stream_ms: int = -1
    _stream_at: float = 0.0
    _busy_at: float | None = None

    @property
    def student_speaks(self) -> bool:
        """Whether the student is speaking."""
        return self.speech_started_at is not None

    def response_due(self, now: float) -> None:
        """The student's turn ended, or a response was requested."""
        if self.response_due_since is None:
            self.response_due_since = now
        if self.unanswered_since is None:
            self.unanswered_since = now

    def response_heard(self) -> None:
        """AVA answers audibly, or nothing is to be answered."""
        self.response_due_since = self.unanswered_since = self._escalated = None
        self.filled = False

    def response_progressed(self, now: float) -> None:
        """A tool was called: no answer yet, but one is being worked on."""
        if self.unanswered_since is not None:
            self.unanswered_since, self._escalated = now, None

    def speech_started(self, now: float) -> None:
        """The student speaks, perhaps because no answer came."""
        if self.speech_started_at is None:
            self.speech_started_at = now
            self._due_before, self.response_due_since = self.response_due_since, None

    def speech_stopped(self, now: float) -> None:
        """The student stopped speaking: what was short changes nothing, a longer turn is to be answered anew."""
        started, due = self.speech_started_at, self._due_before
        self.speech_started_at = self._due_before = None
        if started is None or due is None or self.unanswered_since is None:
            return
        if now - started <= SHORT_UTTERANCE_S:
            self.response_due_since = due
            return
        paused = started - due
        breath = paused if paused < FILLER_AFTER_S else 0.0  # too short for an answer to be missed
        self.unanswered_since += now - started + breath

    def filler_due(self, now: float) -> bool:
        """Whether the student should be asked for a moment, once per wait."""
        due = self.response_due_since
        return due is not None and not self.filled and now - due > FILLER_AFTER_S

    def unanswered_for(self, now: float) -> float:
        """For how many seconds the student has waited for an answer, their own longer speech left out."""
        if self.unanswered_since is None:
            return 0.0
        if self.speech_started_at is not None and now - self.speech_started_at > SHORT_UTTERANCE_S:
            now = self.speech_started_at
        return max(0.0, now - self.unanswered_since)

    def escalation(self, now: float) -> Escalation | None:
        """What is due now, each step once per wait."""
        waited = self.unanswered_for(now)
        if waited > GIVE_UP_AFTER_S:
            return Escalation.GIVE_UP
        if waited > REPLACE_SESSION_AFTER_S and self._escalated is not Escalation.REPLACE_SESSION:
            self._escalated = Escalation.REPLACE_SESSION
        elif RETRY_RESPONSE_AFTER_S < waited <= REPLACE_SESSION_AFTER_S and self._escalated is None:
            self._escalated = Escalation.RETRY_RESPONSE
        else:
            return None
        return self._escalated

    def media_is_gone(self, stream_ms: int, now: float) -> bool:
        """Whether the stream's own clock has stood still for too long; to be asked at every tick."""
        if stream_ms != self._stream_ms:
            self._stream_ms, self._stream_at = stream_ms, now
        return now - self._stream_at > MEDIA_SILENT_S

    def silent_for(self, busy: bool, now: float) -> float:
        """For how many seconds neither side has spoken or been about to speak; to be asked at every tick."""
        stands_still = now - self._stream_at > STREAM_STANDS_S  # then nobody could be heard
        waits = self.student_speaks or self.response_due_since is not None
        if busy or stands_still or waits or self._busy_at is None:
            self._busy_at = now
        return now - self._busy_at

    def restart(self, now: float) -> None:
        """Somebody is about to speak: the silence is measured from now."""
        self._busy_at = now
