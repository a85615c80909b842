"""Telephone sound: G.711 µ-law at 8 kHz and 16-bit PCM, in frames of 20 ms.

Pure and stateless. A µ-law byte is one sample, so `len(ulaw) / 8` is a length in milliseconds. Tables are made once
at import; the encoder equals the reference G.711 code on all 65,536 inputs (protocols/twilio.md §5.3, stack.md).
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]

RATE = 8000
FRAME_MS = 20
FRAME_BYTES = RATE * FRAME_MS // 1000
BYTES_PER_MS = RATE // 1000
SILENCE = 0xFF
SILENCE_FRAME = bytes([SILENCE]) * FRAME_BYTES

SPEECH_LOUDNESS = 400.0
"""Mean absolute sample of a frame, out of 32,000: speech on a phone is louder, a quiet line is not."""

_BIAS = 33
_CLIP = 8159
_SEGMENT_ENDS = np.array([0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF, 0x1FFF], dtype=np.int32)


def _make_encoder() -> NDArray[np.uint8]:
    """Every 16-bit sample, taken as its unsigned bit pattern, to its µ-law byte."""
    samples = np.arange(65536, dtype=np.uint16).astype(np.int16).astype(np.int32) >> 2
    mask = np.where(samples < 0, 0x7F, 0xFF)
    magnitude = np.minimum(np.abs(samples), _CLIP) + _BIAS
    segment = np.searchsorted(_SEGMENT_ENDS, magnitude, side="left")
    code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0F)
    return (np.where(segment >= 8, 0x7F, code) ^ mask).astype(np.uint8)


def _make_decoder() -> Pcm:
    codes = ~np.arange(256, dtype=np.uint8)
    step = ((codes & 0x0F).astype(np.int32) << 3) + 0x84
    magnitude = (step << ((codes & 0x70) >> 4)) - 0x84
    return np.where(codes & 0x80, -magnitude, magnitude).astype(np.int16)


_ENCODE = _make_encoder()
_DECODE = _make_decoder()
_MAGNITUDE = (np.abs(_DECODE.astype(np.int32)) >> 7).astype(np.uint8).tobytes()


def ulaw_encode(pcm: Pcm) -> bytes:
    """16-bit samples to one µ-law byte each."""
    return _ENCODE[pcm.view(np.uint16)].tobytes()


def ulaw_decode(ulaw: bytes) -> Pcm:
    """One 16-bit sample for each µ-law byte."""
    return _DECODE[np.frombuffer(ulaw, dtype=np.uint8)]


def pcm_from_bytes(raw: bytes) -> Pcm:
    """Little-endian PCM16 as samples; an odd last byte is dropped."""
    return np.frombuffer(raw, dtype="<i2", count=len(raw) // 2).astype(np.int16)


def pcm_to_bytes(pcm: Pcm) -> bytes:
    """Samples as little-endian PCM16."""
    return pcm.astype("<i2").tobytes()


def loudness(ulaw: bytes) -> float:
    """Mean absolute sample value of µ-law sound, 0 to about 32,000, coarse: enough to tell speech from hush."""
    if not ulaw or ulaw == SILENCE_FRAME:
        return 0.0
    return sum(ulaw.translate(_MAGNITUDE)) * 128 / len(ulaw)


def duration_ms(ulaw: bytes) -> float:
    """How long µ-law sound plays."""
    return len(ulaw) / BYTES_PER_MS


def frames(ulaw: bytes) -> list[bytes]:
    """Cut into frames of 20 ms, the last one filled up with silence."""
    short = -len(ulaw) % FRAME_BYTES
    whole = ulaw + SILENCE_FRAME[:short] if short else ulaw
    return [whole[at : at + FRAME_BYTES] for at in range(0, len(whole), FRAME_BYTES)]


def resample(pcm: Pcm, rate_in: int, rate_out: int) -> Pcm:
    """Change the sample rate of a whole clip by windowed-sinc interpolation; tones too high for it are cut off.

    Not for a stream in pieces: each end of `pcm` is taken as surrounded by silence.
    """
    if rate_in == rate_out or not len(pcm):
        return pcm
    common = math.gcd(rate_in, rate_out)
    step, phases = rate_in // common, rate_out // common
    kernel = _kernel(step, phases)
    half = kernel.shape[1] // 2
    count = -(-len(pcm) * phases // step)
    padded = np.concatenate([np.zeros(half), pcm, np.zeros(half + 1)])
    out = np.empty(count)
    for start in range(0, count, 8192):
        place = np.arange(start, min(start + 8192, count)) * step
        taps = (place // phases)[:, None] + np.arange(1, 2 * half + 1)
        out[start : start + len(place)] = np.einsum("ij,ij->i", padded[taps], kernel[place % phases])
    return np.clip(np.rint(out), -32768, 32767).astype(np.int16)


@lru_cache(maxsize=16)
def _kernel(step: int, phases: int) -> NDArray[np.float64]:
    """The interpolation weights of every phase: rows of a sinc under a Hann window, each summing to one."""
    cut = min(1.0, phases / step) * 0.94
    half = math.ceil(16 / cut)
    distance = np.arange(1 - half, half + 1)[None, :] - (np.arange(phases) / phases)[:, None]
    window = 0.5 + 0.5 * np.cos(np.pi * np.clip(distance / half, -1, 1))
    weights = np.sinc(distance * cut) * window
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)
