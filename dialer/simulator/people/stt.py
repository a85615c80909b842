"""Simulated speech to text over raw audio: resampling to 8 kHz frames, turn detection and recognition.

A student's clip is recognized by its 8 kHz frames, wherever they begin in the stream.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dialer.audio import ulaw as audio
from dialer.simulator.people.speech import Speech
from dialer.simulator.realtime.codec import to_line
from dialer.simulator.realtime.hearing import Understood, understand
from dialer.simulator.realtime.vad import Detector, Event


class SimulatedStt:
    """Turns audio of one encoding and rate into turns. Without `detection` it only buffers the audio.

    `encoding` is `linear16` (little-endian), `mulaw` or `alaw`; `rate` is a whole multiple of 8,000 Hz.
    """

    def __init__(self, speech: Speech, encoding: str, rate: int, detection: Mapping[str, Any] | None) -> None:
        self._speech, self._encoding = speech, encoding
        self._step = rate // audio.RATE
        self._raw = self._left = b""
        self.now_ms = 0
        self.heard = bytearray()
        """Without detection: all audio since this buffer was last emptied."""
        self.detector: Detector | None = None
        if detection is not None:
            self.detect(detection)

    def detect(self, detection: Mapping[str, Any]) -> None:
        """Set the turn detection; an open turn is dropped."""
        self.detector = Detector({"type": "server_vad", **detection}, self.now_ms)

    def append(self, sound: bytes) -> list[Event]:
        """Add audio, in chunks of any length; return the turn events."""
        ulaw = self._left + self._line(sound)
        whole = len(ulaw) - len(ulaw) % audio.FRAME_BYTES
        self._left = ulaw[whole:]
        events = []
        for at in range(0, whole, audio.FRAME_BYTES):
            frame = ulaw[at : at + audio.FRAME_BYTES]
            self.now_ms += audio.FRAME_MS
            if self.detector is None:
                self.heard += frame
            elif (event := self.detector.take(frame)) is not None:
                events.append(event)
        return events

    def understand(self, sound: bytes) -> Understood:
        """Recognize the words of a turn."""
        return understand(self._speech, sound)

    def _line(self, sound: bytes) -> bytes:
        """Convert audio to µ-law at 8 kHz; an incomplete step waits for the next chunk."""
        width = self._step * (2 if self._encoding == "linear16" else 1)
        raw = self._raw + sound
        whole = len(raw) - len(raw) % width
        self._raw = raw[whole:]
        match self._encoding:
            case "linear16":
                pcm = audio.pcm_from_bytes(raw[:whole])[:: self._step]
                return audio.ulaw_encode(np.ascontiguousarray(pcm))
            case "alaw":
                return to_line(raw[: whole : self._step], "audio/pcma")
            case _:
                return raw[: whole : self._step]
