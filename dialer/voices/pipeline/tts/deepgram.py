"""Deepgram Aura as a speaker (speech.md §3): a sentence is spoken and flushed; its sound comes as raw binary frames in order."""

from collections import deque
from collections.abc import Sequence

from dialer.voices.pipeline.json_fields import read, text_of, write
from dialer.voices.pipeline.port import Endpoint, Fault, Message, SentenceDone, SpeechAudio, TtsEvent
from dialer.voices.pipeline.urls import socket_url


def endpoint(base: str, key: str, model: str) -> Endpoint:
    """The socket's address; the model is the voice."""
    query = [("model", model), ("encoding", "mulaw"), ("sample_rate", "8000")]
    return Endpoint(socket_url(base, "/v1/speak", query), {"Authorization": f"Token {key}"})


class Deepgram:
    """One session (`port.Speaker`). What comes between `Clear` and `Cleared` belongs to what is not wanted any more."""

    idle_s: float | None = None

    def __init__(self, model: str) -> None:
        self.model = model
        self._making: deque[int] = deque()
        self._clearing = 0

    def opened(self) -> Sequence[Message]:
        """Everything was said in the address."""
        return ()

    def speak(self, sentence: int, words: str) -> Sequence[Message]:
        """Without `Flush` it would wait for more."""
        self._making.append(sentence)
        return (write(type="Speak", text=words), write(type="Flush"))

    def stop(self) -> Sequence[Message]:
        """Sound on its way is dropped until it says `Cleared`."""
        if not self._making:
            return ()
        self._making.clear()
        self._clearing += 1
        return (write(type="Clear"),)

    def idle(self) -> Sequence[Message]:
        """Nothing is known that it would want."""
        return ()

    def bye(self) -> Sequence[Message]:
        """It closes."""
        return (write(type="Close"),)

    def decode(self, message: Message) -> Sequence[TtsEvent]:
        """Sound, the end of a sentence, or a complaint."""
        if isinstance(message, bytes):
            return (SpeechAudio(self._making[0], message),) if message and self._making and not self._clearing else ()
        said = read(message)
        match said.get("type"):
            case "Flushed" if self._making and not self._clearing:
                return (SentenceDone(self._making.popleft()),)
            case "Cleared":
                self._clearing = max(0, self._clearing - 1)
            case "Error":
                says = text_of(said, "description") or text_of(said, "message") or text_of(said, "err_msg")
                return (Fault(text_of(said, "code") or "tts_error", says or "Aura complains", renewable=True),)
        return ()
