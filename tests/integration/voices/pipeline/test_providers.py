"""Every transcriber, speaker and text model over its own protocol, against a world that was written without knowing ours.

The world plays the services from their documentation and refuses what they would refuse; what it understands and speaks
is real sound.
"""

from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from dialer.audio import ulaw
from dialer.ava.tool_schemas import specs
from dialer.simulator.people.speech import AVA_VOICE, process_speech
from dialer.simulator.world import World, WorldSettings, simulated_world
from dialer.voices.port import (
    AgentTranscript,
    Audio,
    Cancel,
    RespondWith,
    ResponseDone,
    SpeechStarted,
    SpeechStopped,
    Truncate,
    UserTranscript,
    VoiceFault,
    VoiceReady,
)
from tests.support.cascade import SETUP, Listener, say, session
from tests.support.pipeline_parts import PARTS, TEXTS
from tests.support.world import keys

WORDS = "I want to study data science in Canada."
OPENING = 'Say: "Hello, this is AVA from One Window. Do you have a minute?"'
TOLD = replace(SETUP, tools=specs())


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """The services, twenty times as quick as in life."""
    async with simulated_world(WorldSettings(speed=20, generation_rate=20)) as made:
        yield made


def refused(world: World) -> list[Any]:
    """What the services complained of."""
    return [error for each in world.ledger.services for error in each.errors]


def sound_of(listener: Listener, item: str) -> bytes:
    """The sound of an answer."""
    return b"".join(b64decode(each.payload) for each in listener.of(Audio) if each.item == item)


def is_spoken(sound: bytes, sentences: list[str], tts: str) -> bool:
    """Whether these sentences are the whole sound; one that came by another rate is known by its length alone."""
    clips = [process_speech().clip(each, AVA_VOICE) for each in sentences]
    if abs(len(sound) - sum(len(each.ulaw) for each in clips)) > ulaw.FRAME_BYTES * len(clips):
        return False
    return tts == "openai" or [each.clip for each in process_speech().recognise(sound)] == clips


@pytest.mark.parametrize(("stt", "tts"), PARTS)
async def test_the_student_is_understood_and_ava_is_heard_whoever_transcribes_and_speaks(
    world: World, stt: str, tts: str
) -> None:
    settings = keys(world, dialer_cascade_stt=stt, dialer_cascade_tts=tts)
    async with session(settings, setup=TOLD) as (leg, listener):
        assert listener.of(VoiceReady), listener.lost
        listener.tell(leg, RespondWith(OPENING))
        await listener.gets(ResponseDone)
        opening = listener.of(AgentTranscript)[0]
        sentences = ["Hello, this is AVA from One Window.", "Do you have a minute?"]
        assert is_spoken(sound_of(listener, opening.item), sentences, tts)
        say(leg, WORDS, pause_ms=3000)
        heard = await listener.gets(UserTranscript)
        assert heard.words == WORDS
        assert sum(heard.usage.values()) > 0
        assert len(listener.of(SpeechStarted)) == len(listener.of(SpeechStopped)) == 1
        await listener.gets(ResponseDone, 2)
    assert refused(world) == []


@pytest.mark.parametrize("tts", ["deepgram", "elevenlabs", "openai"])
async def test_an_interrupted_speaker_is_quiet_and_then_says_the_next_thing_alone(world: World, tts: str) -> None:
    async with session(keys(world, dialer_cascade_tts=tts), setup=TOLD) as (leg, listener):
        listener.tell(leg, RespondWith(OPENING))
        first = (await listener.gets(Audio)).item
        listener.tell(leg, Cancel())
        listener.tell(leg, Truncate(first, 0))
        assert (await listener.gets(ResponseDone)).status == "cancelled"
        made = listener.sound_ms(first)
        listener.tell(leg, RespondWith('Say: "Yes, please go on."'))
        await listener.gets(ResponseDone, 2)
        assert listener.sound_ms(first) == made
        second = listener.of(AgentTranscript)[-1]
        assert second.words == "Yes, please go on."
        assert is_spoken(sound_of(listener, second.item), [second.words], tts)
    assert refused(world) == []


@pytest.mark.parametrize("text", TEXTS)
async def test_a_wrong_key_of_a_text_model_is_hopeless_whoever_it_is_of(world: World, text: str) -> None:
    names = {"cohere": "co_api_key", "huggingface": "hf_token"}
    wrong = {names.get(text, f"{text}_api_key"): "wrong"}
    async with session(keys(world, **wrong), f"cascade_{text}", TOLD) as (leg, listener):
        listener.tell(leg, RespondWith(OPENING))
        fault = await listener.gets(VoiceFault)
        assert fault.fatal
        assert not listener.of(Audio)


@pytest.mark.parametrize("text", TEXTS)
async def test_a_model_that_nobody_has_is_hopeless_whoever_is_asked_for_it(world: World, text: str) -> None:
    async with session(keys(world), f"cascade_{text}", TOLD, model="nobody-has-this") as (leg, listener):
        listener.tell(leg, RespondWith(OPENING))
        assert (await listener.gets(VoiceFault)).fatal


@pytest.mark.parametrize(
    ("stt", "tts", "wrong"),
    [
        ("deepgram", "openai", "deepgram_api_key"),
        ("flux", "openai", "deepgram_api_key"),
        ("elevenlabs", "openai", "elevenlabs_api_key"),
        ("openai", "deepgram", "openai_api_key"),
        ("openai", "deepgram", "deepgram_api_key"),
        ("openai", "elevenlabs", "elevenlabs_api_key"),
    ],
)
async def test_a_wrong_key_of_a_socket_is_told_before_anything_is_said(
    world: World, stt: str, tts: str, wrong: str
) -> None:
    settings = keys(world, dialer_cascade_stt=stt, dialer_cascade_tts=tts, **{wrong: "wrong"})
    async with session(settings, "cascade_anthropic", TOLD) as (_, listener):
        await listener.until(lambda each: each.lost, "lost")
        assert not listener.of(VoiceReady)


async def test_a_wrong_key_of_a_speaker_that_is_asked_by_http_is_told_with_the_first_sentence(world: World) -> None:
    settings = keys(world, dialer_cascade_tts="openai", openai_api_key="wrong")
    async with session(settings, "cascade_anthropic", TOLD) as (leg, listener):
        listener.tell(leg, RespondWith(OPENING))
        fault = await listener.gets(VoiceFault)
        assert (fault.code, fault.fatal, fault.renewable) == ("tts_401", True, False)
