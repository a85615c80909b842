"""What Gemini Live hears: PCM at the rate that is named, cut into turns, understood (gemini-live.md §1).

A student's clip is known by its frames at 8 kHz. Wherever the line's frames begin in the stream is found once, by trying.
"""

from collections.abc import Mapping
from typing import Any

from dialer import audio
from dialer.simulator.realtime.hearing import Understood, understand
from dialer.simulator.realtime.vad import Detector, Event
from dialer.simulator.speech import Speech

RATE = 16_000


class Ear:
    """Takes 16 kHz sound; gives turns."""

    def __init__(self, speech: Speech, detection: Mapping[str, Any]) -> None:
        self._speech = speech
        self._left = b""
        self._offset = 0
        self.now_ms = 0
        self.detector = Detector(
            {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": detection.get("prefixPaddingMs", 100),
                "silence_duration_ms": detection.get("silenceDurationMs", 500),
            }
        )

    def append(self, sound: bytes) -> list[Event]:
        """Add sound, little-endian PCM16 at 16 kHz."""
        ulaw = self._left + audio.ulaw_encode(audio.pcm_from_bytes(sound)[0::2])
        whole = len(ulaw) - len(ulaw) % audio.FRAME_BYTES
        self._left = ulaw[whole:]
        events = []
        for at in range(0, whole, audio.FRAME_BYTES):
            self.now_ms += audio.FRAME_MS
            if (event := self.detector.take(ulaw[at : at + audio.FRAME_BYTES])) is not None:
                events.append(event)
        return events

    def understand(self, sound: bytes) -> Understood:
        """What was said in a turn."""
        for offset in (self._offset, *range(audio.FRAME_BYTES)):
            found = understand(self._speech, sound[offset:])
            if found.transcript or found.echo:
                self._offset = offset
                return found
        return understand(self._speech, sound)
