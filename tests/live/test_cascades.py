"""A short talk with real providers, each where its key is in the environment: `./run test -m live tests/live`.

It costs a few cents. What is not set is skipped, and said.
"""

import asyncio
import os
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from dialer.audio import ulaw
from dialer.ava.tool_schemas import specs
from dialer.settings import Settings
from dialer.voices.port import AgentTranscript, RespondWith, ResponseDone, ToolCalled, UserTranscript, VoiceReady
from dialer.voices.session import PipelineVoice
from dialer.wiring.voices import make_voices
from tests.support.cascade import SETUP, session_of, spoken

pytestmark = pytest.mark.live

VOICES = tuple(f"cascade_{each}" for each in ("anthropic", "gemini", "cohere", "huggingface", "openai"))
PARTS = [("deepgram", "deepgram"), ("flux", "deepgram"), ("elevenlabs", "elevenlabs"), ("openai", "openai")]
INSTRUCTIONS = (
    "You are AVA, a student advisor on the telephone. Answer in one short sentence. Whatever the student tells you of "
    "their plans, first write it down with save_enquiry."
)
TOLD = replace(SETUP, instructions=INSTRUCTIONS, tools=specs(), vad_silence_ms=600)
TIMEOUT_S = 20.0
# Read before the tests put the environment out of each other's sight.
PROVIDERS = ("anthropic_", "gemini_", "co_", "hf_", "openai_", "deepgram_", "elevenlabs_")
GIVEN: dict[str, Any] = {
    name: os.environ[name.upper()]
    for name in Settings.model_fields
    if name.startswith(PROVIDERS) and name.upper() in os.environ
}


def cascade(name: str, stt: str, tts: str) -> PipelineVoice:
    """The voice, or a skip that says what it lacks."""
    settings = Settings(_env_file=None, **GIVEN, dialer_cascade_stt=stt, dialer_cascade_tts=tts)
    voice = make_voices(settings).get(name)
    if not isinstance(voice, PipelineVoice):
        pytest.skip(f"{name} with {stt} and {tts} lacks a key in the environment")
    return voice


@pytest.mark.parametrize(("stt", "tts"), PARTS)
@pytest.mark.parametrize("name", VOICES)
async def test_ava_speaks_understands_and_writes_down(name: str, stt: str, tts: str) -> None:
    async with session_of(cascade(name, stt, tts), TOLD) as (leg, listener):
        assert listener.of(VoiceReady), listener.lost
        listener.tell(leg, RespondWith("Say hello and ask what the student wants to study."))
        await listener.until(lambda each: each.of(ResponseDone), "the opening", TIMEOUT_S)
        assert listener.of(ResponseDone)[0].fault is None
        assert listener.sound_ms(listener.of(AgentTranscript)[0].item) > 500
        for frame in ulaw.frames(spoken("I want to study data science in Canada.") + ulaw.SILENCE_FRAME * 75):
            leg.send_audio(b64encode(frame).decode())
            await asyncio.sleep(ulaw.FRAME_MS / 1000)  # a transcriber is used to the pace of speech
        await listener.until(lambda each: each.of(UserTranscript), "the words", TIMEOUT_S)
        assert "canada" in (listener.of(UserTranscript)[0].words or "").lower()
        await listener.until(lambda each: each.of(ToolCalled), "a tool", TIMEOUT_S)
        assert listener.of(ToolCalled)[0].name == "save_enquiry"
