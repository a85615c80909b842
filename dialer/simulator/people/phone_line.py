"""One student on a phone line, in stream time of 20 ms steps, independent of the carrier's wire format.

The frame clock uses absolute deadlines, so it does not drift. If the machine cannot keep up, stream time pauses instead
of catching up, and the ledger records by how much (`lagged_ms`).
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
"""What ended a media stream."""


async def ticks(clock: Clock, entry: StreamEntry, every_ms: int) -> AsyncIterator[None]:
    """Yield once per `every_ms` of stream time."""
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
    """The phone: its playout buffer, the person holding it, and the ledger of what they heard of AVA."""

    def __init__(self, entry: StreamEntry, person: Callee, speech: Speech) -> None:
        self.entry, self.person = entry, person
        self.playout = Playout(entry.played, entry.cleared)
        self.now_ms = 0
        self.echoes: list[str] = []
        """Marks whose audio was played and that are to be sent back."""
        self._speech = speech
        self._utterance = bytearray()
        self._utterance_at = 0
        self._silent_from: int | None = None

    def step(self) -> str | None:
        """Advance 20 ms: play, listen and speak; return the base64 µ-law frame to send, None for silence."""
        heard = self.playout.play(self.now_ms)
        self.echoes += self.playout.due_marks()
        self._listen(heard)
        payload = self.person.step(self.now_ms, heard)
        if line := self.person.began:
            self.entry.spoken.append(Spoken("student", line.text, self.now_ms, 1.0))
        self.now_ms += ulaw.FRAME_MS
        return payload

    def close(self) -> None:
        """Record AVA's last utterance and sort the spoken entries, at the end of the stream."""
        self.note_utterance()
        self.entry.spoken.sort(key=lambda spoken: spoken.at_ms)

    def _listen(self, heard: bytes) -> None:
        """Buffer AVA's audio until she pauses, then record the words that were heard."""
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
        """End AVA's current utterance and record it."""
        sound = bytes(self._utterance)
        self._utterance.clear()
        self._silent_from = None
        if not sound:
            return
        clips = self._speech.recognise(sound)
        for heard in clips:
            at_ms = self._utterance_at + int(heard.at_ms)
            self.entry.spoken.append(Spoken("ava", heard.clip.text, at_ms, round(heard.fraction, 3)))
        if not clips:
            self.entry.spoken.append(Spoken("ava", "", self._utterance_at, 0.0))
