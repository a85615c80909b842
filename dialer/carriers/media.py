"""What a carrier's media socket says, whoever the carrier is: a closed union."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec


class MediaDecodeError(ValueError):
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


class MediaFrame(msgspec.Struct, frozen=True, gc=False):
    """Audio of the student: base64 of the agreed format, and its time in ms since the stream began.

    Fifty of them a second are made for each call: a struct costs a tenth of a frozen dataclass.
    """

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


Send = Callable[[bytes], None]
"""Where a codec puts each message for the carrier, as one text frame."""


class MediaCodec(Protocol):
    """One carrier's media protocol on one stream. Pure: nothing awaited, logged, or asked of a clock.

    Sound is base64 of µ-law at 8 kHz on this side, whatever the wire wants. A carrier that takes sound in pieces of a
    certain size is sent them when they are full: what is left waits for more, or for the utterance's end.
    """

    @property
    def carrier(self) -> str:
        """Whose protocol it is: only that carrier's calls are talked on such a stream."""

    @property
    def waits(self) -> bool:
        """Whether something was given that has not been sent yet."""

    def decode(self, frame: bytes | memoryview) -> MediaEvent:
        """Read one message. Raises MediaDecodeError."""

    def encode_audio(self, stream_sid: str, payload: str, send: Send) -> None:
        """Sound to be played after all that was given before, any length."""

    def encode_mark(self, stream_sid: str, name: str, send: Send, *, ends: bool = False) -> None:
        """A mark that comes back when all sound given before it was played. `ends`: so does the utterance."""

    def encode_clear(self, stream_sid: str, send: Send) -> None:
        """Drop what is queued, here and at the carrier, with its marks."""

    def flush(self, stream_sid: str, send: Send) -> None:
        """Send what waits: no more sound is coming for now."""
