"""The pipeline's own latency: from the end of a turn to the first audio, with providers that respond immediately.

The silence that ends a turn is a script setting and not counted. The yardstick calls the same three providers one after
the other, with nothing in between: transcript, first tokens, first audio.
"""

import asyncio
import json
import statistics
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from pydantic import SecretStr

from dialer.audio import ulaw
from dialer.ava.tool_schemas import specs
from dialer.bench.harness import Result
from dialer.bench.yardsticks.fake_speech import PaperSpeech, paper_speech
from dialer.settings import Settings
from dialer.simulator.people.speech import process_speech
from dialer.voices.port import Audio, Configure, ResponseDone, SessionConfig, VoiceEvent, VoiceOpened, VoiceReady
from dialer.voices.session import PipelineVoice, VoiceSession
from dialer.wiring.pipelines import make_pipelines

CALLS, TURNS = 10, 20
TIMEOUT_S = 10.0
SAYS = "I want to study data science in Canada."
ANSWER = "Canada is a fine choice for that. What budget do you have in mind?"
SILENCE_MS = 400
PERSONA = "You are AVA, a student advisor on the telephone. " * 80


class _Call:
    """A session listener that records when the first audio came and when the response was done."""

    def __init__(self) -> None:
        self.ready, self.ended = asyncio.Event(), asyncio.Event()
        self.first: float | None = None

    def voice_event(self, leg: VoiceSession, event: VoiceEvent) -> None:
        """Handle an event of the session."""
        match event:
            case VoiceOpened():
                leg.send(Configure(_session_config()))
            case VoiceReady():
                self.ready.set()
            case Audio() if self.first is None:
                self.first = time.perf_counter()
            case ResponseDone():
                self.ended.set()

    def voice_lost(self, leg: VoiceSession, says: str) -> None:
        """Fail: the session must not be lost."""
        raise AssertionError(says)

    def voice_backpressure(self, leg: VoiceSession, choked: bool) -> None:
        """Ignore backpressure."""


async def measure(say: Callable[[str], None]) -> Result:
    """Measure milliseconds from the end of a turn to the first audio, over ten calls of twenty turns."""
    result = Result("cascade")
    async with paper_speech() as paper:
        say(f"{CALLS} calls of {TURNS} turns …")
        providers = [await _providers(paper) for _ in range(TURNS)]
        async with _voice(paper) as voice:
            turns = [await _measure_call(voice, paper) for _ in range(CALLS)]
    ours = sorted(ms for call in turns for ms in call)
    result.figures["first_audio_p50_ms"] = statistics.median(ours)
    result.figures["first_audio_p95_ms"] = ours[len(ours) * 95 // 100]
    result.figures["first_turn_ms"] = turns[0][0]
    result.yardsticks["providers_p50_ms"] = statistics.median(providers)
    own = result.figures["first_audio_p50_ms"]
    result.ratios["first_audio_over_providers"] = own / result.yardsticks["providers_p50_ms"]
    return result


@asynccontextmanager
async def _voice(paper: PaperSpeech) -> AsyncIterator[PipelineVoice]:
    settings = Settings(  # type: ignore[call-arg]  # pydantic-settings takes it
        _env_file=None,
        dialer_cascade_stt="deepgram",
        dialer_cascade_tts="deepgram",
        openai_api_key=SecretStr(paper.key),
        openai_url=f"{paper.url}/v1",
        deepgram_api_key=SecretStr(paper.key),
        deepgram_url=paper.url,
    )
    voice = make_pipelines(settings)["cascade_openai"]
    try:
        yield voice
    finally:
        await voice.close()


async def _measure_call(voice: PipelineVoice, paper: PaperSpeech) -> list[float]:
    """Run one call; return each turn's time to the first audio in milliseconds."""
    call, latencies = _Call(), list[float]()
    session = voice.session(call, voice.model)
    await session.connect()
    async with asyncio.timeout(TIMEOUT_S * TURNS):
        await call.ready.wait()
        for _ in range(TURNS):
            latencies.append(await _turn(session, call, paper))
    session.close()
    return latencies


async def _turn(session: VoiceSession, call: _Call, paper: PaperSpeech) -> float:
    call.first = None
    call.ended.clear()
    paper.words.append(SAYS)
    paper.answers.append(ANSWER)
    speech = b"".join(process_speech().clip(SAYS, "en").frames)
    pause = ulaw.SILENCE_FRAME * (2 * SILENCE_MS // ulaw.FRAME_MS)  # the detector lags a little behind the speech
    for frame in ulaw.frames(ulaw.SILENCE_FRAME * 10 + speech + pause):
        session.send_audio(b64encode(frame).decode())
    last = time.perf_counter()  # nothing was awaited yet, so all work on the turn starts now
    await call.ended.wait()
    assert call.first is not None
    return (call.first - last) * 1000


async def _providers(paper: PaperSpeech) -> float:
    """Call the three providers one after the other; return the milliseconds."""
    paper.words.append(SAYS)
    paper.answers.append(ANSWER)
    token = {"Authorization": f"Token {paper.key}"}
    body = {"messages": [{"role": "user", "content": SAYS}], "stream": True}
    async with aiohttp.ClientSession() as http:
        listen = await http.ws_connect(f"{paper.url}/v1/listen", headers=token)
        speak = await http.ws_connect(f"{paper.url}/v1/speak", headers=token)
        began = time.perf_counter()
        await listen.send_str(json.dumps({"type": "Finalize"}))
        await listen.receive()
        bearer = {"Authorization": f"Bearer {paper.key}"}
        async with http.post(f"{paper.url}/v1/chat/completions", json=body, headers=bearer) as response:
            await response.content.readline()
            await speak.send_str(json.dumps({"type": "Speak", "text": ANSWER}))
            await speak.send_str(json.dumps({"type": "Flush"}))
            await speak.receive()
            seconds = time.perf_counter() - began
            await response.read()
        await listen.close()
        await speak.close()
    return seconds * 1000


def _session_config() -> SessionConfig:
    return SessionConfig(
        instructions=PERSONA,
        tools=specs(),
        voice_id="ash",
        vad_threshold=0.5,
        vad_prefix_ms=200,
        vad_silence_ms=SILENCE_MS,
        transcription_model="gpt-transcribe",
        language="en",
    )
