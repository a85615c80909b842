"""One answer in the making: the model's words, cut into sentences, at most two of them with the speaker, heard in order."""

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing

from dialer.domain.calling.cost import add_usage, by_model
from dialer.voices.pipeline.audio_queue import InOrder
from dialer.voices.pipeline.chat_history import Answer, Call, Entry, Sentence
from dialer.voices.pipeline.port import Answered, SaidEvent, SentenceDone, Sound, Text, Wanted, Words
from dialer.voices.pipeline.sentence_splitter import Sentences
from dialer.voices.pipeline.tts.base import Mouth
from dialer.voices.port import Audio, ItemAdded, Speaking, Spoken, ToolCalled, VoiceEvent

AT_ONCE = 2
"""Sentences in the making: the next one is ready when one ends, and little is thrown away at an interruption."""
SOUND_WITHIN_S = 5.0
CHARACTERS = "spoken_characters"


class SilentSpeakerError(Exception):
    """A sentence was asked for and nothing came of it."""


class Answering:
    """An answer. Its first sentence has the number `first`; `entry` is its place in the history."""

    def __init__(self, entry: Answer, first: int, mouth: Mouth, tell: Callable[[VoiceEvent], None]) -> None:
        self.entry = entry
        self.usage: dict[str, int] = {}
        self._first, self._mouth, self._tell = first, mouth, tell
        self._order = InOrder(first)
        self._moved = asyncio.Event()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._done = 0
        self._heard = 0

    @property
    def next(self) -> int:
        """The number of the first sentence of the next answer."""
        return self._first + len(self.entry.sentences)

    async def run(self, text: Text, wanted: Wanted, history: Sequence[Entry], *, in_words: bool) -> None:
        """Make it whole. Raises TextError, SilentSpeakerError."""
        speaking = asyncio.create_task(self._speak())
        try:
            sentences = Sentences()
            async with aclosing(text.answer(wanted, history, self._count, in_words=in_words)) as stream:
                async for event in stream:
                    match event:
                        case Words(words):
                            self._put(sentences.take(words))
                        case Answered():
                            self._put(sentences.end())
                            self._answered(event)
            self._queue.put_nowait(None)
            await speaking
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
        if self.entry.sentences:
            self._tell(Spoken(self.entry.item, self.entry.words))

    def said(self, event: SaidEvent) -> None:
        """Something came of a sentence."""
        match event:
            case Sound(sentence, ulaw):
                self._moved.set()
                self._sound(self._order.sound(sentence, ulaw))
            case SentenceDone(sentence) if self._first <= sentence < self.next:
                self._moved.set()
                self._done += 1
                self._sound(self._order.done(sentence))

    def cut(self) -> None:
        """It is not made any further: what was not heard of it was not said."""
        self.entry.sentences = [each for each in self.entry.sentences if each.size]
        self.entry.cut = True
        if self._heard:
            self._tell(Spoken(self.entry.item, self.entry.words))

    def _count(self, usage: Mapping[str, int]) -> None:
        add_usage(self.usage, usage)

    def _put(self, sentences: Sequence[str]) -> None:
        for words in sentences:
            self._queue.put_nowait(words)

    def _answered(self, event: Answered) -> None:
        entry = self.entry
        entry.response = event.response
        for n, each in enumerate(event.calls):
            # The provider's own names need not differ from one answer to the next.
            call = Call(f"{entry.item}_call_{n}", each.native, each.name, each.arguments)
            entry.calls.append(call)
            self._tell(ToolCalled(call.tool_call, f"{entry.item}_tool_{n}", call.name, call.arguments))

    async def _speak(self) -> None:
        while (words := await self._queue.get()) is not None:
            while len(self.entry.sentences) - self._done >= AT_ONCE:
                await self._progress()
            number = self.next
            self.entry.sentences.append(Sentence(words))
            add_usage(self.usage, by_model({CHARACTERS: len(words)}, self._mouth.model))
            self._mouth.say(number, words)
        while self._done < len(self.entry.sentences):
            await self._progress()

    async def _progress(self) -> None:
        """Wait until anything comes of what was asked for."""
        self._moved.clear()
        try:
            async with asyncio.timeout(SOUND_WITHIN_S):
                await self._moved.wait()
        except TimeoutError:
            raise SilentSpeakerError(f"the speaker made no sound for {SOUND_WITHIN_S:.0f} s") from None

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
                self._tell(Speaking(item, f" {sentence.words}" if self._heard else sentence.words))
            sentence.size += len(ulaw)
            self._heard += len(ulaw)
            self._tell(Audio(item, base64.b64encode(ulaw).decode()))
