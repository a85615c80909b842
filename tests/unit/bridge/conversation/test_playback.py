"""What a student truly heard: the queue at the carrier, interruptions, and goodbyes that are heard whole."""

from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.bridge.conversation.core import Conversation
from dialer.bridge.conversation.effects import (
    Effect,
    EndReason,
    Finish,
    PlayClip,
    ReconnectVoice,
    RunTool,
    SaveTurn,
    SendClear,
    SendMark,
    SendToVoice,
)
from dialer.bridge.conversation.hangup import GOODBYE_TIMEOUT_S, MARK_GRACE_MS
from dialer.bridge.conversation.playback import MARK_EVERY, Cut, Playback
from dialer.bridge.conversation.watchdog import APOLOGY_TIMEOUT_S
from dialer.bridge.prompts.loader import GOODBYE
from dialer.carriers.media import MediaFrame, MediaMark, MediaStarted, MediaStopped
from dialer.voices.port import (
    AgentTranscript,
    AgentTranscriptDelta,
    Audio,
    Cancel,
    ItemAdded,
    Respond,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    SessionConfig,
    SpeechStarted,
    SpeechStopped,
    ToolCalled,
    ToolResult,
    Truncate,
    UserTranscript,
    VoiceEvent,
    VoiceFault,
    VoiceOpened,
    VoiceReady,
)

SECOND = 8000
ITEMS = st.sampled_from(["a", "b", "c"])
TIMES = st.integers(0, 3000)
WORDS = st.sampled_from(["", "Hello there.", "please stop calling me"])
EVENTS: st.SearchStrategy[VoiceEvent] = st.one_of(
    st.builds(Audio, ITEMS, st.integers(0, 3000).map(lambda ms: _sound(ms))),
    st.builds(ItemAdded, ITEMS, st.none() | ITEMS, st.sampled_from(["ava", "student", None])),
    st.builds(AgentTranscript, ITEMS, WORDS),
    st.builds(UserTranscript, ITEMS, st.none() | WORDS),
    st.builds(SpeechStopped, TIMES),
    st.builds(ToolCalled, st.uuids().map(str), ITEMS, st.just("end_call"), st.just("{}")),
    st.builds(ResponseDone, st.just("completed"), st.none() | st.none() | st.just("failed")),
    st.builds(AgentTranscriptDelta, ITEMS, WORDS),
    st.sampled_from([SpeechStarted(), ResponseStarted(), VoiceOpened(), VoiceReady()]),
    st.builds(VoiceFault, st.just("conversation_already_has_active_response"), st.just(""), st.just(False)),
    st.builds(VoiceFault, st.just("session_expired"), st.just(""), st.booleans(), st.booleans()),
)
STEPS = st.one_of(
    EVENTS,
    EVENTS,
    TIMES,
    st.sampled_from(["tool", "tool that ends", "opt out", "tick", "mark", "stop", "start"]),
    st.sampled_from(["oldest mark", "a foreign mark", "drain", "voice gone", "cut", "choked", "unchoked"]),
)


SETUP = SessionConfig("", (), "", 0.5, 300, 500, "", "")


def _talk() -> Conversation:
    talk = Conversation(SETUP, "open", "goodbye", 600.0, 0.0)
    talk.media(MediaStarted("MZ1", "CA1", {}), 0.0)
    talk.voice(VoiceReady(), 0.0)
    talk.voice(ResponseStarted(), 0.0)
    return talk


def _sound(ms: int) -> str:
    return b64encode(b"\xff" * ms * 8).decode()


def _at(talk: Conversation, ms: int) -> None:
    talk.frame(MediaFrame(_sound(20), ms))


def test_the_carrier_plays_what_it_was_sent_at_the_pace_of_its_own_clock_and_no_further() -> None:
    queue = Playback()
    assert not queue.is_playing(0)
    assert queue.add("a", SECOND, 1000)
    assert [queue.position(ms) for ms in (900, 1000, 1250, 2000, 9000)] == [0, 0, 2000, SECOND, SECOND]
    assert (queue.is_playing(1999), queue.is_playing(2000), queue.all_confirmed()) == (True, False, False)
    queue.add("a", SECOND, 5000)  # three silent seconds later it plays on from here
    assert queue.position(5500) == SECOND + 4000


def test_a_mark_is_asked_for_every_half_second_and_at_an_answers_end() -> None:
    queue = Playback()
    assert queue.due_mark(item_ended=True) is None
    queue.add("a", MARK_EVERY - 1, 0)
    assert queue.due_mark() is None
    queue.add("a", 1, 0)
    assert queue.due_mark() == f"0:{MARK_EVERY}"
    assert queue.due_mark(item_ended=True) is None
    queue.add("a", 8, 0)
    assert queue.due_mark(item_ended=True) == f"0:{MARK_EVERY + 8}"


def test_a_mark_that_comes_back_makes_its_place_certain() -> None:
    queue = Playback()
    queue.add("a", 2 * SECOND, 0)
    queue.confirm("0:8000", 1300)  # the carrier is slower than the clock
    assert queue.position(1300) == SECOND
    queue.confirm("0:4000", 1400)  # an older one takes nothing back
    assert queue.position(1400) == SECOND
    queue.confirm("0:16000", 2300)
    assert queue.all_confirmed()


@pytest.mark.parametrize("mark", ["1:8000", "item_A:1", "", "0:", "0:x", "0:-8", "0:99999", "0:²", "0:" + "9" * 5000])
def test_marks_that_are_not_of_this_queue_mean_nothing(mark: str) -> None:
    queue = Playback()
    queue.add("a", SECOND, 0)
    queue.confirm(mark, 500)
    assert queue.position(500) == 4000
    assert not queue.all_confirmed()


def test_an_interruption_tells_of_every_answer_that_was_not_heard_whole() -> None:
    queue = Playback()
    for item in ("heard", "half", "unheard"):
        queue.add(item, SECOND, 0)
    assert queue.cut(1400) == (Cut("half", 400), Cut("unheard", 0))
    assert (queue.sent, queue.is_playing(1400), queue.all_confirmed()) == (11_200, False, True)
    assert not queue.add("half", SECOND, 1500)
    assert not queue.add("unheard", SECOND, 1500)
    assert queue.cut(1500) == ()
    assert queue.due_mark(item_ended=True) is None
    assert queue.add("next", SECOND, 1600)
    assert queue.due_mark(item_ended=True) == "2:19200"
    queue.confirm("0:11200", 1601)  # came back because of the clear
    assert queue.position(1700) == 11_200 + 800


def test_a_student_who_speaks_stops_ava_first_at_the_phone_and_then_in_the_models_memory() -> None:
    talk = _talk()
    talk.voice(ItemAdded("a", None, "ava"), 1.0)
    _at(talk, 1000)
    assert talk.audio(Audio("a", _sound(1000)))
    _at(talk, 1020)
    assert talk.audio(Audio("a", _sound(3000)))
    assert talk.voice(AgentTranscript("a", "one two three four"), 1.0) == [
        SendMark("0:32000"),
        SaveTurn("a", "ava", "one two three four", 1000, None),
    ]
    _at(talk, 3000)
    assert talk.voice(SpeechStarted(), 3.0) == [
        SendClear(),
        SendToVoice(Cancel()),
        SendToVoice(Truncate("a", 2000)),
        SaveTurn("a", "ava", "one two", 1000, 2000),
    ]
    assert not talk.audio(Audio("a", _sound(20)))
    assert talk.media(MediaMark("0:32000"), 3.1) == []
    assert not talk.playback.is_playing(3000)
    assert talk.voice(ResponseDone("cancelled"), 3.2) == []
    assert talk.voice(SpeechStarted(), 3.2) == []


def test_words_that_are_known_only_after_the_interruption_are_cut_at_what_was_heard() -> None:
    talk = _talk()
    talk.audio(Audio("a", _sound(1000)))
    _at(talk, 500)
    assert talk.voice(SpeechStarted(), 1.0) == [SendClear(), SendToVoice(Cancel()), SendToVoice(Truncate("a", 500))]
    assert talk.voice(AgentTranscript("a", "We have several scholarships"), 1.0) == [
        SaveTurn("a", "ava", "We have", 0, 500),
    ]


def test_the_goodbye_is_said_whole_and_the_talk_ends_when_the_last_mark_comes_back() -> None:
    talk = _talk()
    talk.voice(ToolCalled("c", "i", "end_call", "{}"), 1.0)
    talk.voice(ResponseDone("completed"), 1.0)
    assert talk.tool_done("c", "{}", ends=True, opted_out=False, now=1.0)[-1] == SendToVoice(Respond())
    talk.voice(ResponseStarted(), 1.0)
    talk.audio(Audio("bye", _sound(1000)))
    assert talk.voice(SpeechStarted(), 1.1) == []  # "ok, bye" does not cut it
    assert talk.media(MediaMark("none of ours"), 1.1) == []
    assert talk.voice(ResponseDone("completed"), 1.2) == [SendMark("0:8000")]
    _at(talk, 1000)
    assert talk.tick(2.2) == []
    assert talk.media(MediaMark("0:8000"), 2.3) == [Finish(EndReason.GOODBYE)]
    assert talk.tick(2.4) == talk.media(MediaMark("0:8000"), 2.5) == []


def test_a_goodbye_whose_mark_is_lost_ends_by_the_clock_of_the_stream() -> None:
    talk = _talk()
    talk.voice(ResponseDone("completed"), 0.5)
    talk.opted_out(1.0)
    talk.audio(Audio("bye", _sound(1000)))
    talk.voice(ResponseDone("completed"), 1.2)
    _at(talk, 1000 + MARK_GRACE_MS - 20)
    assert talk.tick(3.4) == []
    _at(talk, 1000 + MARK_GRACE_MS)
    assert talk.tick(3.5) == [Finish(EndReason.GOODBYE)]


def test_a_goodbye_that_never_comes_is_not_waited_for_for_ever() -> None:
    talk = _talk()
    assert talk.opted_out(1.0) == [SendToVoice(Cancel())]
    assert talk.tick(5.0) == []
    late = 1.1 + GOODBYE_TIMEOUT_S
    assert PlayClip(GOODBYE) in talk.tick(late)
    assert talk.tick(late + APOLOGY_TIMEOUT_S) == []
    assert talk.tick(late + APOLOGY_TIMEOUT_S + 0.1)[-1] == Finish(EndReason.GOODBYE)


def test_a_long_goodbye_is_heard_to_its_last_word() -> None:
    talk = _talk()
    talk.voice(ResponseDone("completed"), 0.5)
    talk.opted_out(1.0)
    talk.audio(Audio("bye", _sound(14_000)))
    talk.voice(ResponseDone("completed"), 1.0)
    _at(talk, 13_900)
    assert talk.tick(14.9) == []
    _at(talk, 14_020)  # sent and due by the clock, but the carrier's mark has not come back yet
    assert talk.tick(15.0) == []
    assert talk.media(MediaMark("0:112000"), 15.2) == [Finish(EndReason.GOODBYE)]


def test_the_goodbye_after_an_opt_out_takes_the_place_of_what_ava_was_saying() -> None:
    talk = _talk()
    talk.audio(Audio("a", _sound(1000)))
    talk.voice(ResponseDone("completed"), 0.5)
    _at(talk, 250)
    assert talk.opted_out(1.0) == [SendClear(), SendToVoice(Truncate("a", 250)), SendToVoice(RespondWith("goodbye"))]


@given(st.booleans(), st.lists(STEPS, max_size=60))
def test_whatever_comes_in_whatever_order_a_talk_ends_once_and_never_claims_more_than_was_sent(
    ready: bool, steps: list[VoiceEvent | int | str]
) -> None:
    talk = _talk() if ready else Conversation(SETUP, "open", "goodbye", 60.0, 0.0)
    sent: dict[str, int] = {}
    effects: list[Effect] = []
    running: list[str] = []
    for place, step in enumerate(steps):
        now, marks = place * 0.5, [effect.name for effect in effects if isinstance(effect, SendMark)]
        done: list[Effect] = []
        match step:
            case Audio(item, payload):
                if talk.audio(step):
                    sent[item] = sent.get(item, 0) + len(b64decode(payload))
                assert 0 <= talk.playback.position(talk.stream_ms) <= talk.playback.sent
            case int():
                talk.frame(MediaFrame(_sound(20), talk.stream_ms + step))
            case "tool" | "tool that ends" if running:
                tool, ends = running.pop(0), step != "tool"
                done = talk.tool_done(tool, "{}", ends=ends, opted_out=False, now=now, failed=not ends)
                told = [each for each in done if each == SendToVoice(ToolResult(tool, "{}"))]
                assert len(told) <= 1
                assert told == done[:1] or not told or ReconnectVoice() in effects
            case "mark" | "oldest mark" if marks:
                done = talk.media(MediaMark(marks[-1 if step == "mark" else 0]), now)
            case "a foreign mark":
                done = talk.media(MediaMark("item_A:1"), now)
            case "opt out":
                done = talk.opted_out(now)
            case "start":
                done = talk.media(MediaStarted("MZ1", "CA1", {}), now)
            case "stop":
                done = talk.media(MediaStopped("stop"), now)
            case "drain":
                done = talk.drain(now)
            case "voice gone":
                done = talk.voice_lost("gone", now)
            case "cut":
                done = talk.end(EndReason.STREAM_CUT, now)
            case "choked" | "unchoked":
                talk.voice_backpressure(step == "choked")
            case str():
                done = talk.tick(now)
            case _:
                done = talk.voice(step, now)
        running += [effect.tool_call for effect in done if isinstance(effect, RunTool)]
        effects += done
        for effect in done:
            if isinstance(effect, SendToVoice) and isinstance(effect.command, Truncate):
                assert 0 <= effect.command.heard_ms <= sent[effect.command.item] // 8
            assert not (running and effect in (SendToVoice(Respond()), SendToVoice(RespondWith("goodbye"))))
    effects += talk.tick(1000.0) + talk.tick(2000.0)
    assert len([effect for effect in effects if isinstance(effect, Finish)]) == 1
    assert sorted(talk.positions().values()) == list(range(len(talk.positions())))
