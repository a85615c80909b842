"""One student on one telephone line, in stream time, whatever the carrier's wire: 20 ms after 20 ms.

The frame clock has absolute deadlines, so it does not drift. Where the machine cannot keep up, stream time stands still
rather than hurry after it, and the ledger says by how much.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Literal

from dialer.audio import ulaw
from dialer.simulator.clock import Clock
from dialer.simulator.ledger import Spoken, StreamEntry
from dialer.simulator.people.callee import Callee
from dialer.simulator.people.playout import Playout
from dialer.simulator.people.speech import Speech

_MAX_LAG_S = 0.5
_MIN_WAIT_S = 0.004
_UTTERANCE_GAP_MS = 400

End = Literal["refused", "server", "call", "person", "dropped"]
"""Who ended a media stream."""


async def ticks(clock: Clock, entry: StreamEntry, every_ms: int) -> AsyncIterator[None]:
    """Wake whenever so much more stream time has passed."""
    interval = clock.real(every_ms / 1000)
    deadline = time.monotonic()
    while True:
        deadline += interval
        ahead = deadline - time.monotonic()
        if ahead >= _MIN_WAIT_S:
            await asyncio.sleep(ahead)
        elif ahead < -_MAX_LAG_S:
            entry.lagged_ms -= ahead * 1000 * clock.speed
            deadline -= ahead
            await asyncio.sleep(0)
        elif ahead < 0:
            await asyncio.sleep(0)
        yield


class PhoneLine:
    """The play-out at the phone, who holds it, and what of AVA was heard there."""

    def __init__(self, entry: StreamEntry, person: Callee, speech: Speech) -> None:
        self.entry, self.person = entry, person
        self.playout = Playout(entry.played, entry.cleared)
        self.now_ms = 0
        self.echoes: list[str] = []
        """Marks whose sound was played, to be sent back."""
        self._speech = speech
        self._utterance = bytearray()
        self._utterance_at = 0
        self._silent_from: int | None = None

    def step(self) -> str | None:
        """20 ms: play, listen, speak. The base64 µ-law frame to say, None for silence."""
        heard = self.playout.play(self.now_ms)
        self.echoes += self.playout.due_marks()
        self._listen(heard)
        payload = self.person.step(self.now_ms, heard)
        if line := self.person.began:
            self.entry.spoken.append(Spoken("student", line.text, self.now_ms, 1.0))
        self.now_ms += ulaw.FRAME_MS
        return payload

    def close(self) -> None:
        """The stream is over: what was heard last is noted, and all of it put in order."""
        self.note_utterance()
        self.entry.spoken.sort(key=lambda spoken: spoken.at_ms)

    def _listen(self, heard: bytes) -> None:
        """Keep what AVA says until she pauses, then note her words as far as they were heard."""
        if ulaw.loudness(heard) > 0:
            if not self._utterance:
                self._utterance_at = self.now_ms
            self._silent_from = None
        elif not self._utterance:
            return None
        elif self._silent_from is None:
            self._silent_from = self.now_ms
        elif self.now_ms - self._silent_from >= _UTTERANCE_GAP_MS:
            return self.note_utterance()
        self._utterance += heard
        return None

    def note_utterance(self) -> None:
        """What AVA said until now is one utterance."""
        sound = bytes(self._utterance)
        self._utterance.clear()
        self._silent_from = None
        if not sound:
            return
        found = self._speech.recognise(sound)
        for heard in found:
            at_ms = self._utterance_at + int(heard.at_ms)
            self.entry.spoken.append(Spoken("ava", heard.clip.text, at_ms, round(heard.fraction, 3)))
        if not found:
            self.entry.spoken.append(Spoken("ava", "", self._utterance_at, 0.0))
