"""Whether what is heard while AVA speaks is somebody who wants to speak, or a cough, a door, the "hello?" of an answer. Pure.

The voice only says that sound began. What it is, the sound of the last moments tells: enough of it louder than a line's
noise cuts AVA off; less does not, and the answer that the voice gives to it of its own accord is not wanted either.
"""

import base64
import binascii
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from dialer.audio import ulaw

LOOKBACK_FRAMES = 20


@dataclass(frozen=True, slots=True)
class InterruptionPolicy:
    """How a script lets itself be interrupted. The defaults: by anything, at any time."""

    min_speech_ms: int = 0
    protected_opening_ms: int = 0
    """So much of the opening is said whole."""
    idle_prompt_after_s: float = 10.0
    """How long nobody speaks before AVA asks whether anybody is there."""


@dataclass(slots=True)
class InterruptionDetector:
    """The sound of the last moments, and what is thought of it."""

    policy: InterruptionPolicy
    pending: bool = False
    """Something is heard while AVA speaks, and not yet taken for speech."""
    _ignores: bool = False
    _frames: deque[str] = field(default_factory=lambda: deque(maxlen=LOOKBACK_FRAMES))

    @property
    def sound(self) -> Callable[[str], None]:
        """Where sound of the student's goes, base64 of µ-law: 20 ms of it, or as much as the carrier sends at once."""
        return self._frames.append

    def on_speech_start(self, *, protected: bool) -> bool:
        """Sound began while AVA speaks: whether it cuts her off now."""
        self._ignores = False
        self.pending = not self.confirm(protected=protected)
        return not self.pending

    def confirm(self, *, protected: bool) -> bool:
        """Whether by now enough was heard to cut her off."""
        if protected or self._loud_ms() < self.policy.min_speech_ms:
            return False
        self.pending = False
        return True

    def on_speech_end(self, *, spoke_over: bool) -> bool:
        """The sound ended; False where it was none to be answered."""
        was_speech = not (self.pending and spoke_over)
        self.pending, self._ignores = False, not was_speech
        return was_speech

    def ignores_response(self) -> bool:
        """Whether the answer that begins now, unasked for, is to what was no speech; asked once."""
        ignores, self._ignores = self._ignores, False
        return ignores

    def _loud_ms(self) -> int:
        if not self.policy.min_speech_ms:
            return 0
        loud, left = 0, LOOKBACK_FRAMES
        for payload in reversed(self._frames):
            frames = _frames(payload)[-left:]
            loud += sum(ulaw.FRAME_MS for frame in frames if ulaw.loudness(frame) > ulaw.SPEECH_LOUDNESS)
            left -= len(frames)
            if left <= 0:
                break
        return loud


def _frames(payload: str) -> list[bytes]:
    """The frames of 20 ms in a carrier's message, which may hold several."""
    try:
        return ulaw.frames(base64.b64decode(payload))
    except binascii.Error:
        return []
