"""The input audio buffer: turn detection and recognition of the audio the client appends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dialer.audio import ulaw
from dialer.domain.speech.text_normalize import is_devanagari
from dialer.simulator.people.speech import AVA_VOICE, Heard, Speech
from dialer.simulator.realtime.checks import EventError
from dialer.simulator.realtime.codec import FRAME_BYTES, to_line
from dialer.simulator.realtime.vad import Detector, Event

_MIN_FRACTION = 0.3
_COMPLETE_FRACTION = 0.95


@dataclass(frozen=True, slots=True)
class Understood:
    """One recognized turn.

    `lines` were heard well enough to act on; `transcript` has all recognized words; `fraction` is the average share heard;
    `echo` is what came back of AVA's own voice.
    """

    lines: tuple[str, ...]
    transcript: str
    fraction: float
    echo: str | None


class AudioInput:
    """Buffers appended audio in the session's format. Time is the duration of the audio."""

    def __init__(self, speech: Speech, config: Mapping[str, Any]) -> None:
        self._speech = speech
        self._left = b""
        self._manual = bytearray()
        self.now_ms = 0
        self.configure(config)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Apply the session's input format and turn detection."""
        self._format: str = config["audio"]["input"]["format"]["type"]
        turns = config["audio"]["input"]["turn_detection"]
        self.detector = Detector(turns, self.now_ms) if turns is not None else None
        self._left = b""

    def append(self, sound: bytes) -> list[Event]:
        """Add audio; return the turn events in order."""
        whole = self._left + sound if self._left else sound
        size = FRAME_BYTES[self._format]
        end = len(whole) - len(whole) % size
        self._left = whole[end:]
        events: list[Event] = []
        for at in range(0, end, size):
            frame = to_line(whole[at : at + size], self._format)
            self.now_ms += ulaw.FRAME_MS
            if self.detector is None:
                self._manual += frame
            elif (event := self.detector.take(frame)) is not None:
                events.append(event)
        return events

    def commit(self) -> bytes:
        """Return the audio appended since the last commit, with turn detection off. Raises EventError if under 100 ms."""
        if len(self._manual) < ulaw.FRAME_BYTES * 5:
            raise EventError(
                "input_audio_buffer_commit_empty",
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio.",
            )
        sound = bytes(self._manual)
        self._manual.clear()
        return sound

    def clear(self, config: Mapping[str, Any]) -> None:
        """Discard uncommitted audio."""
        self._manual.clear()
        self.configure(config)

    def understand(self, sound: bytes) -> Understood:
        """See `understand`."""
        return understand(self._speech, sound)


def understand(speech: Speech, sound: bytes) -> Understood:
    """Recognize what was said in a turn, from its audio frames only."""
    clips = speech.recognise(sound)
    echo = next((heard.clip.text for heard in clips if heard.clip.voice == AVA_VOICE), None)
    students = [heard for heard in clips if heard.clip.voice != AVA_VOICE]
    return Understood(
        lines=tuple(heard.clip.text for heard in students if heard.fraction >= _MIN_FRACTION),
        transcript=" ".join(filter(None, (_part(heard) for heard in students))),
        fraction=round(sum(heard.fraction for heard in students) / len(students), 3) if students else 0.0,
        echo=echo,
    )


def heard_as(words: str, transcription: Mapping[str, Any]) -> str:
    """Return the transcript for the configured languages: "" for Hindi words if only other languages are expected."""
    configured = [*transcription.get("languages", ()), transcription.get("language")]
    expected = {language.split("-")[0] for language in configured if language}
    return "" if expected and "hi" not in expected and is_devanagari(words) else words


def _part(heard: Heard) -> str:
    """Return the words that were heard of a clip."""
    words = heard.clip.text.split()
    if heard.fraction >= _COMPLETE_FRACTION:
        return heard.clip.text
    missed = max(0, heard.from_frame) / len(heard.clip.frames)
    start = round(len(words) * missed)
    return " ".join(words[start : start + round(len(words) * heard.fraction)])
