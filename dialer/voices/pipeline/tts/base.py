"""What makes sentences heard: a speaker on a socket, or one that is asked by HTTP (`tts.openai`)."""

from collections.abc import Callable
from typing import Protocol

import aiohttp

from dialer.voices.pipeline.port import Endpoint, TtsEvent, TtsProtocol
from dialer.voices.pipeline.provider_socket import Closing, ProviderSocket

Say = Callable[[TtsEvent], None]
Gone = Callable[[str], None]


class TextToSpeech(Protocol):
    """A speaker in one session. What it makes is told to whom it was made with."""

    model: str
    """Whose price the characters are counted by."""

    async def open(self, http: aiohttp.ClientSession) -> None:
        """Begin. Raises ProviderSocketError."""

    def speak(self, sentence: int, words: str) -> None:
        """Make a sentence's sound; numbers go upwards."""

    def stop(self) -> None:
        """Nothing of what was asked for is wanted any more."""

    def close(self) -> None:
        """Leave it; nothing is told any more."""


class SocketTextToSpeech:
    """A speaker on a socket."""

    def __init__(
        self, name: str, speaker: TtsProtocol, address: Endpoint, say: Say, gone: Gone, leave: Closing
    ) -> None:
        self.model = speaker.model
        self._speaker, self._address = speaker, address
        self._line: ProviderSocket[TtsEvent] = ProviderSocket(name, speaker, say, gone, leave)

    async def open(self, http: aiohttp.ClientSession) -> None:
        """Open the socket."""
        await self._line.open(http, self._address, waits=False)

    def speak(self, sentence: int, words: str) -> None:
        """Send it."""
        self._line.send(self._speaker.speak(sentence, words))

    def stop(self) -> None:
        """Say so, where the speaker can be told."""
        self._line.send(self._speaker.stop())

    def close(self) -> None:
        """Close the socket."""
        self._line.close()
