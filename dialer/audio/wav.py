"""A WAV file of telephone sound: µ-law at 8 kHz, two channels, the left one first in every pair of bytes.

Pure. Format tag 7 needs no codec, is played by browsers and editors, and takes a megabyte a minute. Its `fmt ` chunk has
the two bytes for an extension that every format but plain PCM has, and a `fact` chunk says how long it is.
"""

import struct

from dialer.audio.ulaw import RATE

MULAW = 7
CHANNELS = 2
BYTES_PER_MS = RATE * CHANNELS // 1000
_HEAD = struct.Struct("<4sI4s4sIHHIIHHH4sII4sI")
HEAD_BYTES = _HEAD.size
MAX_DATA_BYTES = 2**32 - 1 - HEAD_BYTES


def head(data_bytes: int) -> bytes:
    """The bytes before so much sound."""
    return _HEAD.pack(
        *(b"RIFF", HEAD_BYTES - 8 + data_bytes, b"WAVE"),
        *(b"fmt ", 18, MULAW, CHANNELS, RATE, RATE * CHANNELS, CHANNELS, 8, 0),
        *(b"fact", 4, data_bytes // CHANNELS),
        *(b"data", data_bytes),
    )
