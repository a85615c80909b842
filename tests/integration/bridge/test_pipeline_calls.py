"""Whole calls on the real bridge that speaks through a cascade: what is heard and stored, and who speaks when it cannot."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from dialer.audio import ulaw
from dialer.bench.yardsticks.fake_speech import PaperSpeech, paper_speech
from dialer.domain.calling.call import Outcome
from dialer.settings import Settings
from dialer.store.sessions import Sessions
from dialer.voices.pipeline.llm.loading import warm
from tests.support.bridge import Bridged, bridging
from tests.support.cascade import spoken
from tests.support.media import Phone, until

OPENING = "Hello, this is AVA from One Window. This call is recorded. May I ask what you want to study?"


@pytest.fixture
async def paper() -> AsyncIterator[PaperSpeech]:
    """A transcriber, a text model and a speaker that do as they are told; the bridge's key is right."""
    async with paper_speech() as made:
        made.key = "sk-test"
        yield made


@pytest.fixture
async def bridged(
    settings: Settings, sessions: Sessions, monkeypatch: pytest.MonkeyPatch, paper: PaperSpeech
) -> AsyncIterator[Bridged]:
    """The real bridge; scripts speak through a cascade, and then through the scripted realtime voice."""
    await warm("openai")  # else the second voice would be quicker
    keys = {"deepgram_api_key": SecretStr("sk-test"), "deepgram_url": paper.url, "openai_url": f"{paper.url}/v1"}
    async with bridging(settings, sessions, monkeypatch, **keys) as running:
        async with sessions.begin() as session:
            await session.execute(
                text(
                    "UPDATE script SET voice = 'cascade_openai', second_voice = 'openai_realtime', vad_silence_ms = 400"
                )
            )
        yield running


async def speak(caller: Phone, words: str) -> None:
    """The student speaks and falls silent; then their line is quiet again."""
    caller.streaming = False
    for frame in ulaw.frames(spoken(words) + ulaw.SILENCE_FRAME * 40):
        caller.ms += ulaw.FRAME_MS
        payload = b64encode(frame).decode()
        await caller.send("media", media={"track": "inbound", "timestamp": str(caller.ms), "payload": payload})


async def test_a_student_is_talked_to_by_a_cascade_and_everything_is_stored(
    bridged: Bridged, paper: PaperSpeech
) -> None:
    paper.answers.extend([OPENING, [("end_call", {"outcome": "not_interested"})], "Goodbye then."])
    paper.words.append("No, thank you.")
    async with bridged.answered(pace=20.0) as (call, caller):
        await until(lambda: len(paper.spoken) == 3 and caller.of("mark"), "the opening")
        await asyncio.sleep(0.6)  # it is heard
        await speak(caller, "No, thank you.")
        await caller.closed(within_s=10.0)
        ended = await bridged.ended(call)
    assert ended.outcome is Outcome.NOT_INTERESTED
    assert ended.voices == ["cascade_openai"]
    assert [(turn.speaker, turn.text) for turn in await bridged.turns(call)] == [
        ("ava", OPENING),
        ("student", "No, thank you."),
        ("ava", "Goodbye then."),
    ]
    assert ended.usage["text_in"] == 300
    assert ended.usage["transcribed_ms@nova-3"] > 0
    assert ended.usage["spoken_characters@aura-2-helena-en"] > 0
    assert ended.voice_cost is None, "nobody has said what these cost"


async def test_a_student_whose_cascade_has_a_wrong_key_is_talked_to_by_the_second_voice(
    bridged: Bridged, paper: PaperSpeech
) -> None:
    paper.key = "another"
    async with bridged.answered(pace=20.0) as (call, caller):
        second = await bridged.voice.session()
        await second.say("bye", "Hello, this is AVA.", 100)
        await until(lambda: caller.of("media"), "the second voice")
        await caller.stop()
        ended = await bridged.ended(call)
    assert ended.voices == ["cascade_openai", "openai_realtime"]


async def test_a_student_whose_text_model_is_out_of_reach_is_talked_to_by_the_second_voice(
    bridged: Bridged, paper: PaperSpeech
) -> None:
    paper.status = 500
    async with bridged.answered(pace=20.0) as (call, caller):
        await bridged.voice.session()
        await caller.stop()
        ended = await bridged.ended(call)
    assert len(paper.requests) == 2, "it was asked once more"
    assert ended.voices == ["cascade_openai", "openai_realtime"]


async def test_a_student_whose_speaker_drops_out_in_the_middle_is_talked_to_by_the_second_voice(
    bridged: Bridged, paper: PaperSpeech
) -> None:
    paper.answers.append(OPENING)
    paper.hold = asyncio.Event()
    async with bridged.answered(pace=20.0) as (call, caller):
        await until(lambda: caller.of("media"), "the opening begins")
        await paper.drop()
        second = await bridged.voice.session()
        told = [event["item"] for event in second.of("conversation.item.create")]
        assert [each["content"][0]["text"] for each in told] == ["Hello, this is AVA from One Window."]
        await caller.stop()
        ended = await bridged.ended(call)
    assert ended.voices == ["cascade_openai", "openai_realtime"]
