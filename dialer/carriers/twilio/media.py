"""Twilio Media Streams, message by message (twilio.md §5). Pure: bytes in, events out, and back.

Each message type is parsed on its own, and `streamSid` is only ever read at the top level: `stop` has none inside.
"""

import msgspec

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


class _MediaFormat(msgspec.Struct, rename="camel", gc=False):
    encoding: str = ""
    sample_rate: int = 0
    channels: int = 0


class _Start(msgspec.Struct, rename="camel", gc=False):
    call_sid: str
    media_format: _MediaFormat
    custom_parameters: dict[str, str] = {}


class _Media(msgspec.Struct, gc=False):
    payload: str
    timestamp: str = "0"
    track: str = "inbound"


class _Named(msgspec.Struct, gc=False):
    name: str = ""


class _Digit(msgspec.Struct, gc=False):
    digit: str = ""


class _Message(msgspec.Struct, rename="camel", gc=False):
    event: str
    stream_sid: str = ""
    start: _Start | None = None
    media: _Media | None = None
    mark: _Named | None = None
    dtmf: _Digit | None = None


_decode = msgspec.json.Decoder(_Message).decode


def decode(frame: bytes | memoryview) -> MediaEvent:
    """Read one message from Twilio.

    Raises:
        MediaDecodeError: not JSON, not of the documented shape, or audio that is not µ-law at 8 kHz.
    """
    try:
        message = _decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MediaDecodeError(str(error)) from error
    if message.event == "media":
        media = message.media
        if media is None or not is_count(media.timestamp) or '"' in media.payload or "\\" in media.payload:
            raise MediaDecodeError("media without its payload or timestamp")
        return MediaFrame(media.payload, int(media.timestamp)) if media.track == "inbound" else MediaIgnored("media")
    match message.event:
        case "mark" if message.mark:
            return MediaMark(message.mark.name)
        case "start" if message.start and message.stream_sid:
            shape = message.start.media_format
            if (shape.encoding, shape.sample_rate, shape.channels) != ("audio/x-mulaw", 8000, 1):
                raise MediaDecodeError(f"audio of {shape.encoding} at {shape.sample_rate} Hz is not what was agreed")
            return MediaStarted(message.stream_sid, message.start.call_sid, message.start.custom_parameters)
        case "stop":
            return MediaStopped("stop")
        case "dtmf" if message.dtmf:
            return MediaDigit(message.dtmf.digit)
        case "connected":
            return MediaConnected()
        case "start" | "mark" | "dtmf":
            raise MediaDecodeError(f"{message.event} without its object")
        case other:
            return MediaIgnored(other)


def encode_audio(stream_sid: str, payload: str) -> bytes:
    """Audio to be played after all that was sent before; base64 of µ-law, any length."""
    return f'{{"event":"media","streamSid":"{stream_sid}","media":{{"payload":"{payload}"}}}}'.encode()


def encode_mark(stream_sid: str, name: str) -> bytes:
    """A mark that comes back when all audio sent before it was played."""
    return msgspec.json.encode({"event": "mark", "streamSid": stream_sid, "mark": {"name": name}})


def encode_clear(stream_sid: str) -> bytes:
    """Drop what is queued; all pending marks come back at once and do not mean "heard"."""
    return msgspec.json.encode({"event": "clear", "streamSid": stream_sid})


class TwilioMedia:
    """The functions above as a codec. It remembers nothing, so one serves every stream; sound passes as it comes."""

    __slots__ = ()
    carrier = "twilio"
    waits = False
    decode = staticmethod(decode)

    def encode_audio(self, stream_sid: str, payload: str, send: Send) -> None:
        """See `encode_audio`."""
        send(encode_audio(stream_sid, payload))

    def encode_mark(self, stream_sid: str, name: str, send: Send, *, ends: bool = False) -> None:
        """See `encode_mark`."""
        send(encode_mark(stream_sid, name))

    def encode_clear(self, stream_sid: str, send: Send) -> None:
        """See `encode_clear`."""
        send(encode_clear(stream_sid))

    def flush(self, stream_sid: str, send: Send) -> None:
        """Nothing ever waits."""
