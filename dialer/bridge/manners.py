"""How long a talk may leave somebody waiting, and for whom. Pure: the caller passes the time in.

Somebody on the phone takes two seconds of silence for a dead line, and a machine that asks them to hold for longer than
a few seconds for one that does not work (reliability.md F45, F48). `now` is seconds of a monotonic clock.
"""

from dataclasses import dataclass

FILLER_AFTER_S = 2.0
SILENT_VOICE_S = 7.0
MEDIA_SILENT_S = 30.0
STREAM_STANDS_S = 1.0
APOLOGY_WITHIN_S = 2.85
REDIAL_WITHIN_S = 5.0
MACHINE_MESSAGE_S = 30.0
MOST_REDIALS = 1


@dataclass(slots=True)
class Patience:
    """Since when who has been waited for."""

    owed_since: float | None = None
    """The student waits for an answer since then."""
    voice_at: float = 0.0
    """The voice gave its last sign of life then."""
    filled: bool = False
    """The student was asked for a moment's patience."""
    speaks: bool = False
    """The student is speaking."""
    asked: bool = False
    """AVA asked whether anybody is there, and nothing was said since."""
    _stream_ms: int = -1
    _stream_at: float = 0.0
    _busy_at: float | None = None

    def owe(self, now: float) -> None:
        """An answer is due."""
        self.voice_at = now
        if self.owed_since is None:
            self.owed_since = now

    def paid(self) -> None:
        """The student hears the answer, or waits for none any more."""
        self.owed_since, self.filled = None, False

    def wants_filler(self, now: float) -> bool:
        """Whether the student should be asked for a moment, once for an answer."""
        return self.owed_since is not None and not self.filled and now - self.owed_since > FILLER_AFTER_S

    def voice_is_silent(self, now: float) -> bool:
        """Whether an answer is due from a voice that gives no sign of life."""
        return self.owed_since is not None and now - self.voice_at > SILENT_VOICE_S

    def media_is_gone(self, stream_ms: int, now: float) -> bool:
        """Whether the stream's own clock has stood still for too long; to be asked at every tick."""
        if stream_ms != self._stream_ms:
            self._stream_ms, self._stream_at = stream_ms, now
        return now - self._stream_at > MEDIA_SILENT_S

    def silent_for(self, busy: bool, now: float) -> float:
        """For how many seconds nobody has spoken or been about to speak; to be asked at every tick."""
        stands_still = now - self._stream_at > STREAM_STANDS_S  # then nobody could be heard
        if busy or stands_still or self.speaks or self.owed_since is not None or self._busy_at is None:
            self._busy_at = now
        return now - self._busy_at

    def restart(self, now: float) -> None:
        """Somebody is about to speak: the silence counts anew."""
        self._busy_at = now
