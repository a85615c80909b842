"""OpenAI's realtime socket: every documented message in, only documented ones out, and a talk driven by both."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from openai.types.realtime import RealtimeClientEvent
from pydantic import TypeAdapter

from dialer.ava.tool_schemas import specs
from dialer.bridge.conversation.core import Conversation
from dialer.bridge.conversation.effects import (
    Effect,
    EndReason,
    Finish,
    ReconnectVoice,
    RunTool,
    SaveTurn,
    SendClear,
    SendMark,
    SendToVoice,
)
from dialer.carriers.media import MediaFrame, MediaMark, MediaStarted, MediaStopped
from dialer.carriers.twilio import media
from dialer.voices.openai import realtime
from dialer.voices.openai.events import IGNORED
from dialer.voices.port import (
    AgentTranscript,
    AgentTranscriptDelta,
    Audio,
    Cancel,
    Configure,
    Ignored,
    ItemAdded,
    RateLimit,
    ReplayMessage,
    ReplayToolCall,
    Respond,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    SessionConfig,
    SpeechStarted,
    SpeechStopped,
    SystemNote,
    ToolCalled,
    ToolResult,
    Truncate,
    UserTranscript,
    VoiceCommand,
    VoiceEvent,
    VoiceFault,
    VoiceOpened,
    VoiceReady,
)

VECTORS = Path(__file__).parents[3] / "vectors"
VOICE = json.loads((VECTORS / "openai-realtime-ga.json").read_text(encoding="utf-8"))["sequences"]
CARRIER = json.loads((VECTORS / "twilio-media-stream.json").read_text(encoding="utf-8"))
FROM_VOICE = [step["message"] for steps in VOICE.values() for step in steps if step["direction"] == "server_to_client"]
SETUP = SessionConfig("You are AVA.", specs(), "marin", 0.5, 300, 500, "gpt-4o-mini-transcribe", "en")
KINDS: dict[str, type[VoiceEvent]] = {
    "session.created": VoiceOpened,
    "session.updated": VoiceReady,
    "conversation.item.added": ItemAdded,
    "input_audio_buffer.committed": ItemAdded,
    "input_audio_buffer.speech_started": SpeechStarted,
    "input_audio_buffer.speech_stopped": SpeechStopped,
    "response.created": ResponseStarted,
    "response.output_audio.delta": Audio,
    "response.output_audio_transcript.delta": AgentTranscriptDelta,
    "response.output_audio_transcript.done": AgentTranscript,
    "conversation.item.input_audio_transcription.completed": UserTranscript,
    "response.done": ResponseDone,
    "rate_limits.updated": RateLimit,
    "error": VoiceFault,
}
DEEP = b'{"type":"x","session":{"a":' + b"[" * 60_000
# openai-realtime.md §4, event by event, besides those of KINDS.
DOCUMENTED = [
    "conversation.created",
    "conversation.item.done",
    "conversation.item.created",
    "conversation.item.retrieved",
    "conversation.item.deleted",
    "conversation.item.truncated",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.segment",
    "conversation.item.input_audio_transcription.failed",
    "input_audio_buffer.cleared",
    "input_audio_buffer.timeout_triggered",
    "input_audio_buffer.dtmf_event_received",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.output_audio.done",
    "response.output_text.delta",
    "response.output_text.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "rate_limits.updated",
    "mcp_list_tools.in_progress",
    "mcp_list_tools.completed",
    "mcp_list_tools.failed",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_call.in_progress",
    "response.mcp_call.completed",
    "response.mcp_call.failed",
    "output_audio_buffer.started",
    "output_audio_buffer.stopped",
    "output_audio_buffer.cleared",
]


def _read(message: dict[str, Any]) -> VoiceEvent:
    return realtime.decode(json.dumps(message).encode())


def _wire(command: VoiceCommand) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(realtime.encode(command))
    return message


@pytest.mark.parametrize("message", FROM_VOICE, ids=lambda message: message.get("event_id", message["type"]))
def test_every_message_that_the_voice_documents_is_read_as_what_it_is(message: dict[str, Any]) -> None:
    event, kind = _read(message), message["type"]
    if kind == "response.output_item.done":
        assert isinstance(event, ToolCalled if message["item"]["type"] == "function_call" else Ignored)
    else:
        assert isinstance(event, Ignored if kind in IGNORED else KINDS[kind])


@pytest.mark.parametrize("kind", [*DOCUMENTED, *KINDS])
def test_every_documented_event_is_read_or_ignored_on_purpose(kind: str) -> None:
    event = _read({"type": kind})
    assert not (isinstance(event, Ignored) and event.unknown)
    assert (kind in IGNORED) <= isinstance(event, Ignored)


def test_nothing_is_ignored_that_is_not_documented() -> None:
    assert set(IGNORED) <= set(DOCUMENTED)
    assert not set(IGNORED) & set(KINDS)
    assert all(IGNORED.values())


def test_an_event_that_nobody_knows_is_ignored_and_told_once() -> None:
    talk = _talking()
    for n in range(50):
        assert talk.voice(_read({"type": "response.telepathy.delta"}), 1.0) == []
        assert talk.voice(_read({"type": f"new.{n}"}), 1.0) == []
    assert "response.telepathy.delta" in talk.unknown_events
    assert len(talk.unknown_events) == 20


def test_the_least_that_was_left_of_a_minutes_tokens_is_kept() -> None:
    talk = _talking()
    for remaining in (40_000, 2_500, 30_000):
        limits = [{"name": "requests", "limit": 100, "remaining": 1}, {"name": "tokens", "limit": 50_000}]
        limits[1]["remaining"] = remaining
        talk.voice(_read({"type": "rate_limits.updated", "rate_limits": limits}), 1.0)
    assert talk.tokens_left == 0.05


def test_the_words_and_numbers_of_a_message_are_kept() -> None:
    ids = {"item_id": "i", "content_index": 0}
    completed = "conversation.item.input_audio_transcription.completed"
    assert _read({"type": completed, "transcript": " Yes. \n", **ids}) == UserTranscript("i", "Yes.")
    assert _read({"type": completed.replace("completed", "failed"), "error": {}, **ids}) == UserTranscript("i", None)
    assert _read({"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 6900, **ids}) == SpeechStopped(6900)
    for kind, role, who in (
        ("message", "assistant", "ava"),
        ("message", "user", "student"),
        ("message", "system", None),
    ):
        item = {"id": "i", "type": kind, "role": role}
        assert _read({"type": "conversation.item.added", "previous_item_id": "h", "item": item}) == ItemAdded(
            "i", "h", who
        )
    call = {"id": "i", "type": "function_call", "status": "completed", "call_id": "c", "name": "n", "arguments": "{"}
    assert _read({"type": "response.output_item.done", "item": call}) == ToolCalled("c", "i", "n", "{")
    assert _read({"type": "conversation.item.added", "item": call}) == ItemAdded("i", None, None)


def test_a_tool_call_that_was_cut_off_is_not_run() -> None:
    call = {"type": "function_call", "status": "incomplete", "call_id": "c", "name": "book_slot", "arguments": '{"sl'}
    assert isinstance(_read({"type": "response.output_item.done", "item": call}), Ignored)


def test_tokens_are_counted_by_what_they_cost() -> None:
    done = next(
        step["message"] for step in VOICE["greeting_ai_speaks_first"] if step["message"]["type"] == "response.done"
    )
    counts = {"text_in": 55, "audio_in": 13, "text_cached": 64, "text_out": 30, "audio_out": 91}
    assert _read(done) == ResponseDone("completed", None, counts)
    details = {"text_tokens": 9, "audio_tokens": 8, "cached_tokens_details": {"text_tokens": 2, "audio_tokens": 8}}
    response = {"status": "cancelled", "usage": {"input_token_details": details, "output_token_details": None}}
    assert _read({"type": "response.done", "response": response}) == ResponseDone(
        "cancelled", None, {"text_in": 7, "text_cached": 2, "audio_cached": 8}
    )
    assert _read({"type": "response.done", "response": {"status": "failed"}}) == ResponseDone("failed", "failed")


def test_failures_of_the_model_are_named_and_an_answer_that_was_merely_cut_short_is_none() -> None:
    ended = [_read(step["message"]) for step in VOICE["failed_and_incomplete_responses"]]
    assert [(event.status, event.fault) for event in ended if isinstance(event, ResponseDone)] == [
        ("failed", "insufficient_quota"),
        ("failed", "rate_limit_exceeded"),
        ("incomplete", None),
    ]
    assert [event.hopeless for event in ended if isinstance(event, ResponseDone)] == [True, False, False]


def test_only_errors_that_end_the_session_or_refuse_its_set_up_are_fatal() -> None:
    harmless = [_read(step["message"]) for step in VOICE["errors_session_stays_open"]]
    assert [event.fatal for event in harmless if isinstance(event, VoiceFault)] == [False, False, False]
    for code in ("session_expired", "beta_api_shape_disabled", "insufficient_quota"):
        error = {"type": "invalid_request_error", "code": code, "message": "m"}
        renewable = code == "session_expired"
        assert _read({"type": "error", "error": error}) == VoiceFault(code, "m", fatal=True, renewable=renewable)
    refused = {
        "type": "invalid_request_error",
        "code": None,
        "message": "m",
        "event_id": _wire(Configure(SETUP))["event_id"],
    }
    assert _read({"type": "error", "error": refused}) == VoiceFault("invalid_request_error", "m", fatal=True)


@pytest.mark.parametrize("side", ["input", "output"])
def test_a_session_that_would_be_noise_on_a_phone_is_refused(side: str) -> None:
    updated = next(message for message in FROM_VOICE if message["type"] == "session.updated")
    wrong = json.loads(json.dumps(updated))
    wrong["session"]["audio"][side]["format"] = {"type": "audio/pcm", "rate": 24000}
    event = _read(wrong)
    assert isinstance(event, VoiceFault)
    assert event.fatal
    assert isinstance(_read({"type": "session.updated"}), VoiceFault)


@pytest.mark.parametrize("frame", [b"", b"{", b"\xff", b"[]", b'{"type":5}', b"{}", b'{"type":"error"}', DEEP])
def test_what_is_not_a_message_changes_nothing(frame: bytes) -> None:
    assert isinstance(realtime.decode(frame), Ignored)


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, ["x"], {"x": 5}, -1.5, True], ids=json.dumps)
@pytest.mark.parametrize("kind", ["session.updated", "response.done", "conversation.item.added", "error"])
def test_a_message_with_something_odd_in_it_never_breaks_the_talk(kind: str, odd: object) -> None:
    for message in (each for each in FROM_VOICE if each["type"] == kind):
        for path in _paths(message):
            _read(_with(message, path, odd))


def _paths(value: object) -> list[tuple[str, ...]]:
    """The way to every value inside a message."""
    if not isinstance(value, dict):
        return []
    return [(key, *path) for key, inner in value.items() for path in [(), *_paths(inner)]]


def _with(message: dict[str, Any], path: tuple[str, ...], odd: object) -> dict[str, Any]:
    key, *rest = path
    return {**message, key: _with(message[key], tuple(rest), odd) if rest else odd}


@pytest.mark.parametrize(
    "command",
    [
        Configure(SETUP),
        RespondWith("Hi."),
        Respond(),
        Respond(in_words=True),
        Cancel(),
        Truncate("i", 700),
        ToolResult("c", '{"ok":true}'),
        ReplayMessage("i", "ava", "Which country?"),
        ReplayMessage("i", "student", "Canada."),
        ReplayToolCall("i", "c", "find_slots", "{}"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_the_voice_is_told_nothing_that_it_does_not_document(command: VoiceCommand) -> None:
    message = _wire(command)
    event = TypeAdapter[Any](RealtimeClientEvent).validate_python(message)
    assert not _unknown(event)
    known = json.loads(event.model_dump_json(exclude_unset=True))
    assert known == message


def _unknown(model: Any) -> list[str]:
    """Keys that the provider's own types do not know, at any depth."""
    if isinstance(model, list):
        return [key for each in model for key in _unknown(each)]
    if not hasattr(model, "model_fields_set"):
        return []
    inside = [key for name in type(model).model_fields for key in _unknown(getattr(model, name))]
    return [*(model.model_extra or {}), *inside]


def test_a_session_is_set_up_for_a_phone_with_every_tool() -> None:
    session = _wire(Configure(SETUP))["session"]
    assert session["type"] == "realtime"
    assert session["audio"]["input"]["format"] == session["audio"]["output"]["format"] == {"type": "audio/pcmu"}
    assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 500
    assert [tool["name"] for tool in session["tools"]] == [tool.name for tool in specs()]
    assert not {"temperature", "voice", "modalities"} & set(session)


def test_the_transcribers_own_tokens_are_counted_apart() -> None:
    completed = "conversation.item.input_audio_transcription.completed"
    event = {"type": completed, "item_id": "i", "content_index": 0, "transcript": "Yes."}
    tokens = {"type": "tokens", "input_token_details": {"text_tokens": 0, "audio_tokens": 12}, "output_tokens": 3}
    assert _read({**event, "usage": tokens}) == UserTranscript(
        "i", "Yes.", {"transcribed_audio_in": 12, "transcribed_text_out": 3}
    )
    assert _read({**event, "usage": {"type": "duration", "seconds": 1.25}}) == UserTranscript(
        "i", "Yes.", {"transcribed_ms": 1250}
    )
    for odd in ({"seconds": "x"}, {"output_tokens": []}, {"input_token_details": {"audio_tokens": "1"}}):
        assert _read({**event, "usage": odd}) == UserTranscript("i", "Yes."), "the words count, whatever the bill says"


def test_a_students_sound_is_passed_on_as_it_came() -> None:
    message = json.loads(realtime.encode_audio("//8="))
    assert message == {"type": "input_audio_buffer.append", "audio": "//8="}
    TypeAdapter[Any](RealtimeClientEvent).validate_python(message)


def test_the_address_keeps_what_was_configured_and_the_handshake_never_asks_for_the_retired_interface() -> None:
    assert realtime.address("wss://h/v1/realtime", "m 1") == "wss://h/v1/realtime?model=m+1"
    assert realtime.address("wss://h/v1/realtime?a=b", "m") == "wss://h/v1/realtime?a=b&model=m"
    assert realtime.headers("sk-1") == {"Authorization": "Bearer sk-1"}


def _drive(talk: Conversation, sequence: list[dict[str, Any]]) -> list[Effect]:
    effects: list[Effect] = []
    for step in sequence:
        if step["direction"] == "server_to_client":
            event = _read(step["message"])
            if not isinstance(event, Audio):
                effects += talk.voice(event, 1.0)
            elif not talk.audio(event):
                effects.append(SaveTurn("dropped", "ava", "", 0, 0))
    return effects


def _commands(effects: list[Effect]) -> list[VoiceCommand]:
    return [effect.command for effect in effects if isinstance(effect, SendToVoice)]


def test_a_call_as_both_providers_document_it_is_opened_talked_through_and_ended() -> None:
    talk = Conversation(SETUP, "open", "goodbye", 600.0, 0.0)
    assert [_wire(each)["type"] for each in _commands(_drive(talk, VOICE["setup"]))] == ["session.update"]
    effects: list[Effect] = []
    for step in CARRIER["answered_call"]:
        if step["direction"] == "twilio_to_server":
            event = media.decode(json.dumps(step["message"]).encode())
            if isinstance(event, MediaFrame):
                assert talk.frame(event)
            elif not isinstance(event, MediaStopped):
                effects += talk.media(event, 0.5)
    assert effects == [SendToVoice(RespondWith("open"))]
    assert (talk.stream_ms, talk.given_bytes) == (101, 480)
    greeting = "Hello, this is AVA calling from the university."
    assert _drive(talk, VOICE["greeting_ai_speaks_first"]) == [
        SendMark("0:800"),
        SaveTurn("item_001", "ava", greeting, 101, None),
    ]
    _at(talk, 1000)
    assert talk.media(MediaMark("0:800"), 0.9) == []
    turn = VOICE["turn_with_function_call"]
    asked = next(place for place, step in enumerate(turn) if step["message"]["type"] == "conversation.item.create")
    arguments = '{"interested": true, "program": "MSc Data Science"}'
    assert _drive(talk, turn[:asked]) == [
        SaveTurn("item_002", "student", "Yes, data science.", 1000, None),
        RunTool("call_001", "item_003", "set_lead_outcome", arguments),
    ]
    done = talk.tool_done("call_001", '{"ok":true}', ends=False, opted_out=False, now=1.0)
    assert [_wire(each) for each in _commands(done)] == [
        {key: value for key, value in step["message"].items() if key != "event_id"}
        for step in turn[asked:]
        if step["direction"] == "client_to_server"
    ]
    assert SaveTurn("item_004", "ava", "Great, I have noted that.", 1000, None) in _drive(talk, turn[asked:])
    assert talk.positions() == {"item_001": 0, "item_002": 1, "item_004": 2}
    assert talk.usages[""]["audio_out"] > 0
    stop = media.decode(json.dumps(CARRIER["answered_call"][-1]["message"]).encode())
    assert isinstance(stop, MediaStopped)
    assert talk.media(stop, 2.0) == [
        SaveTurn("item_004", "ava", "", 1000, 0),
        Finish(EndReason.STUDENT_LEFT),
    ]  # not heard


def _talking() -> Conversation:
    talk = Conversation(SETUP, "open", "goodbye", 600.0, 0.0)
    talk.media(MediaStarted("MZ1", "CA1", {}), 0.0)
    for event in (VoiceReady(), ResponseStarted(), ResponseDone("completed")):
        talk.voice(event, 0.0)
    return talk


def _at(talk: Conversation, ms: int) -> None:
    talk.frame(MediaFrame("//8=", ms))


def _documented(sequence: list[dict[str, Any]]) -> dict[str, Any]:
    """The truncation that the vectors expect, without our own event id."""
    message = next(step["message"] for step in sequence if step["message"]["type"] == "conversation.item.truncate")
    return {key: value for key, value in message.items() if key != "event_id"}


def test_a_student_who_speaks_while_ava_is_still_being_made_cuts_her_where_the_provider_says() -> None:
    talk, sequence = _talking(), VOICE["barge_in_while_generating"]
    speaks = [place for place, step in enumerate(sequence) if step["message"]["type"].endswith("speech_started")][1]
    assert not _commands(_drive(talk, sequence[:speaks]))
    _at(talk, 40)
    effects = _drive(talk, sequence[speaks:])
    assert effects[0] == SendClear()
    assert [_wire(each) for each in _commands(effects)] == [{"type": "response.cancel"}, _documented(sequence)]
    assert [(each.words, each.heard_ms) for each in effects if isinstance(each, SaveTurn)] == [("We have several", 40)]
    assert not talk.is_over


def test_a_student_who_speaks_when_ava_was_made_but_not_yet_heard_cuts_her_too() -> None:
    talk, sequence = _talking(), VOICE["barge_in_after_response_done"]
    talk.audio(Audio("item_008", b64encode(b"\xff" * 16_000).decode()))
    _at(talk, 700)
    assert [_wire(each) for each in _commands(_drive(talk, sequence))] == [_documented(sequence)]


def test_a_session_that_expires_is_followed_by_another_one() -> None:
    """F47: session_expired."""
    talk = _talking()
    assert _drive(talk, VOICE["session_end"])[0] == ReconnectVoice()
    assert not talk.is_over


def test_a_session_speaks_the_protocol_as_it_is_and_a_note_is_the_systems() -> None:
    codec = realtime.OpenAIRealtime()
    (sent,) = codec.encode(SystemNote("her sister studies there"))
    item = json.loads(sent)["item"]
    assert (item["role"], item["content"]) == ("system", [{"type": "input_text", "text": "her sister studies there"}])
    assert codec.encode_audio("AAAA") == realtime.encode_audio("AAAA")
    assert codec.decode(b'{"type":"session.created"}') == (VoiceOpened(),)


@pytest.mark.parametrize("delta", ['"},"x":{"', "AAA", "AA\\A", "A===", "½½½½", "AA AA"])
def test_what_is_no_sound_is_not_sent_on_to_the_carrier(delta: str) -> None:
    assert _read({"type": "response.output_audio.delta", "item_id": "a", "delta": delta}) == Ignored("malformed")
