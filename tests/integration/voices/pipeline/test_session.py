"""A voice put together from parts, over real sockets: turns, answers, tools, interruptions, and what goes wrong.

The transcriber, the text model and the speaker are on loopback and do what a test tells them.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dialer.bench.yardsticks.fake_speech import MS_PER_CHARACTER, PaperSpeech, paper_speech
from dialer.voices.pipeline import agent_turn, user_turn
from dialer.voices.pipeline.chat_history import INSTRUCTED
from dialer.voices.port import (
    AgentTranscript,
    Audio,
    Cancel,
    ItemAdded,
    ReplayMessage,
    Respond,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    SpeechStarted,
    SpeechStopped,
    ToolCalled,
    ToolResult,
    Truncate,
    UserTranscript,
    VoiceFault,
    VoiceReady,
)
from tests.support.cascade import Listener, say, session


@pytest.fixture
async def paper() -> AsyncIterator[PaperSpeech]:
    """The three providers."""
    async with paper_speech() as made:
        yield made


def keys(paper: PaperSpeech, **other: Any) -> dict[str, Any]:
    """Settings that reach them."""
    return {
        "openai_api_key": paper.key,
        "openai_url": f"{paper.url}/v1",
        "deepgram_api_key": paper.key,
        "deepgram_url": paper.url,
        **other,
    }


def told(paper: PaperSpeech, request: int = -1) -> list[tuple[str, str]]:
    """Who said what, as the text model was told."""
    return [(each["role"], str(each.get("content"))) for each in paper.requests[request]["messages"]]


async def test_ava_speaks_first_and_answers_what_the_student_says(paper: PaperSpeech) -> None:
    paper.answers.extend(["Hello, this is AVA. May I ask what you want to study?", "Canada is a fine choice."])
    paper.words.append("I want to study in Canada.")
    async with session(keys(paper)) as (leg, listener):
        assert listener.of(VoiceReady)
        listener.tell(leg, RespondWith("Say hello."))
        first = await listener.gets(ResponseDone)
        assert first.status == "completed"
        assert first.usage == {
            "text_in": 100,
            "text_out": 10,
            "spoken_characters@aura-2-helena-en": len("Hello, this is AVA.May I ask what you want to study?"),
        }
        assert paper.spoken == ["Hello, this is AVA.", "May I ask what you want to study?"]
        opening = listener.of(AgentTranscript)[0]
        assert opening.words == "Hello, this is AVA. May I ask what you want to study?"
        assert listener.sound_ms(opening.item) > 0
        say(leg)
        heard = await listener.gets(UserTranscript)
        assert heard.words == "I want to study in Canada."
        assert heard.usage["transcribed_ms@nova-3"] == len(paper.heard[0]) // 8
        await listener.gets(ResponseDone, 2)
        assert listener.of(AgentTranscript)[1].words == "Canada is a fine choice."
    kinds = [
        type(each)
        for each in listener.events
        if isinstance(each, (SpeechStarted, SpeechStopped, UserTranscript, AgentTranscript))
    ]
    assert kinds == [AgentTranscript, SpeechStarted, SpeechStopped, UserTranscript, AgentTranscript]
    who = [each.who for each in listener.of(ItemAdded)]
    assert who == ["ava", "student", "ava"]
    assert [role for role, _ in told(paper)] == ["system", "user", "assistant", "user"]
    assert told(paper)[1][1] == "[Instruction of the house, not words of the student: Say hello.]"
    assert told(paper)[3][1] == "I want to study in Canada."


async def test_only_the_sound_of_turns_goes_to_the_transcriber(paper: PaperSpeech) -> None:
    async with session(keys(paper)) as (leg, listener):
        for n in range(3):
            say(leg, pause_ms=3000)
            await listener.gets(UserTranscript, n + 1)
        started, stopped = listener.of(SpeechStarted), listener.of(SpeechStopped)
        assert len(started) == len(stopped) == 3
        given = sum(len(each) for each in paper.heard) // 8
        assert given < stopped[-1].end_ms


async def test_a_turn_without_words_is_answered_with_nothing_so_that_nobody_waits(paper: PaperSpeech) -> None:
    async with session(keys(paper)) as (leg, listener):
        say(leg)
        ended = await listener.gets(ResponseDone)
        assert (ended.status, dict(ended.usage)) == ("completed", {})
        assert listener.of(UserTranscript)[0].words == ""
        assert len(listener.of(ResponseStarted)) == 1
    assert paper.requests == []


async def test_a_tool_is_called_and_its_result_answered(paper: PaperSpeech) -> None:
    paper.answers.extend([[("save_enquiry", {"country": "Canada"})], "Noted."])
    paper.words.append("Canada.")
    async with session(keys(paper)) as (leg, listener):
        say(leg)
        called = await listener.gets(ToolCalled)
        assert (called.name, json.loads(called.arguments)) == ("save_enquiry", {"country": "Canada"})
        await listener.gets(ResponseDone)
        assert listener.of(AgentTranscript) == []
        listener.tell(leg, ToolResult(called.tool_call, '{"saved":{"country":"Canada"}}'))
        listener.tell(leg, Respond())
        await listener.gets(ResponseDone, 2)
        assert listener.of(AgentTranscript)[0].words == "Noted."
    roles = [each["role"] for each in paper.requests[-1]["messages"]]
    assert roles == ["system", "user", "assistant", "tool"]
    asked, result = paper.requests[-1]["messages"][2:]
    assert asked["tool_calls"][0]["id"] == result["tool_call_id"]
    assert result["content"] == '{"saved":{"country":"Canada"}}'
    assert paper.requests[0]["tools"][0]["function"]["name"] == "save_enquiry"


async def test_what_is_said_while_a_tool_runs_is_known_to_the_next_answer(paper: PaperSpeech) -> None:
    paper.answers.extend([[("save_enquiry", {})], "Noted."])
    paper.words.extend(["Canada.", "Or Ireland."])
    async with session(keys(paper)) as (leg, listener):
        say(leg)
        called = await listener.gets(ToolCalled)
        await listener.gets(ResponseDone)
        say(leg)
        await listener.gets(UserTranscript, 2)
        listener.tell(leg, ToolResult(called.tool_call, "{}"))
        listener.tell(leg, Respond(in_words=True))
        await listener.gets(ResponseDone, 2)
    assert [role for role, _ in told(paper)] == ["system", "user", "assistant", "tool", "user"]
    assert told(paper)[-1][1] == "Or Ireland."
    assert paper.requests[-1]["tool_choice"] == "none"
    assert len(paper.requests) == 2


LONG = "This is the first sentence of several. Here is the second one of them. And the third is never heard by anybody."


async def test_an_interrupted_answer_is_remembered_as_far_as_it_was_heard(paper: PaperSpeech) -> None:
    paper.answers.extend([LONG, "Yes, please go on."])
    paper.words.append("Wait a moment.")
    paper.hold = asyncio.Event()
    async with session(keys(paper)) as (leg, listener):
        listener.tell(leg, RespondWith("Tell them everything."))
        first = len("This is the first sentence of several.")
        item = (await listener.gets(Audio)).item
        await listener.until(lambda each: each.sound_ms(item) >= first * MS_PER_CHARACTER - 20, "the first sentence")
        say(leg, pause_ms=100)
        listener.tell(leg, Cancel())
        listener.tell(leg, Truncate(item, first * MS_PER_CHARACTER // 2))
        ended = await listener.gets(ResponseDone)
        assert ended.status == "cancelled"
        paper.hold.set()
        say(leg)
        second = await listener.gets(ResponseDone, 2)
        assert second.usage["spoken_characters@aura-2-helena-en"] > len("Yes, please go on."), "the first was made too"
    assert told(paper)[2] == ("assistant", "This is the first")
    assert told(paper)[3] == ("user", "Wait a moment.")
    assert LONG.split(". ")[2] not in " ".join(paper.spoken)


async def test_an_answer_made_whole_is_cut_to_what_was_heard_of_each_sentence(paper: PaperSpeech) -> None:
    paper.answers.extend([LONG, "Certainly."])
    async with session(keys(paper)) as (leg, listener):
        listener.tell(leg, RespondWith("Tell them everything."))
        await listener.gets(ResponseDone)
        item = listener.of(AgentTranscript)[0].item
        heard = len("This is the first sentence of several.") // 1 * MS_PER_CHARACTER + 10
        listener.tell(leg, Truncate(item, heard))
        listener.tell(leg, Respond())
        await listener.gets(ResponseDone, 2)
    assert told(paper)[2] == ("assistant", "This is the first sentence of several.")


async def test_a_student_who_goes_on_before_their_words_came_has_one_turn(paper: PaperSpeech) -> None:
    paper.words.extend(["I want", "to study in Canada."])
    async with session(keys(paper)) as (leg, listener):
        say(leg, pause_ms=440)
        say(leg, pause_ms=600)
        heard = await listener.gets(UserTranscript)
        assert heard.words == "I want to study in Canada."
        await listener.gets(ResponseDone)
    assert len(paper.requests) == 1
    assert [each.who for each in listener.of(ItemAdded)].count("student") == 1


async def test_a_new_session_knows_what_was_said_in_the_lost_one(paper: PaperSpeech) -> None:
    async with session(keys(paper)) as (leg, listener):
        listener.tell(leg, ReplayMessage("a1", "ava", "Hello, this is AVA."))
        listener.tell(leg, ReplayMessage("s1", "student", "Hello."))
        listener.tell(leg, RespondWith("Go on."))
        await listener.gets(ResponseDone)
    assert [role for role, _ in told(paper)] == ["system", "user", "assistant", "user", "user"]
    assert told(paper)[2:4] == [("assistant", "Hello, this is AVA."), ("user", "Hello.")]


async def lost(listener: Listener) -> str:
    """Why the session is over, once it is."""
    await listener.until(lambda each: each.lost, "lost")
    assert listener.lost is not None
    return listener.lost


async def test_a_wrong_key_of_the_transcriber_or_the_speaker_is_told_before_anything_is_said(
    paper: PaperSpeech,
) -> None:
    async with session(keys(paper, deepgram_api_key="wrong")) as (_, listener):
        assert "401" in await lost(listener)
        assert not listener.of(VoiceReady)


async def test_nobody_at_the_address_is_told(paper: PaperSpeech) -> None:
    async with session(keys(paper, deepgram_url="http://127.0.0.1:9")) as (_, listener):
        assert "not reached" in await lost(listener)


async def test_a_wrong_key_of_the_text_model_is_hopeless(paper: PaperSpeech) -> None:
    async with session(keys(paper, openai_api_key="wrong")) as (leg, listener):
        listener.tell(leg, RespondWith("Say hello."))
        fault = await listener.gets(VoiceFault)
        assert fault.fatal
        assert "401" in fault.says


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_text_model_that_cannot_now_fails_this_answer_once(paper: PaperSpeech, status: int) -> None:
    paper.status = status
    async with session(keys(paper)) as (leg, listener):
        listener.tell(leg, RespondWith("Say hello."))
        ended = await listener.gets(ResponseDone)
        assert ended.status == "failed"
        assert str(status) in (ended.fault or "")
        assert len(paper.requests) == 1
        paper.status = 200
        listener.tell(leg, RespondWith("Say hello."))
        assert (await listener.gets(ResponseDone, 2)).status == "completed"


async def test_a_dropped_socket_in_the_middle_of_an_answer_is_told_as_the_voice_s_loss(paper: PaperSpeech) -> None:
    paper.hold = asyncio.Event()
    paper.answers.append(LONG)
    async with session(keys(paper)) as (leg, listener):
        listener.tell(leg, RespondWith("Tell them everything."))
        await listener.gets(Audio)
        await paper.drop()
        assert "1011" in await lost(listener)
        told_by_then = len(listener.events)
        paper.hold.set()
        await asyncio.sleep(0.1)
        assert len(listener.events) == told_by_then, "nothing more is told"


async def test_a_speaker_that_makes_no_sound_is_given_up(paper: PaperSpeech, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_turn, "AUDIO_TIMEOUT_S", 0.1)
    paper.mute = True
    async with session(keys(paper)) as (leg, listener):
        listener.tell(leg, RespondWith("Say hello."))
        fault = await listener.gets(VoiceFault)
        assert (fault.code, fault.fatal, fault.renewable) == ("tts_silent", True, True)


async def test_a_transcriber_that_does_not_answer_is_waited_for_and_then_given_up(
    paper: PaperSpeech, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_turn, "TRANSCRIPT_TIMEOUT_S", 0.1)
    paper.deaf = True
    async with session(keys(paper)) as (leg, listener):
        say(leg)
        assert (await listener.gets(UserTranscript)).words is None
        say(leg)
        fault = await listener.gets(VoiceFault)
        assert (fault.code, fault.renewable) == ("stt_silent", True)


async def test_a_transcriber_that_finds_nothing_in_a_cough_is_not_given_up(
    paper: PaperSpeech, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_turn, "TRANSCRIPT_TIMEOUT_S", 0.1)
    paper.deaf = paper.hums = True
    async with session(keys(paper)) as (leg, listener):
        for n in range(1, 4):
            say(leg)
            assert (await listener.gets(UserTranscript, n)).words is None
        assert listener.of(VoiceFault) == []


async def test_an_answer_that_is_asked_for_twice_is_made_once(paper: PaperSpeech) -> None:
    async with session(keys(paper)) as (leg, listener):
        listener.tell(leg, RespondWith("Say hello."))
        listener.tell(leg, Respond())
        fault = await listener.gets(VoiceFault)
        assert (fault.code, fault.fatal) == ("conversation_already_has_active_response", False)
        await listener.gets(ResponseDone)
    assert len(paper.requests) == 1


async def test_what_is_asked_for_while_an_answer_is_made_is_told_to_the_model_when_it_is_asked_again(
    paper: PaperSpeech,
) -> None:
    async with session(keys(paper)) as (leg, listener):
        listener.tell(leg, RespondWith("Say hello."))
        listener.tell(leg, RespondWith("Say goodbye."))
        await listener.gets(ResponseDone)
        listener.tell(leg, RespondWith("Say goodbye."))
        await listener.gets(ResponseDone, 2)
    assert [words for _, words in told(paper)].count(f"[{INSTRUCTED}Say goodbye.]") == 1
