"""Sends synthesized speech faster than real time, with the faults that end it early."""

import asyncio
from collections.abc import Awaitable, Callable

from dialer.audio import ulaw
from dialer.simulator.ledger import ServiceEntry, TurnEntry
from dialer.simulator.people.speech import Clip
from dialer.simulator.providers.context import ProviderContext
from dialer.simulator.providers.speech.tts_audio import PIECE_MS, encode_audio, pieces_of, synthesize
from dialer.simulator.realtime.wire import new_id


class FailedError(Exception):
    """A fault rule ends the speech: by the service's own error, or by a reset connection (`cut`)."""

    def __init__(self, *, cut: bool) -> None:
        super().__init__("by a fault rule")
        self.cut = cut


class Voice:
    """The TTS output of one session or request. `provider` selects the fault rules."""

    def __init__(self, context: ProviderContext, entry: ServiceEntry, provider: str, encoding: str, rate: int) -> None:
        self._context, self._entry, self._provider = context, entry, provider
        self.encoding, self.rate = encoding, rate
        take = context.faults.take
        self._drop = take("tts", "drop", event=provider)
        self._failed = take("tts", "failed", event=provider)
        self._silence = take("tts", "silence", event=provider)

    async def clip(self, text: str) -> Clip:
        """Synthesize a text and record it in the ledger."""
        await self._context.clock.sleep(self._context.settings.thinking_s)
        await self._context.late("tts", self._provider)
        clip = await synthesize(self._context.speech, text)
        self._entry.turns.append(TurnEntry("ava", text, new_id("turn"), self._entry.audio_ms))
        return clip

    async def give(self, clip: Clip, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Pass a clip to `send` in chunks. Raises FailedError if a fault rule says so."""
        sound = await asyncio.to_thread(encode_audio, clip, self.encoding, self.rate)
        left_ms = ulaw.duration_ms(clip.ulaw)
        for piece in pieces_of(sound, self.encoding, self.rate):
            if self._silence and self._entry.audio_ms >= self._silence.ms:
                await asyncio.Event().wait()
            await send(piece)
            self._entry.audio_ms += int(min(PIECE_MS, left_ms))
            left_ms -= PIECE_MS
            for fault, cut in ((self._drop, True), (self._failed, False)):
                if fault and self._entry.audio_ms >= fault.ms:
                    self._drop = self._failed = None
                    raise FailedError(cut=cut)
            await self._context.clock.sleep(PIECE_MS / 1000 / self._context.settings.generation_rate)
