"""Converts between the phone line's µ-law and the three audio formats of OpenAI Realtime sessions."""

import numpy as np

from dialer.audio import ulaw as audio

FRAME_BYTES = {"audio/pcm": 960, "audio/pcmu": 160, "audio/pcma": 160}


def _alaw_table() -> audio.Pcm:
    codes = np.arange(256, dtype=np.int32) ^ 0x55
    step, segment = (codes & 0x0F) << 4, (codes & 0x70) >> 4
    magnitude = np.where(segment == 0, step + 8, (step + 0x108) << np.maximum(segment - 1, 0))
    return np.where(codes & 0x80, magnitude, -magnitude).astype(np.int16)


_ALAW = _alaw_table()
_ALAW_ORDER = np.argsort(_ALAW).astype(np.uint8)
_ALAW_SORTED = _ALAW[_ALAW_ORDER].astype(np.int32)


def to_line(sound: bytes, kind: str) -> bytes:
    """Convert audio in a session's input format to µ-law. Audio in a different format becomes noise."""
    match kind:
        case "audio/pcmu":
            return sound
        case "audio/pcma":
            return audio.ulaw_encode(_ALAW[np.frombuffer(sound, dtype=np.uint8)])
        case _:
            return audio.ulaw_encode(np.ascontiguousarray(audio.pcm_from_bytes(sound)[::3]))


def from_line(ulaw: bytes, kind: str) -> bytes:
    """Convert µ-law to a session's output format."""
    match kind:
        case "audio/pcmu":
            return ulaw
        case "audio/pcma":
            samples = audio.ulaw_decode(ulaw).astype(np.int32)
            above = np.clip(np.searchsorted(_ALAW_SORTED, samples), 1, 255)
            nearer_below = samples - _ALAW_SORTED[above - 1] < _ALAW_SORTED[above] - samples
            return _ALAW_ORDER[np.where(nearer_below, above - 1, above)].tobytes()
        case _:
            return audio.pcm_to_bytes(audio.resample(audio.ulaw_decode(ulaw), audio.RATE, 24000))


def bytes_per_ms(kind: str) -> int:
    """Return the bytes per millisecond of a format."""
    return FRAME_BYTES[kind] // audio.FRAME_MS
