"""When the student speaks, told from the sound itself by WebRTC's voice activity detector. Pure.

Speech begins with `STARTS_MS` of it within a moment and ends with the pause that the script allows. A transcriber gets
the sound of a turn from a little before its beginning (the script's prefix) until its end, and nothing between turns.
"""

from collections import deque
from dataclasses import dataclass

import webrtcvad

from dialer.audio import ulaw as audio

STARTS_MS = 60
WINDOW_MS = 100
"""The speech that begins a turn stands within so much sound."""


@dataclass(frozen=True, slots=True)
class VadResult:
    """What came of sound: what a transcriber is to be given, and whether a turn began or ended by it."""

    sound: bytes = b""
    began: bool = False
    ended: bool = False


class WebRtcVad:
    """One student's sound. `threshold` is the script's, 0 to 1: the higher, the surer the detector is to be."""

    def __init__(self, threshold: float, prefix_ms: int, silence_ms: int) -> None:
        self._vad = webrtcvad.Vad(max(0, min(3, round(threshold * 4 - 0.5))))
        self._silence_ms = silence_ms
        self.speaking = False
        self.end_ms = 0
        """Where in the sound the turn that ended last fell silent."""
        self._now_ms = 0
        self._rest = b""
        self._quiet_ms = 0
        self._lately: deque[bool] = deque(maxlen=WINDOW_MS // audio.FRAME_MS)
        self._before: deque[bytes] = deque(maxlen=max(1, (prefix_ms + WINDOW_MS) // audio.FRAME_MS))

    def take(self, ulaw: bytes) -> VadResult:
        """The next sound, of any length; what is less than a frame waits for the rest of it."""
        whole = self._rest + ulaw
        sound, began, ended = bytearray(), False, False
        for at in range(0, len(whole) - audio.FRAME_BYTES + 1, audio.FRAME_BYTES):
            frame = whole[at : at + audio.FRAME_BYTES]
            change = self._frame(frame)
            if change is True:
                began = True
                sound += b"".join(self._before)
                self._before.clear()
            elif self.speaking or change is False:
                sound += frame
            if change is False:
                ended = True
        self._rest = whole[len(whole) - len(whole) % audio.FRAME_BYTES :]
        return VadResult(bytes(sound), began, ended)

    def _frame(self, frame: bytes) -> bool | None:
        """One frame: True where a turn began with it, False where one ended, None where neither."""
        self._now_ms += audio.FRAME_MS
        loud = self._is_speech(frame)
        if self.speaking:
            self._quiet_ms = 0 if loud else self._quiet_ms + audio.FRAME_MS
            if self._quiet_ms < self._silence_ms:
                return None
            self.speaking, self.end_ms = False, self._now_ms - self._quiet_ms
            self._lately.clear()
            return False
        self._before.append(frame)
        self._lately.append(loud)
        if sum(self._lately) * audio.FRAME_MS < STARTS_MS:
            return None
        self.speaking, self._quiet_ms = True, 0
        return True

    def _is_speech(self, frame: bytes) -> bool:
        if frame == audio.SILENCE_FRAME:
            return False
        return bool(self._vad.is_speech(audio.pcm_to_bytes(audio.ulaw_decode(frame)), audio.RATE))
