"""A session of a cascade without a bridge: whoever it speaks to keeps what it says, and a student's sound for it."""

import asyncio
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar

from pydantic import SecretStr

from dialer.audio import ulaw
from dialer.settings import Settings
from dialer.simulator.people.speech import process_speech
from dialer.voices.port import Audio, Configure, SessionConfig, ToolSpec, VoiceEvent, VoiceOpened
from dialer.voices.session import PipelineVoice, VoiceSession
from dialer.wiring.voices import make_voices

SETUP = SessionConfig(
    instructions="You are AVA.",
    tools=(
        ToolSpec(
            "save_enquiry",
            "Write down what the student wants.",
            {"type": "object", "properties": {"country": {"type": "string"}}},
        ),
    ),
    voice_id="ash",
    vad_threshold=0.5,
    vad_prefix_ms=200,
    vad_silence_ms=400,
    transcription_model="gpt-transcribe",
    language="en",
)
Found = TypeVar("Found", bound=VoiceEvent)


class Listener:
    """Whoever the session speaks to: it keeps everything, and configures it as the bridge does."""

    def __init__(self, setup: SessionConfig = SETUP) -> None:
        self.setup = setup
        self.events: list[VoiceEvent] = []
        self.at: list[float] = []
        self.lost: str | None = None
        self._telling = False

    def voice_event(self, leg: VoiceSession, event: VoiceEvent) -> None:
        """Never called from within a command."""
        assert not self._telling
        self.events.append(event)
        self.at.append(time.perf_counter())
        if isinstance(event, VoiceOpened):
            self.tell(leg, Configure(self.setup))

    def voice_lost(self, leg: VoiceSession, says: str) -> None:
        """The session is lost."""
        self.lost = says

    def voice_backpressure(self, leg: VoiceSession, choked: bool) -> None:
        """Nothing is made of it."""

    def tell(self, leg: VoiceSession, command: Any) -> None:
        """A command, as the bridge gives it."""
        self._telling = True
        leg.send(command)
        self._telling = False

    def of(self, kind: type[Found]) -> list[Found]:
        """What was told of a kind."""
        return [each for each in self.events if isinstance(each, kind)]

    def sound_ms(self, item: str) -> int:
        """How much sound of an answer was told."""
        return sum(len(b64decode(each.payload)) for each in self.of(Audio) if each.item == item) // ulaw.BYTES_PER_MS

    async def until(self, done: Callable[["Listener"], Any], says: str, within_s: float = 5.0) -> Any:
        """Wait until something is so."""
        by = time.monotonic() + within_s
        while not (found := done(self)):
            assert time.monotonic() < by, f"not within {within_s} s: {says}; {self.lost}; {self.events[-5:]}"
            await asyncio.sleep(0.005)
        return found

    async def gets(self, kind: type[Found], n: int = 1) -> Found:
        """The n-th event of a kind, once it was told."""
        found: list[Found] = await self.until(lambda _: self.of(kind)[n - 1 :], f"{kind.__name__} {n}")
        return found[0]


@cache
def spoken(words: str) -> bytes:
    """A student saying so, as the line carries it."""
    return b"".join(process_speech().clip(words, "en").frames)


def say(leg: VoiceSession, words: str = "I want to study in Canada.", pause_ms: int = 600) -> None:
    """A student speaks and falls silent, all at once."""
    sound = ulaw.SILENCE_FRAME * 10 + spoken(words) + ulaw.SILENCE_FRAME * (pause_ms // ulaw.FRAME_MS)
    for frame in ulaw.frames(sound):
        leg.send_audio(b64encode(frame).decode())


def made(settings: dict[str, Any], voice: str) -> PipelineVoice:
    """A cascade of these settings; keys are given as plain text."""
    secret = ("_key", "_token")
    told = {name: SecretStr(value) if name.endswith(secret) else value for name, value in settings.items()}
    found = make_voices(Settings(_env_file=None, **told))[voice]
    assert isinstance(found, PipelineVoice)
    return found


@asynccontextmanager
async def session(
    settings: dict[str, Any], voice: str = "cascade_openai", setup: SessionConfig = SETUP, *, model: str = ""
) -> AsyncIterator[tuple[VoiceSession, Listener]]:
    """A session of a cascade of these settings."""
    async with session_of(made(settings, voice), setup, model=model) as both:
        yield both


@asynccontextmanager
async def session_of(
    voice: PipelineVoice, setup: SessionConfig = SETUP, *, model: str = ""
) -> AsyncIterator[tuple[VoiceSession, Listener]]:
    """A session that was asked for; it is left at the end, and what it shares is let go."""
    await voice.preload()  # a busy machine may take longer than a session waits
    listener = Listener(setup)
    leg = voice.session(listener, model or voice.model)
    try:
        await leg.connect()
        await asyncio.sleep(0)
        yield leg, listener
    finally:
        leg.close()
        await voice.close()
