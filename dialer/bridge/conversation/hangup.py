"""How one talk ends, once: after AVA's own goodbye, after a sentence of ours, or at once. Pure.

First the goodbye or the apology is heard, as the carrier's marks say or its clock; then the talk is over; then what the
student said last may still be transcribed for a moment; then it is finished.
"""

from dataclasses import dataclass

from dialer.bridge.conversation.effects import Effect, EndReason, Finish
from dialer.bridge.conversation.playback import Playback
from dialer.bridge.conversation.playback_effects import interrupt, play
from dialer.bridge.conversation.transcript import Transcript
from dialer.bridge.conversation.watchdog import APOLOGY_TIMEOUT_S, VOICEMAIL_MESSAGE_S
from dialer.bridge.prompts.loader import ENGLISH, Clip, Clips

GOODBYE_TIMEOUT_S = 12.0
LATE_TRANSCRIPTS_S = 2.0
MARK_GRACE_MS = 1500
# After these the last words of the student may still be transcribed for a moment.
PATIENT = frozenset(
    {
        EndReason.STUDENT_LEFT,
        EndReason.GOODBYE,
        EndReason.TIME_LIMIT,
        EndReason.STREAM_CUT,
        EndReason.NOBODY,
        EndReason.HUNG_UP,
    }
)


@dataclass(slots=True)
class Hangup:
    """The end of one talk."""

    playback: Playback
    transcript: Transcript
    clips: Clips = ENGLISH
    """Our own sentences, in the language that AVA is speaking."""
    reason: EndReason | None = None
    closing: EndReason | None = None
    """AVA says nothing any more; the talk ends so when our own sentence was heard."""
    goodbye: bool = False
    """AVA's goodbye was asked for."""
    goodbye_sent: bool = False
    _goodbye_by: float = 0.0
    _goodbye_end: EndReason = EndReason.GOODBYE
    _clip: bool = False
    _closing_by: float = 0.0
    _ended_at: float = 0.0
    _finished: bool = False

    @property
    def begun(self) -> bool:
        """Whether AVA is to say nothing any more."""
        return self.closing is not None or self.reason is not None

    @property
    def fallback_goodbye(self) -> tuple[EndReason, Clip]:
        """How the talk ends where AVA's own goodbye does not come, and what is said instead."""
        transfers = self._goodbye_end is EndReason.TRANSFERRED
        return (EndReason.TRANSFERRED, self.clips.moment) if transfers else (EndReason.GOODBYE, self.clips.goodbye)

    def ask_goodbye(self, now: float, end: EndReason = EndReason.GOODBYE) -> None:
        """AVA is to say goodbye; the talk ends as `end`."""
        if not self.goodbye:
            self.goodbye, self._goodbye_by, self._goodbye_end = True, now + GOODBYE_TIMEOUT_S, end

    def goodbye_is_overdue(self, now: float) -> bool:
        """Whether AVA's goodbye has not come in its time."""
        return self.goodbye and not self.goodbye_sent and now > self._goodbye_by

    def close_with_clip(
        self, end: EndReason, clip: Clip | None, now: float, stream_ms: int, *, tell: bool
    ) -> list[Effect]:
        """Silence AVA; end when the clip was heard, without one when its time is up."""
        effects = interrupt(self.playback, self.transcript, stream_ms, tell=tell)
        self.closing, self._clip = end, clip is not None
        self._closing_by = now + (APOLOGY_TIMEOUT_S if clip else VOICEMAIL_MESSAGE_S)
        return effects + (play(clip, self.playback, self.transcript, stream_ms) if clip else [])

    def after_goodbye(self, now: float, stream_ms: int) -> list[Effect]:
        """End the talk if the last words were heard."""
        if self.reason is not None or not (self.goodbye_sent or self._clip):
            return []
        overdue = self.playback.position(stream_ms - MARK_GRACE_MS) >= self.playback.sent
        if not (self.playback.all_confirmed() or overdue):
            return []
        return self.end(self.closing or self._goodbye_end, now, stream_ms)

    def end(self, end: EndReason, now: float, stream_ms: int) -> list[Effect]:
        """End the talk now; of what was playing, only the part that was heard counts."""
        effects: list[Effect] = []
        if self.reason is None:
            self.reason, self._ended_at = end, now
            for cut in self.playback.cut(stream_ms):
                effects += self.transcript.cut(cut.item, cut.heard_ms)
        return effects + (self.tick(now, stream_ms) if end in PATIENT else self._finish())

    def tick(self, now: float, stream_ms: int) -> list[Effect]:
        """The passing of time, once the end has begun."""
        if self.reason is not None:
            waited = now - self._ended_at > LATE_TRANSCRIPTS_S
            return self._finish() if waited or not self.transcript.awaits_transcripts() else []
        assert self.closing is not None
        if now > self._closing_by:
            return self.end(self.closing, now, stream_ms)
        return self.after_goodbye(now, stream_ms)

    def _finish(self) -> list[Effect]:
        if self._finished:
            return []
        self._finished = True
        assert self.reason is not None
        return [*self.transcript.give_up(), Finish(self.reason)]
