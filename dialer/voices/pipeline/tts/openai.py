"""OpenAI's speech as a mouth: a request for each sentence, whose body is 24 kHz PCM as it is made, brought down to the phone."""

import asyncio
from urllib.parse import urlsplit

import aiohttp

from dialer.audio import ulaw
from dialer.audio.resample import Downsampler
from dialer.voices.pipeline.port import Fault, SentenceDone, SpeechAudio
from dialer.voices.pipeline.provider_socket import Closing, settled
from dialer.voices.pipeline.tts.base import Gone, Say
from dialer.voices.pipeline.urls import http_url

PIECE = 4800
"""Bytes that are brought down at once: a tenth of a second."""
FATAL = frozenset({400, 401, 403, 404})
TIMEOUT_S = 10.0


class OpenAITextToSpeech:
    """One session (`tts.base.TextToSpeech`)."""

    def __init__(
        self, base: str, key: str, model: str, voice: str, speed: float, say: Say, gone: Gone, leave: Closing
    ) -> None:
        self.model = model
        self._url = http_url(base, "/audio/speech")
        self._key, self._voice, self._speed = key, voice, speed
        self._say, self._leave = say, leave
        self._http: aiohttp.ClientSession | None = None
        self._making: dict[int, asyncio.Task[None]] = {}
        self._over = False

    async def open(self, http: aiohttp.ClientSession) -> None:
        """There is nothing to open: a wrong key shows with the first sentence."""
        self._http = http

    def speak(self, sentence: int, words: str) -> None:
        """Ask for it at once."""
        self._making[sentence] = asyncio.create_task(self._make(sentence, words))

    def stop(self) -> None:
        """The requests are left."""
        left, self._making = list(self._making.values()), {}
        for task in left:
            task.cancel()
        if left:
            self._leave(settled(*left))

    def close(self) -> None:
        """Likewise, for good."""
        self._over = True
        self.stop()

    async def _make(self, sentence: int, words: str) -> None:
        assert self._http is not None
        body = {"model": self.model, "voice": self._voice, "input": words, "response_format": "pcm"}
        asked = {**body, "speed": self._speed} if self._speed != 1 else body
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._http.post(self._url, json=asked, headers={"Authorization": f"Bearer {self._key}"}) as answer,
            ):
                if answer.status != 200:
                    says = f"{urlsplit(self._url).netloc} answered {answer.status}: {(await answer.text())[:200]}"
                    self._tell(Fault(f"tts_{answer.status}", says, renewable=answer.status not in FATAL))
                    return
                await self._pass_on(sentence, answer.content)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._tell(Fault("tts_lost", f"the speech broke off: {error or type(error).__name__}", renewable=True))
            return
        self._making.pop(sentence, None)
        self._tell(SentenceDone(sentence))

    async def _pass_on(self, sentence: int, content: aiohttp.StreamReader) -> None:
        down, rest = Downsampler(), b""
        async for piece in content.iter_chunked(PIECE):
            whole = rest + piece
            rest = whole[len(whole) - len(whole) % 2 :]
            self._tell(SpeechAudio(sentence, ulaw.ulaw_encode(down.take(ulaw.pcm_from_bytes(whole)))))

    def _tell(self, event: Fault | SpeechAudio | SentenceDone) -> None:
        if not self._over and not (isinstance(event, SpeechAudio) and not event.ulaw):
            self._say(event)
