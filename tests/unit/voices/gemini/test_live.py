"""Gemini Live's socket, message by message: what it says as the bridge understands it, and what it is told."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dialer.audio import ulaw
from dialer.ava.tool_schemas import specs
from dialer.simulator.gemini.checks import check_setup
from dialer.voices.gemini import live, wire
from dialer.voices.gemini.live import GeminiLive
from dialer.voices.gemini.setup import DEFAULT_VOICE, schema
from dialer.voices.port import (
    AgentTranscript,
    AgentTranscriptDelta,
    Audio,
    Cancel,
    Configure,
    Ignored,
    ItemAdded,
    ReplayMessage,
    ReplayToolCall,
    Respond,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    ResumptionHandle,
    SessionConfig,
    SessionExpiring,
    SpeechStarted,
    SpeechStopped,
    SystemNote,
    ToolCalled,
    ToolResult,
    Truncate,
    UserTranscript,
    VoiceCommand,
    VoiceEvent,
    VoiceOpened,
    VoiceReady,
)

MODEL = "gemini-3.8-live"
SETUP = SessionConfig("You are AVA.", specs(), "ash", 0.8, 300, 1000, "gpt-transcribe", "en", model=MODEL)
LOUD = b64encode(bytes([0x10, 0x90] * 80)).decode()
QUIET = b64encode(b"\xff" * 160).decode()


def told(codec: GeminiLive, command: VoiceCommand) -> list[dict[str, Any]]:
    return [json.loads(message) for message in codec.encode(command)]


def said(codec: GeminiLive, **message: Any) -> list[VoiceEvent]:
    return list(codec.decode(json.dumps(message).encode()))


def sound(ms: int) -> dict[str, Any]:
    pcm = (np.sin(np.arange(24 * ms) / 5) * 9000).astype(np.int16)
    data = b64encode(ulaw.pcm_to_bytes(pcm)).decode()
    return {"parts": [{"inlineData": {"data": data, "mimeType": "audio/pcm;rate=24000"}}]}


def kinds(events: list[VoiceEvent]) -> list[type[Any]]:
    return [type(event) for event in events]


def test_a_session_begins_with_its_setup_which_the_service_accepts() -> None:
    codec = GeminiLive()
    assert codec.opened() == (VoiceOpened(),)
    (message,) = told(codec, Configure(SETUP))
    assert list(message) == ["setup"]
    setup = message["setup"]
    check_setup(setup, (MODEL,))
    assert setup["model"] == f"models/{MODEL}"
    assert setup["generationConfig"]["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"] == DEFAULT_VOICE
    assert setup["realtimeInputConfig"]["automaticActivityDetection"] == {
        "prefixPaddingMs": 300,
        "silenceDurationMs": 1000,
    }
    assert setup["sessionResumption"] == {}
    assert said(codec, setupComplete={"sessionId": "s"}) == [VoiceReady()]


def test_a_script_names_a_speaker_of_geminis_and_a_call_without_tools_offers_none() -> None:
    (message,) = told(GeminiLive(), Configure(replace(SETUP, voice_id="Kore", tools=(), model="models/x", resume="h")))
    setup = message["setup"]
    assert setup["generationConfig"]["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"] == "Kore"
    assert "tools" not in setup
    assert (setup["model"], setup["sessionResumption"]) == ("models/x", {"handle": "h"})


def test_the_address_moves_with_its_base_and_the_key_is_not_in_it() -> None:
    assert live.url("https://g.example.com/", MODEL) == f"wss://g.example.com{live.PATH}"
    assert live.url("http://127.0.0.1:9", MODEL) == f"ws://127.0.0.1:9{live.PATH}"
    assert live.headers("k") == {"x-goog-api-key": "k"}


def test_an_answer_is_sound_and_words_of_one_item_and_ends_with_its_turn() -> None:
    codec = GeminiLive()
    first = said(codec, serverContent={"modelTurn": sound(100), "outputTranscription": {"text": "Hello "}})
    assert kinds(first) == [ResponseStarted, ItemAdded, AgentTranscriptDelta, Audio]
    item = first[1].item  # type: ignore[union-attr]
    second = said(codec, serverContent={"modelTurn": sound(100), "outputTranscription": {"text": "there."}})
    assert kinds(second) == [AgentTranscriptDelta, Audio]
    played = b"".join(b64decode(each.payload) for each in [*first, *second] if isinstance(each, Audio))
    assert len(played) == 1600, "200 ms at 8 kHz"
    assert ulaw.loudness(played) > 1000
    assert said(codec, serverContent={"generationComplete": True}) == [Ignored("nothing new")]
    usage = {"promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 7}, {"modality": "TEXT", "tokenCount": 3}]}
    usage |= {"responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 9}]}
    ended = said(codec, serverContent={"turnComplete": True}, usageMetadata=usage)
    counted = {"audio_in": 7, "text_in": 3, "audio_out": 9}
    assert ended == [AgentTranscript(item, "Hello there."), ResponseDone("completed", usage=counted)]


def test_an_answer_that_is_interrupted_ends_once() -> None:
    codec = GeminiLive()
    said(codec, serverContent={"modelTurn": sound(100), "outputTranscription": {"text": "Well "}})
    cut = said(codec, serverContent={"interrupted": True})
    assert (kinds(cut), cut[1]) == ([AgentTranscript, ResponseDone], ResponseDone("cancelled"))
    assert said(codec, serverContent={"turnComplete": True}) == [Ignored("nothing new")], "it is told twice"
    said(codec, serverContent={"modelTurn": sound(20)})
    assert kinds(said(codec, serverContent={"turnComplete": True})) == [AgentTranscript, ResponseDone], (
        "the next one is its own"
    )


def test_what_the_student_said_is_one_turn_and_known_when_it_is_answered() -> None:
    codec = GeminiLive()
    (added,) = said(codec, serverContent={"inputTranscription": {"text": "I want "}})
    assert isinstance(added, ItemAdded)
    assert added.who == "student"
    said(codec, serverContent={"inputTranscription": {"text": "to study."}})
    answer = said(codec, serverContent={"modelTurn": sound(20)})
    assert answer[0] == UserTranscript(added.item, "I want to study.")
    assert kinds(answer)[1:3] == [ResponseStarted, ItemAdded]
    finished = said(codec, serverContent={"inputTranscription": {"text": "Yes.", "finished": True}})
    assert kinds(finished) == [ItemAdded, UserTranscript]


def test_a_tool_is_an_answer_by_itself_and_its_result_is_gone_on_from_unasked() -> None:
    codec = GeminiLive()
    calls = [{"id": "c1", "name": "save_enquiry", "args": {"country": "Canada"}}]
    asked = said(codec, toolCall={"functionCalls": calls})
    assert kinds(asked) == [ResponseStarted, ToolCalled, ResponseDone]
    assert asked[1] == ToolCalled("c1", asked[1].item, "save_enquiry", '{"country":"Canada"}')  # type: ignore[union-attr]
    (result,) = told(codec, ToolResult("c1", '{"say":"Good."}'))
    response = {"id": "c1", "name": "save_enquiry", "response": {"output": {"say": "Good."}}}
    assert result == {"toolResponse": {"functionResponses": [response]}}
    assert told(codec, Respond()) == [], "the model goes on by itself"
    (asked_again,) = told(codec, Respond())
    assert asked_again == {"clientContent": {"turnComplete": True}}


def test_a_tool_after_words_ends_those_words_and_one_without_an_id_gets_one() -> None:
    codec = GeminiLive()
    said(codec, serverContent={"modelTurn": sound(20), "outputTranscription": {"text": "One moment."}})
    asked = said(codec, toolCall={"functionCalls": [{"name": "find_slots"}]})
    assert kinds(asked) == [AgentTranscript, ToolCalled, ResponseDone]
    called = next(each for each in asked if isinstance(each, ToolCalled))
    (result,) = told(codec, ToolResult(called.tool_call, "no json"))
    assert result["toolResponse"]["functionResponses"][0]["response"] == {"output": "no json"}


def test_a_tool_that_the_model_took_back_is_not_answered() -> None:
    codec = GeminiLive()
    said(codec, toolCall={"functionCalls": [{"id": "c1", "name": "find_slots", "args": {}}]})
    assert said(codec, toolCallCancellation={"ids": ["c1"]}) == [Ignored("nothing new")]
    assert told(codec, ToolResult("c1", "{}")) == []
    assert told(codec, Respond()) == []


def test_a_new_session_is_told_what_was_said_and_one_that_goes_on_is_not() -> None:
    fresh, resumed = GeminiLive(), GeminiLive()
    resumed.encode(Configure(replace(SETUP, resume="h")))
    history: list[VoiceCommand] = [
        ReplayMessage("a1", "ava", "Hello."),
        ReplayMessage("s1", "student", "Hi."),
        ReplayToolCall("i1", "c9", "save_enquiry", "{}"),
        ToolResult("c9", '{"saved":{}}'),
    ]
    roles = [told(fresh, each)[0]["clientContent"]["turns"][0]["role"] for each in history]
    assert roles == ["model", "user", "user", "user"]
    assert all(not told(fresh, each)[0]["clientContent"]["turnComplete"] for each in history)
    assert [told(resumed, each) for each in history] == [[], [], [], []]


def test_what_the_house_wants_is_told_and_what_gemini_cannot_do_is_not_asked_of_it() -> None:
    codec = GeminiLive()
    (speak,) = told(codec, RespondWith('Say "Hello."'))
    assert speak["clientContent"]["turnComplete"] is True
    assert speak["clientContent"]["turns"][0]["parts"][0]["text"].endswith('Say "Hello."')
    (words,) = told(codec, Respond(in_words=True))
    assert words["clientContent"]["turns"][0]["parts"][0]["text"].endswith(live.IN_WORDS)
    (note,) = told(codec, SystemNote("her sister studies there"))
    assert note["clientContent"]["turnComplete"] is False
    assert told(codec, Cancel()) == told(codec, Truncate("a1", 100)) == []
    assert (live.CAPABILITIES.truncates, live.CAPABILITIES.cancels, live.CAPABILITIES.resumes) == (False, False, True)


def test_who_speaks_is_told_from_the_sound_that_is_passed_on_at_sixteen_kilohertz() -> None:
    codec = GeminiLive()
    codec.encode(Configure(replace(SETUP, vad_silence_ms=200)))
    events: list[VoiceEvent] = []
    for payload in [QUIET] * 5 + [LOUD] * 10 + [QUIET] * 15:
        message = json.loads(codec.encode_audio(payload))
        blob = message["realtimeInput"]["audio"]
        assert (blob["mimeType"], len(b64decode(blob["data"]))) == ("audio/pcm;rate=16000", 640)
        events += codec.heard()
    assert events == [SpeechStarted(), SpeechStopped(300)]
    assert codec.heard() == ()


def test_an_end_that_comes_and_what_can_be_gone_on_with_are_told() -> None:
    codec = GeminiLive()
    assert said(codec, goAway={"timeLeft": "9.5s"}) == [SessionExpiring(9.5)]
    assert said(codec, goAway={"timeLeft": "soon"}) == [SessionExpiring(0.0)]
    assert said(codec, sessionResumptionUpdate={"newHandle": "h", "resumable": True}) == [ResumptionHandle("h")]
    assert said(codec, sessionResumptionUpdate={"newHandle": "h"}) == [Ignored("nothing new")]


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b'{"serverContent":5}', b"{" * 10_000])
def test_what_is_no_message_means_nothing(raw: bytes) -> None:
    assert GeminiLive().decode(raw) == (Ignored("malformed"),)


def test_an_unknown_kind_is_told_as_such_beside_what_is_known() -> None:
    events = said(GeminiLive(), telepathy={}, setupComplete={})
    assert events == [Ignored("telepathy", unknown=True), VoiceReady()]


def test_sound_that_is_none_is_left_out() -> None:
    broken = {"parts": [{"inlineData": {"data": "½", "mimeType": "audio/pcm;rate=24000"}}, {"text": "thinking"}]}
    assert kinds(said(GeminiLive(), serverContent={"modelTurn": broken})) == [ResponseStarted, ItemAdded]


def test_a_schema_is_spelled_as_gemini_has_it() -> None:
    told_ = schema(
        {
            "type": "object",
            "title": "Save",
            "properties": {
                "budget": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "description": "How much"},
                "days": {"type": "array", "items": {"type": "integer"}},
            },
            "required": ["days"],
            "additionalProperties": False,
        }
    )
    assert told_ == {
        "type": "OBJECT",
        "required": ["days"],
        "properties": {
            "budget": {"type": "STRING", "description": "How much", "nullable": True},
            "days": {"type": "ARRAY", "items": {"type": "INTEGER"}},
        },
    }


def test_tokens_without_a_count_are_none() -> None:
    assert wire.usage_of(wire.Usage()) == {}
