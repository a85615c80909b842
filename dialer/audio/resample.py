"""Sample rates of a sound that comes in pieces: telephone sound up to 16 kHz, a voice's 24 kHz down to the telephone.

Pure, with a memory of a few samples. Each holds back less than two milliseconds of sound (a kept library, soxr, holds back
40 to 60). Going up keeps every sample as it came, so that going down again gives the same sound to the last bit.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dialer.audio.ulaw import Pcm

_HALF = 8
"""Samples on each side of a new one that shape it, when going up."""
_TAPS = 72
"""Samples under the low pass, when going down."""
_CUT = 0.90
Floats = NDArray[np.float64]


class Upsampler:
    """8 kHz to 16 kHz: between each two samples comes a new one, from eight on each side."""

    def __init__(self) -> None:
        self._past = np.zeros(2 * _HALF - 1)

    def take(self, pcm: Pcm) -> Pcm:
        """The next piece; twice as many samples, a millisecond late."""
        if not len(pcm):
            return pcm
        line = np.concatenate([self._past, pcm])
        self._past = line[-(2 * _HALF - 1) :]
        made = np.empty(2 * len(pcm))
        made[0::2] = line[_HALF - 1 : _HALF - 1 + len(pcm)]
        made[1::2] = np.convolve(line, _between(), mode="valid")
        return _rounded(made)


class Downsampler:
    """24 kHz to 8 kHz: every third sample of what a low pass lets through."""

    def __init__(self) -> None:
        self._past = np.zeros(_TAPS - 1)
        self._skip = 0

    def take(self, pcm: Pcm) -> Pcm:
        """The next piece, of any length; a third as many samples, a millisecond and a half late."""
        if not len(pcm):
            return pcm
        line = np.concatenate([self._past, pcm])
        self._past = line[-(_TAPS - 1) :]
        made = np.convolve(line, _low_pass(), mode="valid")[self._skip :: 3]
        self._skip = (self._skip - len(pcm)) % 3
        return _rounded(made)


def _rounded(samples: Floats) -> Pcm:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


@cache
def _between() -> Floats:
    """The weights of the samples around a point half-way between two of them: a sinc under a Hann window."""
    place = np.arange(_HALF) + 0.5
    half = np.sinc(place) * (0.5 + 0.5 * np.cos(np.pi * place / (_HALF + 0.5)))
    weights = np.concatenate([half[::-1], half])
    return np.asarray(weights / weights.sum())


@cache
def _low_pass() -> Floats:
    """A low pass below 4 kHz at 24 kHz, under a Hann window."""
    place = np.arange(_TAPS) - (_TAPS - 1) / 2
    weights = np.sinc(place * _CUT / 3) * np.hanning(_TAPS + 2)[1:-1]
    return np.asarray(weights / weights.sum())
