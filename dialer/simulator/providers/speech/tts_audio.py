"""Simulated TTS audio in the providers' formats, from clips that the simulator's speech recognition knows."""

import struct
from collections.abc import Iterator

from dialer.audio import ulaw
from dialer.simulator.people.speech import AVA_VOICE, Clip, Speech
from dialer.simulator.realtime.codec import from_line

PIECE_MS = 200


async def synthesize(speech: Speech, text: str) -> Clip:
    """Synthesize a text in AVA's voice."""
    return await speech.speak(text, AVA_VOICE)


def encode_audio(clip: Clip, encoding: str, rate: int) -> bytes:
    """Encode a clip as `mulaw`, `alaw` or `linear16` (little-endian) at `rate` Hz."""
    pcm = ulaw.resample(ulaw.ulaw_decode(clip.ulaw), ulaw.RATE, rate)
    match encoding:
        case "linear16":
            return ulaw.pcm_to_bytes(pcm)
        case "alaw":
            return from_line(ulaw.ulaw_encode(pcm), "audio/pcma")
        case _:
            return clip.ulaw if rate == ulaw.RATE else ulaw.ulaw_encode(pcm)


def bytes_per_ms(encoding: str, rate: int) -> int:
    """Return the bytes per millisecond, rounded down (at 22,050 and 44,100 Hz it is not an integer)."""
    return rate * (2 if encoding == "linear16" else 1) // 1000


def pieces_of(sound: bytes, encoding: str, rate: int) -> Iterator[bytes]:
    """Yield audio in chunks of 200 ms, each of whole samples."""
    size = rate * PIECE_MS // 1000 * (2 if encoding == "linear16" else 1)
    for at in range(0, len(sound), size):
        yield sound[at : at + size]


def wav_header(encoding: str, rate: int, length: int) -> bytes:
    """Return the 44-byte header of a WAV file."""
    kind, width = {"linear16": (1, 2), "mulaw": (7, 1), "alaw": (6, 1)}[encoding]
    form = struct.pack("<HHIIHH", kind, 1, rate, rate * width, width, width * 8)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + length)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", length)
    )
