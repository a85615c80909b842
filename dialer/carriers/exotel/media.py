"""Exotel's Voicebot socket, message by message (exotel.md §4). Bytes in, events out, and back; one of these per stream.

Exotel speaks 16-bit PCM in messages of about 100 ms, and takes it in multiples of 320 bytes, at least 3200 at a time
(§4.3). So sound is collected here: whole pieces leave at once, the rest with the utterance's end, filled up to 320 bytes
with silence. A mark is sent behind all the sound that was given before it, never ahead of it. Every key is read in both
of its spellings, and every number as text or number (§7).
"""

import binascii
from collections import deque
from typing import Any

import msgspec

from dialer.audio import ulaw
from dialer.carriers.media import (
    MediaConnected,
    MediaDecodeError,
    MediaDigit,
    MediaEvent,
    MediaFrame,
    MediaIgnored,
    MediaMark,
    MediaStarted,
    MediaStopped,
    Send,
)
from dialer.carriers.parsing import is_count

RATE = 8000
PCM_BYTES_PER_MS = 16
UNIT_BYTES = 320
PIECE_BYTES = 3200
LAW_WORDS = ("mulaw", "mu-law", "ulaw", "pcmu")

Number = str | int | float | None


# Each key in both of its spellings; `other_` is the one that is read only where the first is not there.
class _Format(msgspec.Struct, gc=False):
    encoding: str = ""
    sample_rate: Number = None
    other_sample_rate: Number = msgspec.field(default=None, name="sampleRate")


class _Start(msgspec.Struct, gc=False):
    stream_sid: str = ""
    other_stream_sid: str = msgspec.field(default="", name="streamSid")
    call_sid: str = ""
    other_call_sid: str = msgspec.field(default="", name="callSid")
    custom_parameters: Any = None
    other_custom_parameters: Any = msgspec.field(default=None, name="customParameters")
    media_format: _Format | None = None
    other_media_format: _Format | None = msgspec.field(default=None, name="mediaFormat")


class _Media(msgspec.Struct, gc=False):
    payload: str
    timestamp: Number = None


class _Named(msgspec.Struct, gc=False):
    name: str = ""


class _Digit(msgspec.Struct, gc=False):
    digit: str | int = ""


class _Stop(msgspec.Struct, gc=False):
    reason: str | None = None


class _Message(msgspec.Struct, gc=False):
    event: str
    stream_sid: str = ""
    other_stream_sid: str = msgspec.field(default="", name="streamSid")
    start: _Start | None = None
    media: _Media | None = None
    mark: _Named | None = None
    dtmf: _Digit | None = None
    stop: _Stop | None = None


_decode = msgspec.json.Decoder(_Message).decode
_encode = msgspec.json.Encoder().encode


class ExotelMedia:
    """The codec of one stream."""

    carrier = "exotel"

    def __init__(self) -> None:
        self._heard_ms = 0
        self._sound = bytearray()
        self._given = self._sent = 0
        self._marks: deque[tuple[int, str]] = deque()
        self._sequence = self._chunk = 0

    @property
    def waits(self) -> bool:
        """Whether less than a whole piece, or a mark behind it, is still here."""
        return bool(self._sound or self._marks)

    def decode(self, frame: bytes | memoryview) -> MediaEvent:
        """Read one message from Exotel.

        Raises:
            MediaDecodeError: not JSON, not of a documented shape, or sound that is not 16-bit PCM at 8 kHz.
        """
        try:
            message = _decode(frame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MediaDecodeError(str(error)) from error
        match message.event:
            case "media" if message.media:
                return self._media(message.media)
            case "start" if message.start:
                return _started(message, message.start)
            case "mark" if message.mark:
                return MediaMark(message.mark.name)
            case "dtmf" if message.dtmf:
                return MediaDigit(str(message.dtmf.digit))
            case "stop":
                return MediaStopped((message.stop.reason if message.stop else None) or "stop")
            case "connected":
                return MediaConnected()
            case "media" | "start" | "mark" | "dtmf":
                raise MediaDecodeError(f"{message.event} without its object")
            case other:
                return MediaIgnored(other)

    def _media(self, media: _Media) -> MediaFrame:
        try:
            pcm = ulaw.pcm_from_bytes(binascii.a2b_base64(media.payload, strict_mode=True))
        except (binascii.Error, ValueError) as error:
            raise MediaDecodeError("a payload that is not base64") from error
        self._heard_ms += len(pcm) * 1000 // RATE
        if media.timestamp is not None:
            self._heard_ms = _count(media.timestamp, "timestamp")
        payload = binascii.b2a_base64(ulaw.ulaw_encode(pcm), newline=False).decode()
        return MediaFrame(payload, self._heard_ms)

    def encode_audio(self, stream_sid: str, payload: str, send: Send) -> None:
        """Sound to be played, in pieces of 200 ms: as many as are full by now."""
        pcm = ulaw.pcm_to_bytes(ulaw.ulaw_decode(binascii.a2b_base64(payload)))
        self._sound += pcm
        self._given += len(pcm)
        while len(self._sound) >= PIECE_BYTES:
            piece = bytes(self._sound[:PIECE_BYTES])
            del self._sound[:PIECE_BYTES]
            self._send_piece(stream_sid, piece, send)

    def encode_mark(self, stream_sid: str, name: str, send: Send, *, ends: bool = False) -> None:
        """A mark, sent as soon as all sound that was given before it has been."""
        self._marks.append((self._given, name))
        if ends:
            self.flush(stream_sid, send)
        else:
            self._send_marks(stream_sid, send)

    def encode_clear(self, stream_sid: str, send: Send) -> None:
        """Drop what is queued. Whether Exotel then returns the pending marks is not known (§4.5): they are forgotten."""
        self._sound.clear()
        self._marks.clear()
        self._given = self._sent
        self._sequence += 1
        send(_encode({"event": "clear", "stream_sid": stream_sid, "sequence_number": str(self._sequence)}))

    def flush(self, stream_sid: str, send: Send) -> None:
        """Send what waits, filled up with silence to a multiple of 320 bytes, and the marks behind it."""
        if self._sound:
            short = -len(self._sound) % UNIT_BYTES
            piece = bytes(self._sound) + b"\0" * short
            self._sound.clear()
            self._given += short
            self._send_piece(stream_sid, piece, send)
        self._send_marks(stream_sid, send, everything=True)

    def _send_piece(self, stream_sid: str, piece: bytes, send: Send) -> None:
        self._sequence += 1
        self._chunk += 1
        media = {
            "chunk": str(self._chunk),
            "timestamp": str(self._sent // PCM_BYTES_PER_MS),
            "payload": binascii.b2a_base64(piece, newline=False).decode(),
        }
        self._sent += len(piece)
        number = str(self._sequence)
        send(_encode({"event": "media", "stream_sid": stream_sid, "sequence_number": number, "media": media}))
        self._send_marks(stream_sid, send)

    def _send_marks(self, stream_sid: str, send: Send, *, everything: bool = False) -> None:
        while self._marks and (everything or self._marks[0][0] <= self._sent):
            name = self._marks.popleft()[1]
            self._sequence += 1
            number = str(self._sequence)
            send(
                _encode({"event": "mark", "stream_sid": stream_sid, "sequence_number": number, "mark": {"name": name}})
            )


def _started(message: _Message, start: _Start) -> MediaStarted:
    stream_sid = message.stream_sid or message.other_stream_sid or start.stream_sid or start.other_stream_sid
    call_sid = start.call_sid or start.other_call_sid
    if not stream_sid or not call_sid:
        raise MediaDecodeError("start without the ids of its stream and call")
    shape = start.media_format or start.other_media_format or _Format()
    rate = shape.sample_rate if shape.sample_rate is not None else shape.other_sample_rate
    if (rate is not None and _count(rate, "sample rate") != RATE) or any(
        word in shape.encoding.lower() for word in LAW_WORDS
    ):
        raise MediaDecodeError(f"audio of {shape.encoding} at {rate} Hz is not what was agreed")
    told = start.custom_parameters if start.custom_parameters is not None else start.other_custom_parameters
    parameters = {str(name): str(value) for name, value in told.items()} if isinstance(told, dict) else {}
    return MediaStarted(stream_sid, call_sid, parameters)


def _count(said: Number, what: str) -> int:
    """A whole number, told as a number or as text, with or without a unit behind it."""
    text = str(int(said)) if isinstance(said, float) and said.is_integer() else str(said).strip()
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
    if not is_count(digits):
        raise MediaDecodeError(f"a {what} that is no number: {text[:20]!r}")
    return int(digits)
