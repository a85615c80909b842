"""The student in one session: when they speak, and the words of each of their turns, once and in order.

A pause that was none (they go on before their words came) makes one turn of two. A transcriber that does not answer is
waited for a while; what it said so far is then taken. Twice in a row without any message at all, it is lost.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import aiohttp

from dialer.audio.ulaw import BYTES_PER_MS
from dialer.audio.vad.webrtc import WebRtcVad
from dialer.domain.calling.cost import add_usage, by_model
from dialer.voices.pipeline.port import Endpoint, Fault, Ready, SpeechToText, SttEvent, TurnStarted, TurnTranscript
from dialer.voices.pipeline.provider_socket import Closing, ProviderSocket
from dialer.voices.port import SessionConfig

TRANSCRIPT_TIMEOUT_S = 2.0
MAX_SILENT = 2
TRANSCRIBED = "transcribed_ms"


class UserTurnListener(Protocol):
    """Who wants to know."""

    def speech_started(self) -> None:
        """The student begins to speak, or goes on."""

    def speech_stopped(self, end_ms: int) -> None:
        """They fell silent, at this many ms of the sound given."""

    def turn(self, words: str | None, usage: Mapping[str, int]) -> None:
        """All they said, empty for nothing, None where it was not made out; and what the transcription cost."""

    def fault(self, fault: Fault) -> None:
        """The transcriber complains."""

    def socket_lost(self, says: str) -> None:
        """The transcriber is lost."""


class UserTurn:
    """The student's side."""

    def __init__(
        self,
        name: str,
        transcriber: SpeechToText,
        address: Endpoint,
        setup: SessionConfig,
        hearer: UserTurnListener,
        leave: Closing,
    ) -> None:
        self._transcriber, self._address, self._hearer = transcriber, address, hearer
        self._line: ProviderSocket[SttEvent] = ProviderSocket(name, transcriber, self._told, hearer.socket_lost, leave)
        self._ears = WebRtcVad(setup.vad_threshold, setup.vad_prefix_ms, setup.vad_silence_ms)
        self._given = 0
        self._billed = 0
        self._speaking = False
        self._awaited = 0
        self._words: list[str] = []
        self._missed = False
        self._usage: dict[str, int] = {}
        self._silent = 0
        self._messages = 0
        self._late: asyncio.TimerHandle | None = None

    @property
    def blocked_since(self) -> float | None:
        """Since when the transcriber takes nothing."""
        return self._line.blocked_since

    async def open(self, http: aiohttp.ClientSession) -> None:
        """Begin. Raises ProviderSocketError."""
        await self._line.open(http, self._address, waits=not self._transcriber.is_ready())

    def take(self, ulaw: bytes) -> None:
        """The student's sound."""
        self._given += len(ulaw)
        if self._transcriber.minds_turns:
            self._send(ulaw)
            return
        took = self._ears.take(ulaw)
        if took.began:
            self._began()
        if took.sound:
            self._send(took.sound)
        if took.ended:
            self._ended(self._ears.end_ms)
            self._line.send(self._transcriber.end_turn())

    def close(self) -> None:
        """Nothing is told any more."""
        if self._late is not None:
            self._late.cancel()
        self._line.close()

    def _send(self, ulaw: bytes) -> None:
        self._billed += len(ulaw)
        self._line.send(self._transcriber.sound(ulaw))

    def _began(self) -> None:
        self._speaking, self._messages = True, self._line.messages
        self._hearer.speech_started()

    def _ended(self, end_ms: int) -> None:
        self._speaking = False
        self._awaited += 1
        self._hearer.speech_stopped(end_ms)
        if self._late is not None:
            self._late.cancel()
        self._late = asyncio.get_running_loop().call_later(TRANSCRIPT_TIMEOUT_S, self._too_late)

    def _told(self, event: SttEvent) -> None:
        match event:
            case TurnStarted():
                self._began()
            case TurnTranscript(_, end_ms) if self._transcriber.minds_turns:
                given_ms = self._given // BYTES_PER_MS
                self._ended(given_ms if end_ms is None else min(end_ms, given_ms))
                self._take_words(event)
            case TurnTranscript() if self._awaited:
                self._take_words(event)
            case Fault():
                self._hearer.fault(event)
            case TurnTranscript() | Ready():
                return  # words that nobody waits for any more

    def _take_words(self, event: TurnTranscript) -> None:
        self._silent = 0
        self._awaited -= 1
        self._missed = self._missed or event.words is None
        if event.words:
            self._words.append(event.words)
        if event.usage:
            add_usage(self._usage, by_model(event.usage, self._transcriber.model))
            self._billed = 0  # it counts by itself
        if not self._awaited and not self._speaking:
            self._conclude()

    def _too_late(self) -> None:
        """The words did not come."""
        words = self._transcriber.give_up()
        self._silent = self._silent + 1 if self._line.messages == self._messages else 0
        if self._silent >= MAX_SILENT:
            self._hearer.fault(Fault("stt_silent", "the transcriber does not answer", renewable=True))
            return
        self._awaited, self._missed = 0, self._missed or not words
        if words:
            self._words.append(words)
        if not self._speaking:
            self._conclude()

    def _conclude(self) -> None:
        if self._late is not None:
            self._late.cancel()
        words, missed = " ".join(self._words), self._missed
        add_usage(self._usage, by_model({TRANSCRIBED: self._billed // BYTES_PER_MS}, self._transcriber.model))
        usage, self._usage, self._words, self._missed, self._billed = self._usage, {}, [], False, 0
        self._hearer.turn(words if words or not missed else None, usage)
