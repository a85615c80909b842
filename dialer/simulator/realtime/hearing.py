"""The input buffer: what the client appends, cut into turns and understood (openai-realtime.md §2.1, §4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dialer.audio import ulaw
from dialer.domain.speech.text_normalize import is_devanagari
from dialer.simulator.people.speech import AVA_VOICE, Heard, Speech
from dialer.simulator.realtime.checks import EventError
from dialer.simulator.realtime.codec import FRAME_BYTES, to_line
from dialer.simulator.realtime.vad import Detector, Event

_ENOUGH = 0.3
_WHOLE = 0.95


@dataclass(frozen=True, slots=True)
class Understood:
    """One turn: lines heard well enough to act on, the words for the transcript, AVA's own voice if it came back."""

    lines: tuple[str, ...]
    transcript: str
    fraction: float
    echo: str | None


class AudioInput:
    """Takes appended bytes in the session's format. Only sound counts as time here."""

    def __init__(self, speech: Speech, config: Mapping[str, Any]) -> None:
        self._speech = speech
        self._left = b""
        self._manual = bytearray()
        self.now_ms = 0
        self.configure(config)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Take over the session's input format and turn detection."""
        self._format: str = config["audio"]["input"]["format"]["type"]
        turns = config["audio"]["input"]["turn_detection"]
        self.detector = Detector(turns, self.now_ms) if turns is not None else None
        self._left = b""

    def append(self, sound: bytes) -> list[Event]:
        """Add sound; events in the order in which they happened."""
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
        """Take what was appended since the last commit, with turn detection off. Raises EventError if it is nothing."""
        if len(self._manual) < ulaw.FRAME_BYTES * 5:
            raise EventError(
                "input_audio_buffer_commit_empty",
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio.",
            )
        sound = bytes(self._manual)
        self._manual.clear()
        return sound

    def clear(self, config: Mapping[str, Any]) -> None:
        """Throw away what was not committed."""
        self._manual.clear()
        self.configure(config)

    def understand(self, sound: bytes) -> Understood:
        """See `understand`."""
        return understand(self._speech, sound)


def understand(speech: Speech, sound: bytes) -> Understood:
    """What was said in a turn, by the frames that arrived and nothing else."""
    found = speech.recognise(sound)
    echo = next((heard.clip.text for heard in found if heard.clip.voice == AVA_VOICE), None)
    theirs = [heard for heard in found if heard.clip.voice != AVA_VOICE]
    return Understood(
        lines=tuple(heard.clip.text for heard in theirs if heard.fraction >= _ENOUGH),
        transcript=" ".join(filter(None, (_part(heard) for heard in theirs))),
        fraction=round(sum(heard.fraction for heard in theirs) / len(theirs), 3) if theirs else 0.0,
        echo=echo,
    )


def heard_as(words: str, transcription: Mapping[str, Any]) -> str:
    """The transcript of a transcriber that was told a language: of Hindi one that expects another makes nothing."""
    told = [*transcription.get("languages", ()), transcription.get("language")]
    expected = {each.split("-")[0] for each in told if each}
    return "" if expected and "hi" not in expected and is_devanagari(words) else words


def _part(heard: Heard) -> str:
    """As many words as were heard of a sentence that was cut, from where it was."""
    words = heard.clip.text.split()
    if heard.fraction >= _WHOLE:
        return heard.clip.text
    missed = max(0, heard.from_frame) / len(heard.clip.frames)
    start = round(len(words) * missed)
    return " ".join(words[start : start + round(len(words) * heard.fraction)])
