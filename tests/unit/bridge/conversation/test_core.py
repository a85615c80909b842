"""One talk without a network: what either side says, in whatever order, and what the other side is told."""

from base64 import b64encode

import pytest

from dialer.bridge.conversation.core import READY_TIMEOUT_S, Conversation
from dialer.bridge.conversation.effects import (
    Effect,
    EndReason,
    Finish,
    OptOutDetected,
    PlayClip,
    RunTool,
    SaveTurn,
    SendToVoice,
)
from dialer.bridge.conversation.hangup import LATE_TRANSCRIPTS_S
from dialer.bridge.prompts.loader import SORRY
from dialer.carriers.media import (
    MediaConnected,
    MediaDigit,
    MediaFrame,
    MediaIgnored,
    MediaStarted,
    MediaStopped,
)
from dialer.voices.port import (
    AgentTranscript,
    Audio,
    Configure,
    Ignored,
    ItemAdded,
    Respond,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    SessionConfig,
    SpeechStopped,
    ToolCalled,
    ToolResult,
    UserTranscript,
    VoiceEvent,
    VoiceFault,
    VoiceOpened,
    VoiceReady,
)

SETUP = SessionConfig("You are AVA.", (), "marin", 0.5, 300, 500, "gpt-4o-mini-transcribe", "en")
STARTED = MediaStarted("MZ1", "CA1", {"token": "t"})
LIMIT_S = 600.0
BUSY = VoiceFault("conversation_already_has_active_response", "one at a time", fatal=False)
STOP_CALLING = "please stop calling me, never call this number again"


def _talk() -> Conversation:
    return Conversation(SETUP, "open", "goodbye", LIMIT_S, 0.0)


def _listening() -> Conversation:
    """A talk after AVA's opening was answered, with nothing playing."""
    talk = _talk()
    talk.media(STARTED, 0.0)
    talk.voice(VoiceReady(), 0.0)
    talk.voice(ResponseStarted(), 0.0)
    talk.voice(ResponseDone("completed"), 0.0)
    return talk


def _sound(ms: int) -> str:
    return b64encode(b"\xff" * ms * 8).decode()


def _at(talk: Conversation, ms: int) -> bool:
    return talk.frame(MediaFrame(_sound(20), ms))


def _say(talk: Conversation, *events: VoiceEvent, now: float = 1.0) -> list[Effect]:
    return [effect for event in events for effect in talk.voice(event, now)]


@pytest.mark.parametrize("voice_first", [True, False])
def test_ava_opens_only_when_both_sides_are_ready_and_only_once(voice_first: bool) -> None:
    talk = _talk()
    assert talk.media(MediaConnected(), 0.0) == []
    assert talk.voice(VoiceOpened(), 0.0) == [SendToVoice(Configure(SETUP))]
    early = talk.voice(VoiceReady(), 0.1) if voice_first else talk.media(STARTED, 0.1)
    late = talk.media(STARTED, 0.2) if voice_first else talk.voice(VoiceReady(), 0.2)
    assert (early, late) == ([], [SendToVoice(RespondWith("open"))])
    assert talk.voice(VoiceReady(), 0.3) == talk.media(STARTED, 0.3) == []


def test_what_a_student_says_before_the_voice_is_ready_is_held_back() -> None:
    talk = _talk()
    talk.media(STARTED, 0.0)
    talk.voice(VoiceOpened(), 0.0)
    assert not _at(talk, 20)
    talk.voice(VoiceReady(), 0.0)
    assert _at(talk, 40)
    assert (talk.stream_ms, talk.given_bytes) == (40, 160)
    talk.end(EndReason.DRAINED, 1.0)
    assert not _at(talk, 60)


def test_ava_is_not_sent_to_a_phone_that_has_no_stream_or_has_hung_up() -> None:
    talk = _talk()
    talk.voice(VoiceReady(), 0.0)
    assert not talk.audio(Audio("a", _sound(20)))
    assert not talk.answered
    talk.media(STARTED, 0.0)
    assert talk.audio(Audio("a", _sound(20)))
    assert talk.answered
    talk.media(MediaStopped("stop"), 1.0)
    assert not talk.audio(Audio("a", _sound(20)))


def test_keys_and_events_without_a_meaning_here_change_nothing() -> None:
    talk = _listening()
    assert [*talk.media(MediaDigit("1"), 1.0), *talk.media(MediaIgnored("new"), 1.0)] == []
    assert _say(talk, Audio("a", ""), Ignored("conversation.item.done")) == []
    assert talk.tick(1.0) == []
    assert not talk.is_over


def test_the_results_of_several_tools_are_all_told_before_ava_answers_once_and_after_her_answer_ended() -> None:
    talk = _listening()
    ran = _say(talk, ResponseStarted(), ToolCalled("c1", "i1", "save_enquiry", "{}"), ToolCalled("c2", "i2", "x", "{"))
    assert ran == [RunTool("c1", "i1", "save_enquiry", "{}"), RunTool("c2", "i2", "x", "{")]
    assert talk.tool_done("c2", "2", ends=False, opted_out=False, now=1.0) == [SendToVoice(ToolResult("c2", "2"))]
    assert _say(talk, ResponseDone("completed")) == []
    done = talk.tool_done("c1", "1", ends=False, opted_out=False, now=1.0)
    assert done == [SendToVoice(ToolResult("c1", "1")), SendToVoice(Respond())]
    assert _say(talk, ResponseStarted(), ResponseDone("completed")) == []


def test_a_tool_quicker_than_the_answer_that_called_it_waits_for_that_answers_end() -> None:
    talk = _listening()
    _say(talk, ResponseStarted(), ToolCalled("c1", "i1", "find_slots", "{}"))
    assert talk.tool_done("c1", "{}", ends=False, opted_out=False, now=1.0) == [SendToVoice(ToolResult("c1", "{}"))]
    assert _say(talk, ResponseDone("completed")) == [SendToVoice(Respond())]


def test_a_tool_call_that_comes_twice_is_run_once() -> None:
    talk = _listening()
    call = ToolCalled("c1", "i1", "book_slot", "{}")
    assert _say(talk, ResponseStarted(), call, call) == [RunTool("c1", "i1", "book_slot", "{}")]


def test_a_question_that_met_a_running_answer_is_asked_again_after_it() -> None:
    talk = _talk()
    talk.media(STARTED, 0.0)
    assert _say(talk, VoiceReady(), ResponseStarted(), BUSY) == [SendToVoice(RespondWith("open"))]
    assert _say(talk, ResponseDone("completed")) == [SendToVoice(RespondWith("open"))]
    _say(talk, ResponseStarted(), ToolCalled("c", "i", "x", "{}"), ResponseDone("completed"))
    assert talk.tool_done("c", "{}", ends=False, opted_out=False, now=1.0)[-1] == SendToVoice(Respond())
    assert _say(talk, ResponseStarted(), BUSY, BUSY, ResponseDone("completed")) == [SendToVoice(Respond())]
    assert talk.faults == []


def test_a_goodbye_that_waits_is_not_replaced_by_what_was_asked_before_it() -> None:
    talk = _talk()
    talk.media(STARTED, 0.0)
    _say(talk, VoiceReady(), ResponseStarted())
    talk.opted_out(1.0)
    assert _say(talk, BUSY, ResponseDone("completed"))[-1:] == [SendToVoice(RespondWith("goodbye"))]


def test_turns_stand_in_the_order_of_the_conversation_however_late_the_words_come() -> None:
    talk = _listening()
    _say(talk, ItemAdded("a1", None, "ava"), ItemAdded("s1", "a1", "student"), ItemAdded("tool", "s1", None))
    _at(talk, 900)
    _say(talk, ItemAdded("a2", "tool", "ava"), ItemAdded("s2", "a2", "student"), ItemAdded("late", "a1", "student"))
    _say(talk, ItemAdded("s2", "a2", "student"), ItemAdded("lost", "unknown", "ava"))
    said = [
        _say(talk, event)
        for event in (AgentTranscript("a2", "Which one?"), UserTranscript("s2", "Law."), UserTranscript("s1", "Hello."))
    ]
    assert said == [
        [SaveTurn("a2", "ava", "Which one?", 0, None)],
        [SaveTurn("s2", "student", "Law.", 900, None)],
        [SaveTurn("s1", "student", "Hello.", 0, None)],
    ]
    assert talk.positions() == {"a1": 0, "late": 1, "s1": 2, "a2": 3, "s2": 4, "lost": 5}
    _say(talk, UserTranscript("never announced", "Hm."))
    assert talk.positions()["never announced"] == 6


def test_words_of_an_opt_out_are_reported_once_and_answered_with_the_goodbye_alone() -> None:
    talk = _listening()
    heard = _say(talk, ItemAdded("s", None, "student"), UserTranscript("s", STOP_CALLING))
    assert heard == [SaveTurn("s", "student", STOP_CALLING, 0, None), OptOutDetected("s", STOP_CALLING)]
    assert _say(talk, UserTranscript("s2", STOP_CALLING)) == [SaveTurn("s2", "student", STOP_CALLING, 0, None)]
    _say(talk, ToolCalled("c", "i", "save_enquiry", "{}"))
    talk.tool_done("c", "{}", ends=False, opted_out=False, now=1.0)
    _say(talk, ResponseDone("completed"))
    assert not [each for each in _say(talk, UserTranscript("s3", STOP_CALLING)) if isinstance(each, OptOutDetected)]
    assert talk.opted_out(2.0) == [SendToVoice(RespondWith("goodbye"))]
    assert _say(talk, ResponseStarted(), ResponseDone("completed")) == [Finish(EndReason.GOODBYE)]


def test_an_opt_out_that_the_model_understood_is_not_reported_again_from_the_words() -> None:
    talk = _listening()
    _say(talk, ToolCalled("c", "i", "opt_out", "{}"))
    talk.tool_done("c", "{}", ends=True, opted_out=True, now=1.0)
    assert _say(talk, UserTranscript("s", STOP_CALLING)) == [SaveTurn("s", "student", STOP_CALLING, 0, None)]


@pytest.mark.parametrize("words_first", [True, False])
def test_somebody_who_opts_out_in_words_and_through_the_model_hears_one_goodbye(words_first: bool) -> None:
    talk = _listening()
    _say(talk, ResponseStarted(), UserTranscript("s", STOP_CALLING), ToolCalled("c", "i", "opt_out", "{}"))
    said = _say(talk, ResponseDone("completed"))
    if words_first:
        said += talk.opted_out(1.0)
    said += talk.tool_done("c", "{}", ends=True, opted_out=True, now=1.0)
    if not words_first:
        said += talk.opted_out(1.0)
    said += _say(talk, ResponseStarted(), ResponseDone("completed"), ResponseStarted(), ResponseDone("completed"))
    assert (
        len([effect for effect in said if effect in (SendToVoice(Respond()), SendToVoice(RespondWith("goodbye")))]) == 1
    )
    assert said[-1] == Finish(EndReason.GOODBYE)


def test_the_last_words_of_a_student_who_left_are_waited_for_a_moment() -> None:
    talk = _listening()
    _say(talk, ItemAdded("s1", None, "student"), ItemAdded("s2", "s1", "student"))
    assert talk.media(MediaStopped("stop"), 5.0) == talk.end(EndReason.STUDENT_LEFT, 5.1) == []
    assert talk.is_over
    assert _say(talk, UserTranscript("s1", None)) == talk.tick(5.2) == []
    assert _say(talk, UserTranscript("s2", "Bye."), now=5.3) == [SaveTurn("s2", "student", "Bye.", 0, None)]
    assert talk.tick(5.4) == [Finish(EndReason.STUDENT_LEFT)]
    assert [*talk.tick(9.0), *talk.end(EndReason.VOICE_LOST, 9.0)] == []


def test_a_transcript_that_never_comes_does_not_hold_the_end_back() -> None:
    talk = _listening()
    _say(talk, ItemAdded("s", None, "student"))
    assert talk.media(MediaStopped("stop"), 5.0) == talk.tick(5.0 + LATE_TRANSCRIPTS_S) == []
    assert talk.tick(5.1 + LATE_TRANSCRIPTS_S) == [Finish(EndReason.STUDENT_LEFT)]


def test_what_ended_a_talk_first_is_what_ended_it() -> None:
    talk = _listening()
    _say(talk, ItemAdded("s", None, "student"))
    talk.media(MediaStopped("stop"), 5.0)
    _say(talk, ToolCalled("c", "i", "save_enquiry", "{}"))
    assert talk.tool_done("c", "{}", ends=False, opted_out=False, now=5.1) == [SendToVoice(ToolResult("c", "{}"))]
    assert talk.end(EndReason.DRAINED, 5.1) == [Finish(EndReason.STUDENT_LEFT)]


def test_a_stream_that_stops_without_having_started_ends_the_talk() -> None:
    assert _talk().media(MediaStopped("stop"), 0.1) == [Finish(EndReason.STUDENT_LEFT)]


def test_a_stream_that_never_starts_is_not_waited_for_longer_than_agreed() -> None:
    talk = _talk()
    assert talk.tick(READY_TIMEOUT_S) == []
    assert talk.tick(READY_TIMEOUT_S + 0.1) == [Finish(EndReason.BROKEN)]


def test_a_talk_ends_at_its_time_limit() -> None:
    talk = _listening()
    talk.audio(Audio("a", _sound(20)))
    assert talk.tick(LIMIT_S) == []
    assert talk.tick(LIMIT_S + 0.1) == [Finish(EndReason.TIME_LIMIT)]


def test_a_bridge_that_ends_says_so_and_ends_the_talk_once() -> None:
    talk = _listening()
    assert PlayClip(SORRY) in talk.drain(2.0)
    assert talk.drain(2.1) == []
    assert talk.end(EndReason.DRAINED, 2.2)[-1] == Finish(EndReason.DRAINED)
    assert _listening().end(EndReason.DRAINED, 2.0) == [Finish(EndReason.DRAINED)]


def test_tokens_are_summed_over_answers_and_the_wait_for_ava_is_measured_from_the_end_of_speech() -> None:
    talk = _listening()
    _say(
        talk, ResponseDone("completed", None, {"audio_in": 3}), ResponseDone("cancelled", None, {"audio_in": 4, "x": 1})
    )
    assert talk.usages == {"": {"audio_in": 7, "x": 1}}
    for ms in range(20, 1020, 20):
        _at(talk, ms)
    _say(talk, SpeechStopped(600))
    talk.audio(Audio("a", _sound(20)))
    talk.audio(Audio("a", _sound(20)))
    assert talk.latencies_ms == [400]
    _say(talk, SpeechStopped(5000))
    talk.audio(Audio("a", _sound(20)))
    assert talk.latencies_ms == [400, 0]


def test_after_an_opt_out_nothing_of_the_answer_that_was_coming_is_said() -> None:
    talk = _listening()
    _say(talk, ResponseStarted())  # the voice was quicker than the transcript
    talk.opted_out(1.0)
    assert not talk.audio(Audio("pitch", _sound(20)))
    assert _say(talk, ResponseDone("cancelled"))[-1:] == [SendToVoice(RespondWith("goodbye"))]
    _say(talk, ResponseStarted())
    assert talk.audio(Audio("bye", _sound(20)))


def test_the_answer_that_ends_while_a_tool_still_runs_is_not_taken_for_the_goodbye() -> None:
    talk = _listening()
    _say(
        talk, ResponseStarted(), ToolCalled("c1", "i1", "end_call", "{}"), ToolCalled("c2", "i2", "save_enquiry", "{}")
    )
    talk.tool_done("c1", "{}", ends=True, opted_out=False, now=1.0)
    assert _say(talk, ResponseDone("completed")) == []
    assert talk.tool_done("c2", "{}", ends=False, opted_out=False, now=1.0)[-1] == SendToVoice(Respond())
    assert _say(talk, ResponseStarted(), ResponseDone("completed")) == [Finish(EndReason.GOODBYE)]
