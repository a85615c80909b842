"""ElevenLabs as a speaker (speech.md §4): a context for each sentence on one socket, so that two can be in the making."""

import base64
import binascii
from collections.abc import Sequence

from dialer.voices.pipeline.json_fields import read, text_of, write
from dialer.voices.pipeline.port import Endpoint, Fault, Message, SentenceDone, SpeechAudio, TtsEvent
from dialer.voices.pipeline.urls import socket_url

INACTIVE_S = 170
PAUSES_S = 60.0


def endpoint(base: str, key: str, voice: str, model: str) -> Endpoint:
    """The socket's address, with the voice in its path."""
    query = [
        ("model_id", model),
        ("output_format", "ulaw_8000"),
        ("auto_mode", "true"),
        ("inactivity_timeout", str(INACTIVE_S)),
    ]
    return Endpoint(socket_url(base, f"/v1/text-to-speech/{voice}/multi-stream-input", query), {"xi-api-key": key})


class ElevenLabs:
    """One session (`port.Speaker`). Contexts are named after sentences; what comes for one that is not wanted is dropped."""

    idle_s: float | None = PAUSES_S

    def __init__(self, model: str, speed: float = 1.0) -> None:
        self.model = model
        self._settings = {"stability": 0.5, "similarity_boost": 0.8, "speed": min(1.2, max(0.7, speed))}
        self._making: set[int] = set()

    def opened(self) -> Sequence[Message]:
        """The first message is a context's."""
        return ()

    def speak(self, sentence: int, words: str) -> Sequence[Message]:
        """Opened with its settings, spoken, flushed and closed at once: then its last message comes quickly."""
        self._making.add(sentence)
        context = _context(sentence)
        return (
            write(text=" ", context_id=context, voice_settings=self._settings),
            write(text=f"{words} ", context_id=context),
            write(context_id=context, flush=True),
            write(context_id=context, close_context=True),
        )

    def stop(self) -> Sequence[Message]:
        """They are closed already; what still comes is dropped by their names."""
        self._making.clear()
        return ()

    def idle(self) -> Sequence[Message]:
        """Of no context: one that is named would be opened without its settings."""
        return (write(text=""),)

    def bye(self) -> Sequence[Message]:
        """It closes."""
        return (write(close_socket=True),)

    def decode(self, message: Message) -> Sequence[TtsEvent]:
        """Sound, the end of a sentence, or a complaint."""
        said = read(message)
        if error := text_of(said, "error"):
            says = text_of(said, "message") or error
            return (Fault(error, says, renewable=True),)
        sentence = _sentence(text_of(said, "contextId"))
        if sentence not in self._making:
            return ()
        events: list[TtsEvent] = []
        if sound := _bytes(text_of(said, "audio")):
            events.append(SpeechAudio(sentence, sound))
        if said.get("isFinal") is True:
            self._making.discard(sentence)
            events.append(SentenceDone(sentence))
        return events


def _context(sentence: int) -> str:
    return f"s{sentence}"


def _sentence(context: str) -> int:
    number = context.removeprefix("s")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else -1


def _bytes(data: str) -> bytes:
    try:
        return base64.b64decode(data)
    except (binascii.Error, ValueError):
        return b""
