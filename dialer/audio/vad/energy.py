"""Whether somebody is speaking, told from the sound itself: for voices that do not say so. Pure.

Sixty milliseconds louder than a line's noise are the beginning of speech; the pause that the script allows is its end.
"""

import base64
import binascii
from dataclasses import dataclass

from dialer.audio import ulaw

STARTS_MS = 60


@dataclass(slots=True)
class EnergyVad:
    """One student's voice. `silence_ms`: so long a pause ends a turn."""

    silence_ms: int
    speaking: bool = False
    now_ms: float = 0.0
    _loud_ms: float = 0.0
    _quiet_ms: float = 0.0

    def take(self, payload: str) -> bool | None:
        """The next sound, base64 of µ-law: True where speech began with it, False where it ended, None where neither."""
        try:
            sound = base64.b64decode(payload)
        except binascii.Error:
            return None
        size_ms = len(sound) / ulaw.BYTES_PER_MS
        self.now_ms += size_ms
        loud = ulaw.loudness(sound) > ulaw.SPEECH_LOUDNESS
        if self.speaking:
            self._quiet_ms = 0.0 if loud else self._quiet_ms + size_ms
            if self._quiet_ms < self.silence_ms:
                return None
            self.speaking, self._loud_ms = False, 0.0
            return False
        self._loud_ms = self._loud_ms + size_ms if loud else 0.0
        if self._loud_ms < STARTS_MS:
            return None
        self.speaking, self._quiet_ms = True, 0.0
        return True
