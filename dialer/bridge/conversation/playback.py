"""What has truly been heard of AVA: from the carrier's marks and the media clock. Pure.

Positions are bytes of µ-law (8 per ms) counted over the whole call. The position being played runs with the media
clock from the last certain point, never past what was sent; a mark that comes back makes a point certain. `cut`
empties the queue; marks of before the cut then come back at once and mean nothing (twilio.md §5.2).
"""

from dataclasses import dataclass, field

from dialer.carriers.parsing import is_count

BYTES_PER_MS = 8
MARK_EVERY = 500 * BYTES_PER_MS


@dataclass(slots=True)
class _Piece:
    item: str
    starts: int
    ends: int


@dataclass(frozen=True, slots=True)
class Cut:
    """An answer that was cut off after its first `heard_ms`."""

    item: str
    heard_ms: int


@dataclass(slots=True)
class Playback:
    """The queue at the carrier, as far as it can be known here."""

    sent: int = 0
    _certain: int = 0
    _certain_at_ms: int = 0
    _generation: int = 0
    _marked: int = 0
    _pieces: list[_Piece] = field(default_factory=list)
    _cut_items: set[str] = field(default_factory=set)

    def add(self, item: str, size: int, now_ms: int) -> bool:
        """Count `size` bytes of an answer as sent; False where the answer was cut and they are not to be sent."""
        if item in self._cut_items:
            return False
        if self.position(now_ms) >= self.sent:  # the carrier was silent: it starts to play now
            self._certain, self._certain_at_ms = self.sent, now_ms
        if self._pieces and self._pieces[-1].item == item:
            self._pieces[-1].ends += size
        else:
            self._pieces.append(_Piece(item, self.sent, self.sent + size))
        self.sent += size
        return True

    def due_mark(self, *, item_ended: bool = False) -> str | None:
        """The name of the mark to send now, if one is due: every half second of audio, and at an answer's end."""
        if self.sent == self._marked or (self.sent - self._marked < MARK_EVERY and not item_ended):
            return None
        self._marked = self.sent
        return f"{self._generation}:{self.sent}"

    def confirm(self, mark: str, now_ms: int) -> None:
        """A mark came back; one of an earlier generation, or not of ours, is ignored."""
        generation, _, position = mark.partition(":")
        if generation != str(self._generation) or not is_count(position):
            return
        if (reached := int(position)) <= self.sent:
            self._certain, self._certain_at_ms = max(self._certain, reached), now_ms

    def position(self, now_ms: int) -> int:
        """The byte being played."""
        return min(self.sent, self._certain + max(0, now_ms - self._certain_at_ms) * BYTES_PER_MS)

    def is_playing(self, now_ms: int) -> bool:
        """Whether the carrier still has something to play."""
        return self.position(now_ms) < self.sent

    def all_confirmed(self) -> bool:
        """Whether the carrier's own marks say that everything sent was played."""
        return self._certain >= self.sent

    def cut(self, now_ms: int) -> tuple[Cut, ...]:
        """Empty the queue: the answers that were not heard whole, and how much of each was."""
        position = self.position(now_ms)
        cuts = tuple(
            Cut(piece.item, max(0, position - piece.starts) // BYTES_PER_MS)
            for piece in self._pieces
            if piece.ends > position
        )
        self._cut_items.update(cut.item for cut in cuts)
        self._generation += 1
        self.sent = self._marked = self._certain = position
        self._certain_at_ms = now_ms
        self._pieces.clear()
        return cuts
