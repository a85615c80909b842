"""The sound of an answer in the order of its sentences, whichever of two in the making comes first. Pure."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class AudioQueue:
    """Sentences by their numbers, upwards from `current`."""

    current: int
    _waiting: dict[int, bytearray] = field(default_factory=dict)
    _done: set[int] = field(default_factory=set)

    def sound(self, sentence: int, ulaw: bytes) -> list[tuple[int, bytes]]:
        """Sound came: what of all sound may be heard now."""
        if sentence == self.current:
            return [(sentence, ulaw)]
        if sentence > self.current:
            self._waiting.setdefault(sentence, bytearray()).extend(ulaw)
        return []

    def done(self, sentence: int) -> list[tuple[int, bytes]]:
        """A sentence is whole: what may be heard now of those after it."""
        self._done.add(sentence)
        ready: list[tuple[int, bytes]] = []
        while self.current in self._done:
            self._done.discard(self.current)
            self.current += 1
            if waited := self._waiting.pop(self.current, None):
                ready.append((self.current, bytes(waited)))
        return ready
