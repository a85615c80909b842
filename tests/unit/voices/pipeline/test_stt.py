"""What is sent to transcribers and what their messages mean (speech.md §§1, 2, 5; openai-realtime.md §§1–4)."""

import json
from base64 import b64decode
from dataclasses import replace
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from dialer.voices.pipeline.port import Fault, Message, Ready, SpeechToText, SttEvent, TurnStarted, TurnTranscript
from dialer.voices.pipeline.stt import deepgram, elevenlabs, flux, openai
from tests.support.cascade import SETUP
from tests.support.mutation import mutate


def parts(url: str) -> tuple[str, list[tuple[str, str]]]:
    """An address without its query, and the query."""
    found = urlsplit(url)
    return f"{found.scheme}://{found.netloc}{found.path}", parse_qsl(found.query, keep_blank_values=True)


def reads(transcriber: SpeechToText, *messages: dict[str, Any]) -> list[SttEvent]:
    """What messages say."""
    return [event for each in messages for event in transcriber.decode(json.dumps(each))]


def objects(messages: Any) -> list[dict[str, Any]]:
    """Messages of text, read."""
    return [json.loads(each) for each in messages]


# -- Deepgram --------------------------------------------------------------------------------------------------------


def results(words: str, *, final: bool = False, finalize: bool = False) -> dict[str, Any]:
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": 1.0,
        "start": 0.0,
        "is_final": final,
        "speech_final": False,
        "from_finalize": finalize,
        "channel": {"alternatives": [{"transcript": words, "confidence": 0.9, "words": []}]},
    }


def test_deepgram_is_asked_for_phone_sound_in_the_script_s_language() -> None:
    setup = replace(SETUP, language="hi", keywords=("One Window", "IELTS"))
    address = deepgram.endpoint("https://stt.example.com/base/", "k", "nova-3", setup)
    where, query = parts(address.url)
    assert where == "wss://stt.example.com/base/v1/listen"
    assert dict(query) | {"keyterm": ""} == {
        "model": "nova-3",
        "encoding": "mulaw",
        "sample_rate": "8000",
        "channels": "1",
        "language": "hi",
        "interim_results": "true",
        "punctuate": "true",
        "smart_format": "true",
        "endpointing": "false",
        "keyterm": "",
    }
    assert [value for key, value in query if key == "keyterm"] == ["One Window", "IELTS"]
    assert address.headers == {"Authorization": "Token k"}
    both = deepgram.endpoint("http://127.0.0.1:1", "k", "nova-3", replace(SETUP, languages=("en", "hi")))
    assert parts(both.url)[0].startswith("ws://")
    assert dict(parts(both.url)[1])["language"] == "multi"


def test_deepgram_is_given_raw_sound_and_told_when_a_turn_is_over() -> None:
    session = deepgram.Deepgram("nova-3")
    assert session.is_ready()
    assert session.opened() == ()
    assert session.sound(b"\xff\x00") == (b"\xff\x00",)
    assert objects(session.end_turn()) == [{"type": "Finalize"}]
    assert objects(session.idle()) == [{"type": "KeepAlive"}]
    assert objects(session.bye()) == [{"type": "CloseStream"}]


def test_deepgram_s_final_pieces_make_a_turn_and_interim_ones_replace_each_other() -> None:
    session = deepgram.Deepgram("nova-3")
    assert reads(session, results("I"), results("I want"), results("I want to study", final=True), results("")) == []
    assert reads(session, results("in Canada.", final=True, finalize=True)) == [
        TurnTranscript("I want to study in Canada.")
    ]
    assert reads(session, results("", final=True, finalize=True)) == [TurnTranscript("")]


def test_what_deepgram_was_making_out_is_taken_where_the_rest_does_not_come() -> None:
    session = deepgram.Deepgram("nova-3")
    reads(session, results("I want", final=True), results("to stu"))
    assert session.give_up() == "I want to stu"
    assert session.give_up() == ""


def test_deepgram_s_complaint_ends_the_session() -> None:
    session = deepgram.Deepgram("nova-3")
    said = reads(session, {"type": "Error", "code": "NET-0001", "description": "no audio"})
    assert said == [Fault("NET-0001", "no audio", renewable=True)]
    assert reads(session, {"type": "Metadata", "request_id": "r"}, {"type": "UtteranceEnd", "last_word_end": 1}) == []


# -- Flux ------------------------------------------------------------------------------------------------------------


def turn(event: str, words: str = "", end: float = 1.5) -> dict[str, Any]:
    return {
        "type": "TurnInfo",
        "event": event,
        "turn_index": 0,
        "transcript": words,
        "words": [],
        "audio_window_start": 0.0,
        "audio_window_end": end,
        "end_of_turn_confidence": 0.9,
    }


@pytest.mark.parametrize(("eagerness", "threshold"), [("auto", "0.7"), ("low", "0.9"), ("high", "0.5")])
def test_flux_is_asked_to_mind_turns_as_eagerly_as_the_script_wants(eagerness: str, threshold: str) -> None:
    setup = replace(SETUP, vad_eagerness=eagerness, keywords=("IELTS",))
    where, query = parts(flux.endpoint("https://stt.example.com", "k", "flux-general-en", setup).url)
    assert where == "wss://stt.example.com/v2/listen"
    assert query == [
        ("model", "flux-general-en"),
        ("encoding", "mulaw"),
        ("sample_rate", "8000"),
        ("eot_threshold", threshold),
        ("keyterm", "IELTS"),
    ]


def test_flux_gets_all_sound_in_pieces_of_eighty_milliseconds() -> None:
    session = flux.Flux("flux-general-en")
    sound = bytes(range(256)) * 6
    sent = [each for at in range(0, len(sound), 160) for each in session.sound(sound[at : at + 160])]
    assert [len(each) for each in sent] == [640, 640]
    assert b"".join(each for each in sent if isinstance(each, bytes)) == sound[:1280]
    assert session.end_turn() == session.idle() == session.opened() == ()
    assert objects(session.bye()) == [{"type": "CloseStream"}]


def test_flux_says_when_a_turn_begins_and_ends() -> None:
    session = flux.Flux("flux-general-en")
    assert not session.is_ready()
    assert reads(session, {"type": "Connected", "request_id": "r", "sequence_id": 0}) == [Ready()]
    assert reads(session, turn("StartOfTurn", "I"), turn("Update", "I want"), turn("Update")) == [TurnStarted()]
    assert reads(session, turn("EagerEndOfTurn", "I want"), turn("TurnResumed", "I want to")) == []
    assert reads(session, turn("EndOfTurn", "I want to study.", 2.25)) == [TurnTranscript("I want to study.", 2250)]
    assert reads(session, turn("EndOfTurn", "Yes.", 3)) == [TurnStarted(), TurnTranscript("Yes.", 3000)]
    assert session.give_up() == ""


def test_flux_s_complaint_ends_the_session_and_a_warning_does_not() -> None:
    session = flux.Flux("flux-general-en")
    assert reads(session, {"type": "Warning", "code": "W", "description": "slow"}) == []
    said = reads(session, {"type": "FatalError", "code": "X", "description": "gone"})
    assert said == [Fault("X", "gone", renewable=True)]


# -- ElevenLabs ------------------------------------------------------------------------------------------------------


def test_elevenlabs_is_asked_for_phone_sound_that_we_commit() -> None:
    address = elevenlabs.endpoint("https://api.example.com", "k", "scribe_v2_realtime", SETUP)
    where, query = parts(address.url)
    assert where == "wss://api.example.com/v1/speech-to-text/realtime"
    assert query == [
        ("model_id", "scribe_v2_realtime"),
        ("audio_format", "ulaw_8000"),
        ("commit_strategy", "manual"),
        ("language_code", "en"),
    ]
    assert address.headers == {"xi-api-key": "k"}
    both = elevenlabs.endpoint("https://api.example.com", "k", "m", replace(SETUP, languages=("en", "hi")))
    assert "language_code" not in dict(parts(both.url)[1])


def test_elevenlabs_is_given_sound_in_base64_and_a_commit_is_an_empty_piece() -> None:
    session = elevenlabs.ElevenLabs("scribe_v2_realtime")
    piece, commit = objects([*session.sound(b"\xff\x01"), *session.end_turn()])
    assert b64decode(piece.pop("audio_base_64")) == b"\xff\x01"
    assert piece == {"message_type": "input_audio_chunk", "commit": False, "sample_rate": 8000}
    assert commit == {"message_type": "input_audio_chunk", "audio_base_64": "", "commit": True, "sample_rate": 8000}


def test_elevenlabs_words_of_a_turn_come_with_its_commit() -> None:
    session = elevenlabs.ElevenLabs("scribe_v2_realtime")
    assert reads(session, {"message_type": "session_started", "session_id": "s", "config": {}}) == [Ready()]
    assert reads(session, {"message_type": "partial_transcript", "text": "I want"}) == []
    assert reads(session, {"message_type": "committed_transcript", "text": " I want it. "}) == [
        TurnTranscript("I want it.")
    ]
    again = {"message_type": "committed_transcript_with_timestamps", "text": "I want it.", "words": []}
    assert reads(session, again) == [], "the same words are told once"
    reads(session, {"message_type": "partial_transcript", "text": "And"})
    assert session.give_up() == "And"


def test_elevenlabs_complaint_about_a_commit_is_a_turn_without_words_and_any_other_the_end() -> None:
    session = elevenlabs.ElevenLabs("scribe_v2_realtime")
    assert reads(session, {"message_type": "commit_throttled", "error": "too little"}) == [TurnTranscript("")]
    for kind, renewable in (("auth_error", False), ("quota_exceeded_error", False), ("transcriber_error", True)):
        assert reads(session, {"message_type": kind, "error": "no"}) == [Fault(kind, "no", renewable)]


# -- OpenAI ----------------------------------------------------------------------------------------------------------


def test_openai_is_set_up_for_transcription_alone() -> None:
    setup = replace(SETUP, keywords=("IELTS",), noise_reduction="near_field")
    address = openai.endpoint("https://api.example.com/v1", "k")
    assert address.url == "wss://api.example.com/v1/realtime?intent=transcription"
    assert address.headers == {"Authorization": "Bearer k"}
    assert objects(openai.OpenAI(setup).opened()) == [
        {
            "type": "session.update",
            "session": {
                "type": "transcription",
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcmu"},
                        "transcription": {"model": "gpt-transcribe", "language": "en", "keywords": ["IELTS"]},
                        "turn_detection": None,
                        "noise_reduction": {"type": "near_field"},
                    }
                },
            },
        }
    ]


def test_openai_is_ready_when_it_took_the_setup_and_not_before() -> None:
    session = openai.OpenAI(SETUP)
    assert not session.is_ready()
    assert reads(session, {"type": "session.created", "session": {}}) == []
    assert reads(session, {"type": "session.updated", "session": {}}) == [Ready()]
    append, commit = objects([*session.sound(b"\xff\x01"), *session.end_turn()])
    assert append["type"] == "input_audio_buffer.append"
    assert b64decode(append["audio"]) == b"\xff\x01"
    assert commit == {"type": "input_audio_buffer.commit"}


def test_openai_s_words_come_with_what_they_cost() -> None:
    session = openai.OpenAI(SETUP)
    reads(session, {"type": openai.DELTA, "item_id": "i1", "content_index": 0, "delta": "I wa"})
    done = {
        "type": openai.DONE,
        "item_id": "i1",
        "content_index": 0,
        "transcript": "I want it. ",
        "usage": {"type": "duration", "seconds": 1.5},
    }
    (said,) = reads(session, done)
    assert isinstance(said, TurnTranscript)
    assert (said.words, said.usage["transcribed_ms"]) == ("I want it.", 1500)
    assert reads(session, {"type": openai.FAILED, "item_id": "i2", "error": {}}) == [TurnTranscript(None)]
    reads(session, {"type": openai.DELTA, "item_id": "i3", "delta": "And"})
    assert session.give_up() == "And"


def test_openai_s_complaint_about_an_empty_buffer_is_a_turn_without_words_and_any_other_the_end() -> None:
    session = openai.OpenAI(SETUP)
    early = {"type": "error", "error": {"type": "invalid_request_error", "code": "bad", "message": "no"}}
    assert reads(session, early) == [Fault("bad", "no", renewable=False)]
    reads(session, {"type": "session.updated", "session": {}})
    empty = {"type": "error", "error": {"code": "input_audio_buffer_commit_empty", "message": "empty"}}
    assert reads(session, empty) == [TurnTranscript("")]
    later = {"type": "error", "error": {"code": "server_error", "message": "oh"}}
    assert reads(session, later) == [Fault("server_error", "oh", renewable=True)]


# -- all -------------------------------------------------------------------------------------------------------------

DOCUMENTED = [
    results("I want", final=True, finalize=True),
    {"type": "Error", "code": "X", "description": "y"},
    turn("EndOfTurn", "Yes."),
    {"message_type": "committed_transcript", "text": "Yes."},
    {"message_type": "auth_error", "error": "no"},
    {"type": openai.DONE, "item_id": "i1", "transcript": "Yes.", "usage": {"type": "duration", "seconds": 1.5}},
    {"type": openai.DELTA, "item_id": "i1", "delta": "Yes."},
    {"type": "error", "error": {"type": "x", "code": "y", "message": "z"}},
]


def test_no_damaged_message_breaks_a_transcriber() -> None:
    random = Random(5)
    every: list[SpeechToText] = [
        deepgram.Deepgram("m"),
        flux.Flux("m"),
        elevenlabs.ElevenLabs("m"),
        openai.OpenAI(SETUP),
    ]
    for _ in range(3000):
        raw = mutate(random, DOCUMENTED)
        message: Message = raw if random.random() < 0.5 else raw.decode("utf-8", "replace")
        for each in every:
            for event in each.decode(message):
                assert isinstance(event, (Ready, Fault, TurnStarted, TurnTranscript))
