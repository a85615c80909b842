"""Twilio Media Streams: every documented message in either direction, and a refusal of everything else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.carriers.media import (
    MediaConnected,
    MediaDecodeError,
    MediaDigit,
    MediaEvent,
    MediaFrame,
    MediaIgnored,
    MediaMark,
    MediaStarted,
    MediaStopped,
)
from dialer.carriers.twilio import media

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "twilio-media-stream.json").read_text(encoding="utf-8"))
STREAM, CALL = "MZ00112233445566778899aabbccddeeff", "CAfedcba9876543210fedcba9876543210"
START: dict[str, Any] = VECTORS["answered_call"][1]["message"]
FRAME = {"event": "media", "streamSid": STREAM, "media": {"track": "inbound", "timestamp": "61", "payload": "//8="}}


def _read(message: object) -> MediaEvent:
    return media.decode(json.dumps(message).encode())


def _sent(direction: str, story: str) -> list[dict[str, Any]]:
    return [step["message"] for step in VECTORS[story] if step["direction"] == direction]


def test_a_call_as_twilio_documents_it_is_read_message_by_message() -> None:
    messages = _sent("twilio_to_server", "answered_call")
    frames = [MediaFrame(each["media"]["payload"], int(each["media"]["timestamp"])) for each in messages[2:5]]
    assert [frame.at_ms for frame in frames] == [61, 81, 101]
    assert [_read(message) for message in messages] == [
        MediaConnected(),
        MediaStarted(STREAM, CALL, {"attempt_id": "att_0001", "token": "s3cr3t"}),
        *frames,
        MediaMark("item_A:1"),
        MediaDigit("1"),
        MediaStopped("stop"),
    ]
    assert [_read(each) for each in _sent("twilio_to_server", "barge_in")] == [
        MediaMark("item_B:1"),
        MediaMark("item_B:2"),
    ]


def test_messages_that_surprised_others_are_read_without_harm() -> None:
    assert [_read(each["message"]) for each in VECTORS["robustness"]] == [
        MediaStopped("stop"),
        MediaIgnored("something-new"),
        MediaStarted(STREAM, CALL, {}),
    ]
    start = {key: value for key, value in START["start"].items() if key not in ("customParameters", "streamSid")}
    assert _read({**START, "start": start}) == MediaStarted(STREAM, CALL, {})
    assert _read({"event": "stop"}) == MediaStopped("stop")
    assert media.decode(memoryview(json.dumps(FRAME).encode())) == MediaFrame("//8=", 61)


def test_only_what_the_student_says_is_heard_and_never_avas_own_voice() -> None:
    assert _read({**FRAME, "media": {**FRAME["media"], "track": "outbound"}}) == MediaIgnored("media")  # type: ignore[dict-item]
    assert _read({**FRAME, "media": {"payload": "//8="}}) == MediaFrame("//8=", 0)


@pytest.mark.parametrize(
    "shape",
    [
        {"encoding": "audio/x-l16", "sampleRate": 8000, "channels": 1},
        {"encoding": "audio/x-mulaw", "sampleRate": 16000, "channels": 1},
        {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 2},
        {},
    ],
)
def test_a_stream_of_another_sound_is_refused(shape: dict[str, object]) -> None:
    with pytest.raises(MediaDecodeError, match="not what was agreed"):
        _read({**START, "start": {**START["start"], "mediaFormat": shape}})


@pytest.mark.parametrize(
    "message",
    [
        {"event": "start", "streamSid": STREAM},
        {**START, "streamSid": ""},
        {**START, "start": {"mediaFormat": START["start"]["mediaFormat"]}},
        {**START, "start": {**START["start"], "customParameters": {"token": 5}}},
        {"event": "mark", "streamSid": STREAM},
        {"event": "dtmf", "streamSid": STREAM},
        {"event": "media", "streamSid": STREAM},
        {**FRAME, "media": {"timestamp": "1"}},
        {**FRAME, "media": {"payload": None}},
        *({**FRAME, "media": {"payload": "//8=", "timestamp": odd}} for odd in ("", "-1", "1.5", "x", 61, None)),
        *({**FRAME, "media": {"payload": "//8=", "timestamp": odd}} for odd in ("²", "9" * 5000)),
        {"streamSid": STREAM},
        {"event": None},
        ["event"],
        "media",
        5,
        None,
    ],
    ids=lambda message: json.dumps(message)[:70],
)
def test_a_message_without_what_belongs_to_it_is_refused(message: object) -> None:
    with pytest.raises(MediaDecodeError):
        _read(message)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"not json",
        b'{"event":"media"',
        b'{"event":"\xff"}',
        b"\x00" * 1000,
        b'{"event":"x","a":' + b"[" * 60_000,
    ],
    ids=["nothing", "cut", "words", "cut later", "not UTF-8", "binary", "very deep"],
)
def test_what_is_not_json_is_refused(frame: bytes) -> None:
    with pytest.raises(MediaDecodeError):
        media.decode(frame)


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(), lambda inner: st.lists(inner)).map(lambda x: json.dumps(x).encode())
)
def test_any_bytes_are_read_or_refused(frame: bytes) -> None:
    try:
        media.decode(frame)
    except MediaDecodeError:
        return


JUNK = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.dictionaries(st.text(max_size=5), st.text(max_size=5))
)


@given(
    st.fixed_dictionaries(
        {"event": st.sampled_from(["start", "media", "mark", "dtmf", "stop", "connected"])},
        optional={
            "streamSid": JUNK,
            "mark": st.fixed_dictionaries({}, optional={"name": JUNK}) | JUNK,
            "dtmf": st.fixed_dictionaries({}, optional={"digit": JUNK}) | JUNK,
            "media": st.fixed_dictionaries({"payload": st.text()}, optional={"timestamp": JUNK, "track": JUNK}) | JUNK,
            "start": JUNK,
        },
    )
)
def test_any_message_of_a_known_kind_is_read_or_refused(message: dict[str, object]) -> None:
    try:
        _read(message)
    except MediaDecodeError:
        return


def test_twilio_is_sent_exactly_the_documented_shapes() -> None:
    story = [*_sent("server_to_twilio", "answered_call"), *_sent("server_to_twilio", "barge_in")]
    assert {message["event"] for message in story} == {"media", "mark", "clear"}
    for message in story:
        match message["event"]:
            case "media":
                sent = media.encode_audio(STREAM, message["media"]["payload"])
            case "mark":
                sent = media.encode_mark(STREAM, message["mark"]["name"])
            case _:
                sent = media.encode_clear(STREAM)
        assert json.loads(sent) == message


@given(st.text(st.characters(codec="utf-8")))
def test_a_mark_comes_through_whatever_its_name(name: str) -> None:
    assert json.loads(media.encode_mark(STREAM, name))["mark"] == {"name": name}


def test_what_is_given_to_the_codec_leaves_at_once_and_unchanged() -> None:
    codec, sent = media.TwilioMedia(), list[bytes]()
    codec.encode_audio(STREAM, "//8=", sent.append)
    codec.encode_mark(STREAM, "m", sent.append, ends=True)
    codec.encode_clear(STREAM, sent.append)
    codec.flush(STREAM, sent.append)
    assert sent == [media.encode_audio(STREAM, "//8="), media.encode_mark(STREAM, "m"), media.encode_clear(STREAM)]
    assert not codec.waits
