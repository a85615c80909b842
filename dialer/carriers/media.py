"""What a carrier's media socket says, whoever the carrier is: a closed union."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


class NotMediaError(ValueError):
    """A message that does not follow the carrier's protocol; the socket that sent it is closed."""


@dataclass(frozen=True, slots=True)
class MediaConnected:
    """The socket is open; nothing is known yet."""


@dataclass(frozen=True, slots=True)
class MediaStarted:
    """The call's audio begins. `parameters` are those that we asked to be given back."""

    stream_sid: str
    carrier_sid: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MediaFrame:
    """Audio of the student: base64 of the agreed format, and its time in ms since the stream began."""

    payload: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class MediaMark:
    """Everything sent before this mark was played, or cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class MediaDigit:
    """The student pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class MediaStopped:
    """The call is over."""

    reason: str


@dataclass(frozen=True, slots=True)
class MediaIgnored:
    """A message of a kind that means nothing here."""

    kind: str


MediaEvent = MediaConnected | MediaStarted | MediaFrame | MediaMark | MediaDigit | MediaStopped | MediaIgnored


@dataclass(frozen=True, slots=True)
class MediaCodec:
    """One carrier's media protocol as four pure functions."""

    decode: Callable[[bytes | memoryview], MediaEvent]
    encode_audio: Callable[[str, str], bytes]
    encode_mark: Callable[[str, str], bytes]
    encode_clear: Callable[[str], bytes]
