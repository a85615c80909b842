"""Exotel's Voicebot socket, by the recorded messages in either direction, and the rules for the size of what is sent."""

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.audio import ulaw as audio
from dialer.carriers.exotel.media import ExotelMedia
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

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "exotel-voicebot-stream.json").read_text("utf-8"))
STREAM, CALL = "f0e1d2c3b4a5968778695a4b3c2d1e0f", "c5797dcbaaeed7678c4062a4a3ed2f8a"
START: dict[str, Any] = VECTORS["answered_call"][1]["message"]
QUIET = b64encode(b"\0\0" * 800).decode()
FRAME = {"event": "media", "stream_sid": STREAM, "media": {"chunk": "1", "timestamp": "100", "payload": QUIET}}
UNIT, LEAST, MOST = 320, 3200, 100_000


def _read(message: object, codec: ExotelMedia | None = None) -> MediaEvent:
    return (codec or ExotelMedia()).decode(json.dumps(message).encode())


def _told(direction: str, story: str) -> list[dict[str, Any]]:
    return [step["message"] for step in VECTORS[story] if step["direction"] == direction]


def _ulaw(pcm_payload: str) -> str:
    return b64encode(audio.ulaw_encode(audio.pcm_from_bytes(b64decode(pcm_payload)))).decode()


class Wire:
    """A codec, and what it has sent."""

    def __init__(self) -> None:
        self.codec = ExotelMedia()
        self.sent: list[dict[str, Any]] = []

    def take(self, message: bytes) -> None:
        self.sent.append(json.loads(message))

    def say(self, ulaw: bytes) -> None:
        self.codec.encode_audio(STREAM, b64encode(ulaw).decode(), self.take)

    def mark(self, name: str, *, ends: bool = False) -> None:
        self.codec.encode_mark(STREAM, name, self.take, ends=ends)

    def clear(self) -> None:
        self.codec.encode_clear(STREAM, self.take)

    def flush(self) -> None:
        self.codec.flush(STREAM, self.take)

    @property
    def pieces(self) -> list[bytes]:
        return [b64decode(each["media"]["payload"]) for each in self.sent if each["event"] == "media"]

    @property
    def kinds(self) -> list[str]:
        return [each["event"] for each in self.sent]


def test_a_call_as_exotel_documents_it_is_read_message_by_message() -> None:
    messages = _told("exotel_to_server", "answered_call")
    codec = ExotelMedia()
    frames = [MediaFrame(_ulaw(each["media"]["payload"]), int(each["media"]["timestamp"])) for each in messages[2:5]]
    assert [frame.at_ms for frame in frames] == [100, 200, 300]
    assert [_read(message, codec) for message in messages] == [
        MediaConnected(),
        MediaStarted(STREAM, CALL, {"attempt_id": "att_0001", "token": "s3cr3t"}),
        *frames,
        MediaMark("item_A:1"),
        MediaDigit("1"),
        MediaStopped("callended"),
    ]


def test_a_hundred_milliseconds_of_pcm_are_a_hundred_of_ulaw() -> None:
    event = _read(FRAME)
    assert isinstance(event, MediaFrame)
    assert b64decode(event.payload) == bytes([audio.SILENCE]) * 800


def test_every_variant_that_was_seen_is_read() -> None:
    numbers, camel, units = (_read(each["message"]) for each in VECTORS["tolerated_variants"])
    assert isinstance(numbers, MediaFrame)
    assert numbers.at_ms == 200
    assert camel == units == MediaStarted(STREAM, CALL, {})


def test_parameters_come_in_either_spelling_and_as_text() -> None:
    start = {"callSid": CALL, "customParameters": {"token": "t", "n": 5}}
    assert _read({"event": "start", "streamSid": STREAM, "start": start}) == MediaStarted(
        STREAM, CALL, {"token": "t", "n": "5"}
    )
    assert _read({"event": "start", "start": {"stream_sid": STREAM, "call_sid": CALL, "custom_parameters": []}}) == (
        MediaStarted(STREAM, CALL, {})
    )


def test_messages_that_mean_little_are_read_without_harm() -> None:
    assert _read({"event": "stop"}) == MediaStopped("stop")
    assert _read({"event": "stop", "stop": {"reason": "stopped"}}) == MediaStopped("stopped")
    assert _read({"event": "something-new", "stream_sid": STREAM}) == MediaIgnored("something-new")
    assert _read({"event": "dtmf", "dtmf": {"digit": 5, "duration": "100"}}) == MediaDigit("5")


def test_without_timestamps_the_sound_itself_tells_the_time() -> None:
    codec, media = ExotelMedia(), {"event": "media", "media": {"payload": QUIET}}
    times = [_read(media, codec) for _ in range(3)]
    assert [event.at_ms for event in times if isinstance(event, MediaFrame)] == [100, 200, 300]


@pytest.mark.parametrize(
    "shape",
    [{"sample_rate": "16000"}, {"sampleRate": 24000}, {"encoding": "audio/x-mulaw", "sample_rate": "8000"}],
    ids=["16 kHz", "24 kHz", "mu-law"],
)
def test_a_stream_of_another_sound_is_refused(shape: dict[str, object]) -> None:
    with pytest.raises(MediaDecodeError, match="not what was agreed"):
        _read({**START, "start": {**START["start"], "media_format": shape}})


@pytest.mark.parametrize(
    "message",
    [
        {"event": "start", "stream_sid": STREAM},
        {"event": "start", "start": {"call_sid": CALL}},
        {"event": "start", "stream_sid": STREAM, "start": {"stream_sid": STREAM}},
        {**START, "start": {**START["start"], "media_format": {"sample_rate": "fast"}}},
        {"event": "mark", "stream_sid": STREAM},
        {"event": "dtmf", "stream_sid": STREAM},
        {"event": "media", "stream_sid": STREAM},
        {"event": "media", "media": {"payload": None}},
        {"event": "media", "media": {"payload": "?"}},
        {"event": "media", "media": {"payload": QUIET, "timestamp": "-5"}},
        {"event": "media", "media": {"payload": QUIET, "timestamp": "9" * 400}},
        {"event": "media", "media": {"payload": QUIET, "timestamp": 1.5}},
        {"stream_sid": STREAM},
        ["event"],
        None,
    ],
    ids=lambda message: json.dumps(message)[:60],
)
def test_a_message_without_what_belongs_to_it_is_refused(message: object) -> None:
    with pytest.raises(MediaDecodeError):
        _read(message)


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(), lambda inner: st.lists(inner)).map(lambda x: json.dumps(x).encode())
)
def test_any_bytes_are_read_or_refused(frame: bytes) -> None:
    try:
        ExotelMedia().decode(frame)
    except MediaDecodeError:
        return


JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.text(max_size=3))


@given(
    st.fixed_dictionaries(
        {"event": st.sampled_from(["start", "media", "mark", "dtmf", "stop", "connected"])},
        optional={
            "stream_sid": JUNK,
            "mark": st.fixed_dictionaries({}, optional={"name": JUNK}) | JUNK,
            "dtmf": st.fixed_dictionaries({}, optional={"digit": JUNK}) | JUNK,
            "stop": st.fixed_dictionaries({}, optional={"reason": JUNK}) | JUNK,
            "media": st.fixed_dictionaries({"payload": st.text() | st.just(QUIET)}, optional={"timestamp": JUNK})
            | JUNK,
            "start": st.fixed_dictionaries(
                {"call_sid": st.just(CALL), "stream_sid": st.just(STREAM)},
                optional={
                    "custom_parameters": JUNK | st.dictionaries(st.text(max_size=3), JUNK),
                    "media_format": st.fixed_dictionaries({}, optional={"sample_rate": JUNK, "encoding": JUNK}) | JUNK,
                },
            ),
        },
    )
)
def test_any_message_of_a_known_kind_is_read_or_refused(message: dict[str, object]) -> None:
    try:
        _read(message)
    except MediaDecodeError:
        return


@pytest.mark.parametrize("story", ["answered_call", "barge_in"])
def test_exotel_is_sent_the_documented_shapes(story: str) -> None:
    wire = Wire()
    for message in _told("server_to_exotel", story):
        match message["event"]:
            case "media":
                wire.say(b64decode(_ulaw(message["media"]["payload"])))
            case "mark":
                wire.mark(message["mark"]["name"], ends=True)
            case _:
                wire.clear()
    documented = _told("server_to_exotel", story)
    assert wire.kinds == [message["event"] for message in documented]
    for sent, message in zip(wire.sent, documented, strict=True):
        assert sent["stream_sid"] == message["stream_sid"]
        assert sent.get("mark") == message.get("mark")
        if sent["event"] == "media":
            ours, theirs = (b64decode(each["media"]["payload"]) for each in (sent, message))
            assert len(ours) == len(theirs)
            apart = np.abs(audio.pcm_from_bytes(ours).astype(int) - audio.pcm_from_bytes(theirs).astype(int))
            assert int(apart.max()) <= 512, "the sound is the same, as far as µ-law holds it"


def test_less_than_a_piece_waits_until_the_utterance_ends() -> None:
    wire = Wire()
    wire.say(bytes(1000))
    assert wire.sent == []
    assert wire.codec.waits
    wire.mark("end", ends=True)
    assert [len(piece) for piece in wire.pieces] == [2240]
    assert wire.kinds == ["media", "mark"]
    assert not wire.codec.waits


def test_a_mark_in_the_middle_of_speech_neither_breaks_it_nor_runs_ahead_of_it() -> None:
    wire = Wire()
    wire.say(bytes(2000))
    wire.mark("middle")
    assert wire.kinds == ["media"], "400 bytes of µ-law are still to be sent before the mark"
    wire.say(bytes(1200))
    assert wire.kinds == ["media", "media", "mark"]
    assert [len(piece) for piece in wire.pieces] == [3200, 3200]


def test_a_mark_where_nothing_waits_leaves_at_once() -> None:
    wire = Wire()
    wire.mark("now")
    assert wire.kinds == ["mark"]


def test_who_interrupts_hears_nothing_that_waited_and_its_marks_are_forgotten() -> None:
    wire = Wire()
    wire.say(bytes(500))
    wire.mark("unheard")
    wire.clear()
    wire.flush()
    assert wire.kinds == ["clear"]
    wire.say(bytes(1600))
    wire.mark("next", ends=True)
    assert wire.kinds == ["clear", "media", "mark"]
    assert wire.sent[-1]["mark"] == {"name": "next"}


def test_every_message_has_its_own_number_and_the_sound_its_place() -> None:
    wire = Wire()
    wire.say(bytes(3200))
    wire.mark("m", ends=True)
    assert [each["sequence_number"] for each in wire.sent] == ["1", "2", "3"]
    places = [(each["media"]["chunk"], each["media"]["timestamp"]) for each in wire.sent if "media" in each]
    assert places == [("1", "0"), ("2", "200")]


SOUND = st.binary(max_size=9000)
STEP = st.tuples(st.just("say"), SOUND) | st.tuples(st.just("mark"), st.booleans()) | st.tuples(st.just("flush"))


@given(st.lists(STEP, max_size=30))
def test_whatever_is_said_is_sent_whole_in_pieces_that_are_legal(steps: list[tuple[Any, ...]]) -> None:
    """Each utterance equals what was put in, plus less than 320 bytes of silence at its end; marks keep their places."""
    wire = Wire()
    utterances: list[bytearray] = [bytearray()]
    marks: list[tuple[str, int, int]] = []
    for number, step in enumerate(steps):
        match step:
            case ("say", bytes(ulaw)):
                wire.say(ulaw)
                utterances[-1] += audio.pcm_to_bytes(audio.ulaw_decode(ulaw))
            case ("mark", bool(ends)):
                wire.mark(str(number), ends=ends)
                marks.append((str(number), len(utterances) - 1, len(utterances[-1])))
                if ends:
                    utterances.append(bytearray())
            case _:
                wire.flush()
                utterances.append(bytearray())
    wire.flush()
    starts, sent, expected = [0], b"".join(wire.pieces), b""
    for utterance in utterances:
        expected += bytes(utterance) + bytes(-len(utterance) % UNIT)
        starts.append(len(expected))
    assert sent == expected
    assert all(len(piece) % UNIT == 0 and 0 < len(piece) <= MOST for piece in wire.pieces)
    ends, reached = set(starts), 0
    passed: list[tuple[str, int]] = []
    for message in wire.sent:
        if message["event"] == "media":
            size = len(b64decode(message["media"]["payload"]))
            reached += size
            assert size >= LEAST or reached in ends, "only the last piece of an utterance is shorter"
        else:
            passed.append((message["mark"]["name"], reached))
    assert [name for name, _ in passed] == [name for name, _, _ in marks]
    for (_, at), (_, utterance, position) in zip(passed, marks, strict=True):
        assert at >= starts[utterance] + position, "no mark says heard what was not sent"
