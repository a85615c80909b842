"""All that a script may choose of OpenAI's voice, Azure's address and key, and the retired Beta's shapes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openai.types.realtime import RealtimeClientEvent
from pydantic import TypeAdapter

from dialer.ava.tool_schemas import specs
from dialer.voices.openai import beta, realtime
from dialer.voices.openai.beta import OpenAIBeta
from dialer.voices.openai.realtime import OpenAIRealtime
from dialer.voices.port import (
    AgentTranscript,
    AgentTranscriptDelta,
    Audio,
    Cancel,
    Configure,
    Ignored,
    ItemAdded,
    ReplayMessage,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    SessionConfig,
    SpeechStarted,
    SpeechStopped,
    ToolCalled,
    UserTranscript,
    VoiceFault,
    VoiceOpened,
    VoiceReady,
)

SETUP = SessionConfig("You are AVA.", specs(), "marin", 0.5, 300, 500, "gpt-transcribe", "hi")
BETA = json.loads((Path(__file__).parents[3] / "vectors" / "openai-realtime-beta.json").read_text(encoding="utf-8"))
client = TypeAdapter[Any](RealtimeClientEvent)


def session(setup: SessionConfig) -> dict[str, Any]:
    """What the voice is set up with, which OpenAI's own types accept."""
    sent = realtime.encode(Configure(setup))
    client.validate_json(sent)
    told: dict[str, Any] = json.loads(sent)["session"]
    return told


def test_a_script_chooses_how_the_end_of_a_turn_is_found() -> None:
    assert session(SETUP)["audio"]["input"]["turn_detection"]["type"] == "server_vad"
    meant = replace(SETUP, vad_kind="semantic_vad", vad_eagerness="low")
    assert session(meant)["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "low",
        "create_response": True,
        "interrupt_response": False,
    }


def test_a_script_chooses_languages_words_noise_speed_and_length() -> None:
    chosen = replace(
        SETUP,
        languages=("en", "hi"),
        keywords=("One Window", "IELTS"),
        noise_reduction="far_field",
        speed=1.1,
        max_output_tokens=500,
    )
    told = session(chosen)
    ears = told["audio"]["input"]
    assert ears["transcription"] == {
        "model": "gpt-transcribe",
        "languages": ["en", "hi"],
        "keywords": ["One Window", "IELTS"],
    }
    assert ears["noise_reduction"] == {"type": "far_field"}
    assert (told["audio"]["output"]["speed"], told["max_output_tokens"]) == (1.1, 500)


@pytest.mark.parametrize(
    ("languages", "told"), [((), {"language": "hi"}), (("en", "hi"), {})], ids=["one language", "several"]
)
def test_a_transcriber_that_takes_one_language_is_told_one_or_finds_out(
    languages: tuple[str, ...], told: dict[str, str]
) -> None:
    chosen = replace(SETUP, transcription_model="gpt-4o-transcribe", languages=languages, keywords=("IELTS",))
    assert session(chosen)["audio"]["input"]["transcription"] == {"model": "gpt-4o-transcribe", **told}


def test_what_a_script_does_not_choose_is_not_sent() -> None:
    told = session(SETUP)
    assert session(SETUP)["audio"]["input"]["transcription"] == {"model": "gpt-transcribe", "language": "hi"}
    assert "noise_reduction" not in told["audio"]["input"]
    assert "speed" not in told["audio"]["output"]
    assert "max_output_tokens" not in told


def test_a_session_asks_nothing_of_its_socket_by_itself() -> None:
    codec = OpenAIRealtime()
    assert (codec.opened(), codec.heard()) == ((), ())


def test_azure_is_asked_at_its_own_address_with_its_own_key_and_without_a_version() -> None:
    url = "wss://advisor.openai.azure.com/openai/v1/realtime?api-version=2025-04-01-preview"
    assert realtime.address(url, "ava") == "wss://advisor.openai.azure.com/openai/v1/realtime?model=ava"
    assert realtime.headers("k", url) == {"api-key": "k"}
    plain = "wss://api.openai.com/v1/realtime?api-version=1"
    assert realtime.address(plain, "m") == "wss://api.openai.com/v1/realtime?api-version=1&model=m"
    assert realtime.headers("k", plain) == {"Authorization": "Bearer k"}


def _events(value: Any) -> list[dict[str, Any]]:
    """Every message of the Beta's vectors that a server sends."""
    if isinstance(value, dict):
        if value.get("direction") == "server_to_client":
            return [value["message"]]
        return [each for inner in value.values() for each in _events(inner)]
    return [each for inner in value for each in _events(inner)] if isinstance(value, list) else []


MEANS: dict[str, type[Any]] = {
    "session.created": VoiceOpened,
    "response.created": ResponseStarted,
    "response.audio.delta": Audio,
    "response.audio_transcript.delta": AgentTranscriptDelta,
    "response.audio_transcript.done": AgentTranscript,
    "conversation.item.created": ItemAdded,
    "input_audio_buffer.committed": ItemAdded,
    "input_audio_buffer.speech_started": SpeechStarted,
    "input_audio_buffer.speech_stopped": SpeechStopped,
    "conversation.item.input_audio_transcription.completed": UserTranscript,
    "response.done": ResponseDone,
    "error": VoiceFault,
}


@pytest.mark.parametrize("message", _events(BETA), ids=lambda message: message.get("event_id", message["type"]))
def test_every_message_of_the_beta_is_read_by_its_present_name(message: dict[str, Any]) -> None:
    (event,) = OpenAIBeta().decode(json.dumps(message).encode())
    kind = message["type"]
    if kind == "session.updated":
        ulaw = message["session"].get("input_audio_format") == "g711_ulaw"
        assert isinstance(event, VoiceReady if ulaw else VoiceFault)
    elif kind == "response.output_item.done" and message["item"]["type"] == "function_call":
        assert isinstance(event, ToolCalled)
    else:
        assert isinstance(event, MEANS.get(kind, object))
        assert not (isinstance(event, Ignored) and event.unknown)


def test_the_beta_is_set_up_in_its_flat_shape() -> None:
    chosen = replace(SETUP, noise_reduction="near_field", speed=1.2, max_output_tokens=300)
    (sent,) = OpenAIBeta().encode(Configure(chosen))
    told = json.loads(sent)["session"]
    assert "type" not in told
    assert (told["input_audio_format"], told["output_audio_format"], told["voice"]) == (
        "g711_ulaw",
        "g711_ulaw",
        "marin",
    )
    assert told["modalities"] == ["audio", "text"]
    assert told["input_audio_noise_reduction"] == {"type": "near_field"}
    assert (told["speed"], told["max_response_output_tokens"]) == (1.2, 300)
    (plain,) = OpenAIBeta().encode(Configure(SETUP))
    assert (
        not {"speed", "input_audio_noise_reduction", "max_response_output_tokens"} & json.loads(plain)["session"].keys()
    )


def test_what_was_said_before_is_told_to_the_beta_in_its_own_words() -> None:
    (sent,) = OpenAIBeta().encode(ReplayMessage("a1", "ava", "Hello."))
    assert json.loads(sent)["item"]["content"] == [{"type": "text", "text": "Hello."}]
    assert OpenAIBeta().encode(Cancel()) == OpenAIRealtime().encode(Cancel())
    assert OpenAIBeta().encode(RespondWith("Say hello.")) == OpenAIRealtime().encode(RespondWith("Say hello."))
    assert beta.headers("k")["OpenAI-Beta"] == "realtime=v1"


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"type":5}', b"[1]", b"\xff"])
def test_what_is_no_message_is_none_in_the_beta_either(raw: bytes) -> None:
    (event,) = OpenAIBeta().decode(raw)
    assert isinstance(event, Ignored)


def test_a_beta_session_in_the_telephones_format_is_ready_and_any_other_is_refused() -> None:
    told = {
        "type": "session.updated",
        "session": {"input_audio_format": "g711_ulaw", "output_audio_format": "g711_ulaw"},
    }
    assert OpenAIBeta().decode(json.dumps(told).encode()) == (VoiceReady(),)
    (refused,) = OpenAIBeta().decode(b'{"type":"session.updated","session":{"input_audio_format":"pcm16"}}')
    assert isinstance(refused, VoiceFault)
