"""Both sides of one talk as one stereo sound, student left, AVA right, as somebody on the line hears it. Pure.

The clock is the carrier's: a frame of the student's ends at its own timestamp, what was not sent is silence. AVA's sound
waits in a queue as it does at the carrier and is played while that clock runs; `clear` empties the queue, and what comes
back as a mark tells how long after us the carrier began to play.
"""

import binascii
from collections import deque

from dialer.audio.ulaw import BYTES_PER_MS, FRAME_BYTES, SILENCE
from dialer.bridge.conversation.effects import SendClear, SendMark
from dialer.carriers.media import MediaFrame, MediaMark

Heard = MediaFrame | MediaMark | SendMark | SendClear | str
"""What passes on the line, in order; a text is sound of AVA's, base64 of µ-law."""
MAX_GAP = 60_000 * BYTES_PER_MS
MAX_LAG = 1_000 * BYTES_PER_MS
NOTICED_LAG = 60 * BYTES_PER_MS
ANSWER_GAP = 300 * BYTES_PER_MS
_QUIET = bytes([SILENCE])


class StereoMixer:
    """The sound of one talk. Until `notice` bytes of AVA's were played, or her first answer was, whole, the student's
    side is silence: nobody is recorded before they could hear that they are.
    """

    def __init__(self, notice: int = 0, at_ms: int = 0) -> None:
        self._left, self._right = bytearray(), bytearray()
        self._clock = at_ms * BYTES_PER_MS
        self._queue: deque[bytes] = deque()
        self._queued = self._given = self._played = self._quiet = 0
        self._marks: deque[list[str | int]] = deque()
        self._lag = self._waits = 0
        self._notice, self._noticed, self._cut = notice, not notice, False

    @property
    def ms(self) -> int:
        """How far the sound reaches, in the stream's own time."""
        return self._clock // BYTES_PER_MS

    def take(self, heard: Heard) -> None:
        """What passed on the line next. What cannot be sound is left out."""
        if isinstance(heard, MediaFrame):
            self._frame(heard)
        elif isinstance(heard, str):
            self._say(heard)
        elif isinstance(heard, SendMark):
            self._marks.append([heard.name, self._given, -1])
        elif isinstance(heard, MediaMark):
            self._mark(heard.name)
        else:
            self._cut = self._cut or not self._noticed
            self._queue.clear()
            self._marks.clear()
            self._given, self._queued, self._waits = self._played, 0, 0

    def drain(self) -> bytes:
        """The sound made since it was last asked for: pairs of bytes, left and right."""
        both = bytearray(2 * len(self._left))
        both[0::2], both[1::2] = self._left, self._right
        self._left.clear()
        self._right.clear()
        return bytes(both)

    def _frame(self, frame: MediaFrame) -> None:
        sound = _sound(frame.payload)
        gap = frame.at_ms * BYTES_PER_MS - len(sound) - self._clock
        if not sound or gap <= -FRAME_BYTES or gap > MAX_GAP:
            return  # heard before, or a clock that is not to be believed
        if gap < FRAME_BYTES:
            gap = 0  # a wire's trembling, not a frame that is missing
        self._left += _QUIET * gap
        self._left += sound if self._noticed else _QUIET * len(sound)
        self._play(gap + len(sound))

    def _say(self, payload: str) -> None:
        sound = _sound(payload)
        if not sound:
            return
        if not self._queued:
            self._waits = self._lag
        self._queue.append(sound)
        self._queued += len(sound)
        self._given += len(sound)

    def _play(self, size: int) -> None:
        """Let the clock run on."""
        self._clock += size
        waits = min(size, self._waits)
        self._waits -= waits
        left = size - waits
        self._right += _QUIET * waits
        while left and self._queue:
            sound = self._queue.popleft()
            if len(sound) > left:
                self._queue.appendleft(sound[left:])
                sound = sound[:left]
            self._right += sound
            left -= len(sound)
            self._queued -= len(sound)
            self._played += len(sound)
        self._right += _QUIET * left
        self._quiet = 0 if self._queued else left + (self._quiet if left == size else 0)
        for mark in self._marks:
            if mark[2] == -1 and int(mark[1]) <= self._played:
                mark[2] = self._clock - (left if not self._queued else 0)
        if not self._noticed and self._played:
            whole = not self._cut and not self._queued and self._quiet >= ANSWER_GAP
            self._noticed = whole or self._played >= self._notice

    def _mark(self, name: str) -> None:
        """All before this mark was played by now: how much later (or sooner) than we thought."""
        while self._marks:
            known, size, reached = self._marks.popleft()
            if known == name:
                late = self._clock - int(reached) if reached != -1 else self._played - int(size)
                if abs(late) >= NOTICED_LAG:
                    self._lag = max(0, min(MAX_LAG, self._lag + late))
                return


def _sound(payload: str) -> bytes:
    try:
        return binascii.a2b_base64(payload)
    except (binascii.Error, ValueError):
        return b""
