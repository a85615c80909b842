"""Voice activity detection on the audio the client appends, frame by frame (OpenAI Realtime `turn_detection`).

Sans-IO: time advances only with the audio written to the buffer.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dialer.audio import ulaw

_STARTS_AFTER_FRAMES = 3
_EAGERNESS_MS = {"low": 1200, "medium": 700, "auto": 700, "high": 400}


@dataclass(frozen=True, slots=True)
class Started:
    """Speech started; `audio_start_ms` includes the prefix padding."""

    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Speech ended after enough silence; `sound` is the turn with its padding."""

    audio_start_ms: int
    audio_end_ms: int
    sound: bytes


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No speech for `idle_timeout_ms` after the last response had been played."""

    audio_start_ms: int
    audio_end_ms: int


Event = Started | Stopped | TimedOut


class Detector:
    """Turns 20 ms µ-law frames into events. `detection` is the session's `turn_detection`, never null."""

    def __init__(self, detection: Mapping[str, Any], now_ms: int = 0) -> None:
        self._level = 120 + 500 * float(detection.get("threshold", 0.5))
        self._silence_ms = int(
            detection["silence_duration_ms"]
            if detection["type"] == "server_vad"
            else _EAGERNESS_MS[detection["eagerness"]]
        )
        padding = int(detection.get("prefix_padding_ms", 300)) // ulaw.FRAME_MS
        self._before: deque[bytes] = deque(maxlen=padding + _STARTS_AFTER_FRAMES)
        self._idle_ms: int | None = detection.get("idle_timeout_ms")
        self._idle_from: int | None = None
        self._now_ms = now_ms
        self._loud_frames = 0
        self._quiet_ms = 0
        self._start_ms = 0
        self._turn: bytearray | None = None

    @property
    def speaking(self) -> bool:
        """Whether a turn is open."""
        return self._turn is not None

    @property
    def so_far(self) -> bytes:
        """The audio of the open turn with its padding; empty if none is open."""
        return bytes(self._turn or b"")

    @property
    def quiet_ms(self) -> int:
        """The duration of the silence at the end of the open turn."""
        return self._quiet_ms

    def response_over_at(self, ms: int) -> None:
        """Start the idle timeout at `ms` of buffer time, when the last response will have been played."""
        self._idle_from = ms

    def take(self, frame: bytes) -> Event | None:
        """Process one frame."""
        self._now_ms += ulaw.FRAME_MS
        loud = ulaw.loudness(frame) > self._level
        if self._turn is not None:
            return self._extend_turn(frame, loud)
        self._before.append(frame)
        self._loud_frames = self._loud_frames + 1 if loud else 0
        if self._loud_frames >= _STARTS_AFTER_FRAMES:
            self._turn = bytearray(b"".join(self._before))
            self._start_ms = max(0, self._now_ms - len(self._before) * ulaw.FRAME_MS)
            self._before.clear()
            self._quiet_ms = self._loud_frames = 0
            self._idle_from = None
            return Started(self._start_ms)
        if self._idle_ms and self._idle_from is not None and self._now_ms >= self._idle_from + self._idle_ms:
            start, self._idle_from = self._idle_from, None
            return TimedOut(start, self._now_ms)
        return None

    def _extend_turn(self, frame: bytes, loud: bool) -> Event | None:
        assert self._turn is not None
        self._turn += frame
        self._quiet_ms = 0 if loud else self._quiet_ms + ulaw.FRAME_MS
        if self._quiet_ms < max(self._silence_ms, ulaw.FRAME_MS):
            return None
        sound, self._turn = bytes(self._turn), None
        return Stopped(self._start_ms, self._now_ms, sound)
