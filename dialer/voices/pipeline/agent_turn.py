"""One answer in the making: the model's words, cut into sentences, at most two of them with the speaker, heard in order."""

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing

from dialer.domain.calling.cost import add_usage, by_model
from dialer.voices.pipeline.audio_queue import AudioQueue
from dialer.voices.pipeline.chat_history import AssistantEntry, Entry, Sentence, ToolCallEntry
from dialer.voices.pipeline.port import LlmClient, LlmDone, LlmRequest, SentenceDone, SpeechAudio, TextDelta, TtsEvent
from dialer.voices.pipeline.sentence_splitter import SentenceSplitter
from dialer.voices.pipeline.tts.base import TextToSpeech
from dialer.voices.port import AgentTranscript, AgentTranscriptDelta, Audio, ItemAdded, ToolCalled, VoiceEvent

PARALLEL_SENTENCES = 2
"""Sentences in the making: the next one is ready when one ends, and little is thrown away at an interruption."""
AUDIO_TIMEOUT_S = 5.0
CHARACTERS = "spoken_characters"


class SilentTtsError(Exception):
    """A sentence was asked for and nothing came of it."""


class AgentTurn:
    """An answer. Its first sentence has the number `first`; `entry` is its place in the history."""

    def __init__(
        self, entry: AssistantEntry, first: int, mouth: TextToSpeech, tell: Callable[[VoiceEvent], None]
    ) -> None:
        self.entry = entry
        self.usage: dict[str, int] = {}
        self._first, self._mouth, self._tell = first, mouth, tell
        self._order = AudioQueue(first)
        self._moved = asyncio.Event()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._done = 0
        self._heard = 0

    @property
    def next(self) -> int:
        """The number of the first sentence of the next answer."""
        return self._first + len(self.entry.sentences)

    async def run(self, text: LlmClient, wanted: LlmRequest, history: Sequence[Entry], *, in_words: bool) -> None:
        """Make it whole. Raises LlmError, SilentTtsError."""
        speaking = asyncio.create_task(self._speak())
        try:
            sentences = SentenceSplitter()
            async with aclosing(text.respond(wanted, history, self._count, in_words=in_words)) as stream:
                async for event in stream:
                    match event:
                        case TextDelta(words):
                            self._put(sentences.take(words))
                        case LlmDone():
                            self._put(sentences.end())
                            self._answered(event)
            self._queue.put_nowait(None)
            await speaking
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
        if self.entry.sentences:
            self._tell(AgentTranscript(self.entry.item, self.entry.words))

    def said(self, event: TtsEvent) -> None:
        """Something came of a sentence."""
        match event:
            case SpeechAudio(sentence, ulaw):
                self._moved.set()
                self._sound(self._order.sound(sentence, ulaw))
            case SentenceDone(sentence) if self._first <= sentence < self.next:
                self._moved.set()
                self._done += 1
                self._sound(self._order.done(sentence))

    def interrupt(self) -> None:
        """It is not made any further: what was not heard of it was not said."""
        self.entry.sentences = [each for each in self.entry.sentences if each.size]
        self.entry.cut = True
        if self._heard:
            self._tell(AgentTranscript(self.entry.item, self.entry.words))

    def _count(self, usage: Mapping[str, int]) -> None:
        add_usage(self.usage, usage)

    def _put(self, sentences: Sequence[str]) -> None:
        for words in sentences:
            self._queue.put_nowait(words)

    def _answered(self, event: LlmDone) -> None:
        entry = self.entry
        entry.response = event.response
        for n, each in enumerate(event.calls):
            # The provider's own names need not differ from one answer to the next.
            call = ToolCallEntry(f"{entry.item}_call_{n}", each.native, each.name, each.arguments)
            entry.calls.append(call)
            self._tell(ToolCalled(call.tool_call, f"{entry.item}_tool_{n}", call.name, call.arguments))

    async def _speak(self) -> None:
        while (words := await self._queue.get()) is not None:
            while len(self.entry.sentences) - self._done >= PARALLEL_SENTENCES:
                await self._progress()
            number = self.next
            self.entry.sentences.append(Sentence(words))
            add_usage(self.usage, by_model({CHARACTERS: len(words)}, self._mouth.model))
            self._mouth.speak(number, words)
        while self._done < len(self.entry.sentences):
            await self._progress()

    async def _progress(self) -> None:
        """Wait until anything comes of what was asked for."""
        self._moved.clear()
        try:
            async with asyncio.timeout(AUDIO_TIMEOUT_S):
                await self._moved.wait()
        except TimeoutError:
            raise SilentTtsError(f"the speaker made no sound for {AUDIO_TIMEOUT_S:.0f} s") from None

    def _sound(self, ready: Sequence[tuple[int, bytes]]) -> None:
        item = self.entry.item
        for number, ulaw in ready:
            place = number - self._first
            if not 0 <= place < len(self.entry.sentences):
                continue
            sentence = self.entry.sentences[place]
            if not self._heard:
                self._tell(ItemAdded(item, None, "ava"))
            if not sentence.size:
                self._tell(AgentTranscriptDelta(item, f" {sentence.words}" if self._heard else sentence.words))
            sentence.size += len(ulaw)
            self._heard += len(ulaw)
            self._tell(Audio(item, base64.b64encode(ulaw).decode()))
