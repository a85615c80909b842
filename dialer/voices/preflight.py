"""Whether a voice can hold a talk: a session of it, set up, given a second of sound, and made to say a word.

What is wrong is told before anybody is called: a key, a model, an account without money, a provider that is down.
"""

import asyncio
import base64
import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from dialer.audio import ulaw
from dialer.net.websocket.port import WebSocketBackend
from dialer.voices.port import (
    Audio,
    Configure,
    RespondWith,
    ResponseDone,
    SessionConfig,
    VoiceEvent,
    VoiceFault,
    VoiceOpened,
    VoiceReady,
)
from dialer.voices.session import AnyVoice, VoiceSession
from dialer.voices.websocket_session import open_session

TIMEOUT_S = 15.0
INSTRUCTIONS = "This is a trial of the line. Say one word when you are asked to, and nothing else."
"""What a voice on trial is told."""
WORD = "Say only this one word: hello."
FRAMES = 50
REFUSED = re.compile(r"\b(?:400|401|403|404|410|422|1007|1008)\b")
_SILENCE = base64.b64encode(ulaw.SILENCE_FRAME).decode()


@dataclass(frozen=True, slots=True)
class PreflightResult:
    """What became of a trial."""

    ok: bool
    says: str
    """What is wrong, in one line; empty where nothing is."""
    hopeless: bool = False
    """Trying again will not help: somebody has to change something."""
    ready_ms: int = 0
    """From the beginning until it was set up."""
    audio_ms: int = 0
    """From the wish for a word until its first sound."""


class _Trial:
    """Whom the session on trial speaks to (`voices.session.SessionListener`)."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[VoiceEvent | str] = asyncio.Queue()

    def voice_event(self, leg: VoiceSession, event: VoiceEvent) -> None:
        """Something happened."""
        self.events.put_nowait(event)

    def voice_lost(self, leg: VoiceSession, says: str) -> None:
        """It was not had, or is lost."""
        self.events.put_nowait(says)

    def voice_backpressure(self, leg: VoiceSession, choked: bool) -> None:
        """It will come to its senses, or run out of time."""


async def preflight(
    voice: AnyVoice,
    setup: SessionConfig,
    sockets: WebSocketBackend,
    *,
    within_s: float = TIMEOUT_S,
    listens: bool = True,
) -> PreflightResult:
    """Try a voice with a setup (`setup.model` empty: its own); where it `listens`, after a second of a silent line.

    Whatever it answers is found; nothing is raised.
    """
    model = setup.model or voice.model
    trial = _Trial()
    leg = open_session(voice, model, trial, sockets)
    opening = asyncio.create_task(leg.connect())
    try:
        async with asyncio.timeout(within_s):
            return await _talk(leg, trial, setup, model, listens=listens)
    except TimeoutError:
        return PreflightResult(False, f"{model}: no word within {within_s:.0f} s")
    finally:
        leg.close()
        opening.cancel()
        with suppress(asyncio.CancelledError):
            await opening


async def _talk(
    leg: VoiceSession, trial: _Trial, setup: SessionConfig, model: str, *, listens: bool
) -> PreflightResult:
    began = asked = time.monotonic()
    ready_ms = 0
    while True:
        match await trial.events.get():
            case str(says):
                return PreflightResult(False, f"{model}: {says}", hopeless=bool(REFUSED.search(says)))
            case VoiceOpened():
                leg.send(Configure(replace(setup, model=model)))
            case VoiceReady():
                ready_ms = _since(began)
                if listens:
                    await _listen(leg)
                asked = time.monotonic()
                leg.send(RespondWith(WORD))
            case VoiceFault(code, says, fatal=True, renewable=renewable):
                return PreflightResult(False, f"{model}: {code}: {says}", hopeless=not renewable)
            case ResponseDone(fault=str(fault), hopeless=hopeless):
                return PreflightResult(False, f"{model}: {fault}", hopeless=hopeless)
            case Audio():
                return PreflightResult(True, "", ready_ms=ready_ms, audio_ms=_since(asked))
            case _:
                continue


async def _listen(leg: VoiceSession) -> None:
    """Give it a second of a silent line, as fast as a line does."""
    for _ in range(FRAMES):
        leg.send_audio(_SILENCE)
        await asyncio.sleep(ulaw.FRAME_MS / 1000)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
