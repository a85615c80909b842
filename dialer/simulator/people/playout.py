"""The carrier's playout buffer: queued audio and marks, played in stream time (see Twilio Media Streams)."""

from collections import deque
from dataclasses import dataclass, field

from dialer.audio import ulaw as audio
from dialer.simulator.ledger import Cleared, Play

MAX_BYTES = 10 * 60 * audio.RATE


@dataclass(slots=True)
class Playout:
    """Sans-IO. Bytes are counted from the start of the stream; a mark is due once all bytes before it are played."""

    played: list[Play] = field(default_factory=list)
    cleared: list[Cleared] = field(default_factory=list)
    _sound: bytearray = field(default_factory=bytearray)
    _given: int = 0
    _done: int = 0
    _marks: deque[tuple[int, str]] = field(default_factory=deque)

    def give(self, ulaw: bytes) -> bool:
        """Queue audio; return False if it does not fit and is dropped (Twilio warning 31930)."""
        if len(self._sound) + len(ulaw) > MAX_BYTES:
            return False
        self._sound += ulaw
        self._given += len(ulaw)
        return True

    def mark(self, name: str) -> None:
        """Queue a mark behind the audio so far."""
        self._marks.append((self._given, name))

    def clear(self, now_ms: int) -> list[str]:
        """Discard unplayed audio; return all pending marks."""
        marks = [name for _, name in self._marks]
        self.cleared.append(Cleared(now_ms, len(self._sound), marks))
        self._done += len(self._sound)
        self._sound.clear()
        self._marks.clear()
        return marks

    def play(self, now_ms: int) -> bytes:
        """Remove and return the next 20 ms, or less at the end."""
        if not self._sound:
            return b""
        heard = bytes(self._sound[: audio.FRAME_BYTES])
        del self._sound[: audio.FRAME_BYTES]
        self._done += len(heard)
        last = self.played[-1] if self.played else None
        if last is not None and last.end_ms == now_ms:
            last.end_ms += audio.FRAME_MS
            last.bytes += len(heard)
        else:
            self.played.append(Play(now_ms, now_ms + audio.FRAME_MS, len(heard)))
        return heard

    def due_marks(self) -> list[str]:
        """Remove and return the marks whose audio has been played."""
        due: list[str] = []
        while self._marks and self._marks[0][0] <= self._done:
            due.append(self._marks.popleft()[1])
        return due

    @property
    def empty(self) -> bool:
        """Whether no audio is queued."""
        return not self._sound
