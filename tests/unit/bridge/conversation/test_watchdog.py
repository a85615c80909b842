"""What a student hears, and what is kept, when a side of the call fails (reliability.md F40–F54). No network."""

from base64 import b64encode

import pytest

from dialer.bridge.conversation import response_scheduler, utterance_classifier, watchdog
from dialer.bridge.conversation.core import READY_TIMEOUT_S, RESUME, Conversation
from dialer.bridge.conversation.effects import (
    Effect,
    EndReason,
    Finish,
    OptOutDetected,
    PlayClip,
    ReconnectVoice,
    RunTool,
    SaveTurn,
    SendClear,
    SendMark,
    SendToVoice,
    VoicemailDetected,
)
from dialer.bridge.conversation.hangup import GOODBYE_TIMEOUT_S
from dialer.bridge.conversation.turn_taking import IDLE_PROMPT, NOBODY_THERE_GOODBYE
from dialer.bridge.prompts.loader import ENGLISH, GOODBYE, HINDI, MOMENT, SORRY, Clip, clips_of
from dialer.carriers.media import MediaFrame, MediaMark, MediaStarted, MediaStopped
from dialer.voices.port import (
    AgentTranscript,
    AgentTranscriptDelta,
    Audio,
    Cancel,
    Configure,
    ItemAdded,
    ReplayMessage,
    ReplayToolCall,
    Respond,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    SessionConfig,
    SpeechStarted,
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
EXPIRED = VoiceFault("session_expired", "60 minutes", fatal=True, renewable=True)
BROKEN_SETUP = VoiceFault("unknown_parameter", "temperature", fatal=True)
VOICEMAIL = "You have reached the voicemail of Asha. Please leave a message after the tone."


def _talk(**more: bool) -> Conversation:
    talk = Conversation(SETUP, "open", "goodbye", 600.0, 0.0, **more)
    talk.media(STARTED, 0.0)
    return talk


def _listening(**more: bool) -> Conversation:
    """A talk after AVA's opening was answered, with nothing playing."""
    talk = _talk(**more)
    _say(talk, VoiceReady(), ResponseStarted(), ResponseDone("completed"), now=0.0)
    return talk


def _sound(ms: int) -> str:
    return b64encode(b"\xff" * ms * 8).decode()


def _at(talk: Conversation, ms: int) -> bool:
    return talk.frame(MediaFrame(_sound(20), ms))


def _say(talk: Conversation, *events: VoiceEvent, now: float = 1.0) -> list[Effect]:
    return [effect for event in events for effect in talk.voice(event, now)]


def _live(talk: Conversation, since: float, until: float) -> list[tuple[float, Effect]]:
    """Let time pass on both clocks; what is done, and when."""
    done = []
    for tenth in range(round(since * 10) + 1, round(until * 10) + 1):
        _at(talk, tenth * 100)
        done += [(tenth / 10, effect) for effect in talk.tick(tenth / 10)]
    return done


def _heard(effects: list[Effect]) -> list[Clip]:
    return [effect.clip for effect in effects if isinstance(effect, PlayClip)]


def _when(done: list[tuple[float, Effect]], kind: type[Effect]) -> float:
    return next(at for at, effect in done if isinstance(effect, kind))


def test_the_apology_is_short_enough_to_be_heard_whole_before_the_line_is_cut() -> None:
    """F46: three seconds from the clip's beginning to the hang-up."""
    assert 1000 < SORRY.size / 8 < watchdog.APOLOGY_TIMEOUT_S * 1000 - 200 < 3000
    assert max(MOMENT.size, GOODBYE.size) < SORRY.size


@pytest.mark.parametrize("why", ["not reached", "refused set-up", "never ready"])
def test_who_answers_and_gets_no_voice_hears_an_apology_and_is_not_kept(why: str) -> None:
    """F46: 401, 429, a bad model or a refused `session.update`: apology, then the end, as our failure."""
    talk = _talk()
    _at(talk, 500)
    since = READY_TIMEOUT_S if why == "never ready" else 0.5
    match why:
        case "not reached":
            effects = talk.voice_lost("not reached: 401", since)
        case "refused set-up":
            effects = _say(talk, VoiceOpened(), BROKEN_SETUP, now=since)[1:]
        case _:
            effects = talk.tick(since + 0.1)
    assert effects == [PlayClip(SORRY), SendMark(f"0:{SORRY.size}"), SaveTurn("clip:1", "ava", SORRY.words, 500, None)]
    assert not _at(talk, 520)
    assert not talk.is_over
    done = _live(talk, since + 0.1, since + 4)
    assert _when(done, Finish) - since <= 3.2
    assert done[-1][1] == Finish(EndReason.VOICE_REFUSED)


def test_the_line_is_cut_as_soon_as_the_apology_was_heard() -> None:
    """F46: the carrier's mark ends it."""
    talk = _talk()
    talk.voice_lost("not reached: 429", 0.5)
    _at(talk, 2700)
    assert talk.media(MediaMark(f"0:{SORRY.size}"), 3.2) == [Finish(EndReason.VOICE_REFUSED)]


def test_a_talk_goes_on_in_a_new_session_that_knows_what_the_lost_one_knew() -> None:
    """F47: one reconnect, with the conversation so far; what was captured stays."""
    talk = _listening()
    _say(talk, ItemAdded("a1", None, "ava"), AgentTranscript("a1", "Which country?"), ItemAdded("s1", "a1", "student"))
    _say(talk, UserTranscript("s1", "Canada."), ResponseStarted(), ItemAdded("t1", "s1", None))
    _say(talk, ToolCalled("c1", "t1", "save_enquiry", '{"country":"Canada"}'), ResponseDone("completed"))
    talk.tool_done("c1", '{"saved":{}}', ends=False, opted_out=False, now=1.5)
    _say(
        talk,
        ResponseStarted(),
        ItemAdded("a2", "t1", "ava"),
        AgentTranscriptDelta("a2", "Great, and"),
        AgentTranscriptDelta("a2", " which"),
    )
    lost = talk.voice_lost("it closed with 1011", 2.0)
    assert lost[:2] == [SaveTurn("a2", "ava", "Great, and which", 0, None), ReconnectVoice()]
    assert _heard(lost) == [MOMENT], "nobody is left in silence meanwhile"
    assert not _at(talk, 2020)
    assert talk.tick(2.5) == []
    assert _say(talk, VoiceOpened(), now=3.0) == [SendToVoice(Configure(SETUP))]
    assert _say(talk, VoiceReady(), now=3.1) == [
        SendToVoice(ReplayMessage("a1", "ava", "Which country?")),
        SendToVoice(ReplayMessage("s1", "student", "Canada.")),
        SendToVoice(ReplayToolCall("t1", "c1", "save_enquiry", '{"country":"Canada"}')),
        SendToVoice(ToolResult("c1", '{"saved":{}}')),
        SendToVoice(ReplayMessage("a2", "ava", "Great, and which")),
        SendToVoice(RespondWith(RESUME)),
    ]
    before = talk.positions()
    _say(talk, *(ItemAdded(item, None, who) for item, who in (("a1", "ava"), ("s1", "student"), ("a2", "ava"))))
    assert talk.positions() == before, "what is recalled is not said again"
    assert _at(talk, 3040)
    assert talk.given_bytes == 160, "the new session counts from nothing"
    assert _say(talk, ResponseStarted(), ResponseDone("completed"), now=4.0) == []


def test_a_new_session_is_told_what_was_heard_and_not_what_was_meant_to_be() -> None:
    """F47: words that a student cut off are not repeated to the model as said."""
    talk = _listening()
    _say(talk, ItemAdded("a1", None, "ava"), ItemAdded("a2", "a1", "ava"))
    talk.audio(Audio("a1", _sound(2000)))
    talk.audio(Audio("a2", _sound(2000)))
    _say(talk, AgentTranscript("a1", "one two three four"), AgentTranscript("a2", "five six"))
    _at(talk, 1000)
    _say(talk, SpeechStarted())
    talk.voice_lost("gone", 2.0)
    assert _say(talk, VoiceReady(), now=2.5) == [
        SendToVoice(ReplayMessage("a1", "ava", "one two")),
        SendToVoice(RespondWith(RESUME)),
    ]


def test_a_result_that_came_while_the_line_was_broken_is_told_to_the_new_session() -> None:
    """F47: no tool call is answered twice, none is lost."""
    talk = _listening()
    _say(talk, ResponseStarted(), ToolCalled("c1", "t1", "book_slot", "{}"), EXPIRED)
    assert _say(talk, VoiceReady(), now=1.5) == [], "the tool still runs"
    done = talk.tool_done("c1", '{"booked":true}', ends=False, opted_out=False, now=1.7)
    assert done == [
        SendToVoice(ReplayToolCall("t1", "c1", "book_slot", "{}")),
        SendToVoice(ToolResult("c1", '{"booked":true}')),
        SendToVoice(RespondWith(RESUME)),
    ]


@pytest.mark.parametrize("second", ["lost again", "not reached", "never ready"])
def test_a_second_loss_ends_the_talk_with_an_apology(second: str) -> None:
    """F47: one reconnect per call."""
    talk = _listening()
    assert ReconnectVoice() in talk.voice_lost("gone", 2.0)
    match second:
        case "never ready":
            effects = [effect for _, effect in _live(talk, 2.0, 2.1 + watchdog.RECONNECT_TIMEOUT_S)]
        case "lost again":
            _say(talk, VoiceReady(), now=2.5)
            effects = talk.voice_lost("gone", 2.6)
        case _:
            effects = talk.voice_lost("not reached: 503", 2.6)
    assert _heard(effects) == [SORRY]
    assert ReconnectVoice() not in effects
    assert [effect for _, effect in _live(talk, 7.2, 11.0)][-1] == Finish(EndReason.VOICE_LOST)


def test_a_goodbye_is_said_even_if_the_voice_is_lost_before_it() -> None:
    """F47, F53: after an opt-out nobody waits for a new session."""
    talk = _listening()
    heard = _say(talk, UserTranscript("s", "please never call me again"))
    assert heard[-1] == OptOutDetected("s", "please never call me again")
    assert ReconnectVoice() in talk.voice_lost("it closed with 1011", 1.1)
    assert _heard(talk.opted_out(1.3)) == [GOODBYE]
    assert _say(talk, VoiceOpened(), VoiceReady(), now=1.4) == []
    assert _live(talk, 1.4, 5.0)[-1][1] == Finish(EndReason.GOODBYE)
    talk = _listening()
    talk.opted_out(1.0)
    assert _heard(talk.voice_lost("gone", 1.1)) == [GOODBYE]
    talk = _listening()
    _say(talk, ResponseStarted(), ToolCalled("c", "i", "end_call", "{}"))
    talk.voice_lost("gone", 1.1)
    assert _heard(talk.tool_done("c", "{}", ends=True, opted_out=False, now=1.2)) == [GOODBYE]


def _noise(*, hello_every_s: float = 0.0) -> list[tuple[float, VoiceEvent]]:
    """What a voice that hears and never answers says from 10 s on: a stuck response, transcripts, speech events."""
    events: list[tuple[float, VoiceEvent]] = [(10.0, SpeechStarted()), (10.0, SpeechStopped(9800))]
    events += [(10.1, ResponseStarted()), (10.4, UserTranscript("s1", "Which course is best?"))]
    at = 10.0 + hello_every_s
    while hello_every_s and at < 30.0:
        events += [
            (at, SpeechStarted()),
            (at + 0.5, SpeechStopped(9800)),
            (at + 0.7, UserTranscript(f"s{at}", "Hello?")),
        ]
        at = round(at + hello_every_s, 1)
    return events


def _with(talk: Conversation, events: list[tuple[float, VoiceEvent]], until: float) -> list[tuple[float, Effect]]:
    """`_live` from 10 s on, with the voice's events at their times."""
    done, left = [], sorted(events, key=lambda event: event[0])
    for tenth in range(100, round(until * 10) + 1):
        while left and left[0][0] <= tenth / 10:
            done += [(tenth / 10, effect) for effect in talk.voice(left.pop(0)[1], tenth / 10)]
        _at(talk, tenth * 100)
        done += [(tenth / 10, effect) for effect in talk.tick(tenth / 10)]
    return [(round(at - 10.0, 1), effect) for at, effect in done if not isinstance(effect, SaveTurn | SendMark)]


@pytest.mark.parametrize("hello_every_s", [0.0, 1.0, 3.0])
def test_a_voice_that_hears_but_never_answers_is_asked_again_replaced_and_given_up_within_15_s(
    hello_every_s: float,
) -> None:
    """F48: transcripts and speech events are no answer; the student is not kept waiting by them."""
    talk = _listening()
    _live(talk, 0, 10.0)
    done = _with(talk, _noise(hello_every_s=hello_every_s), 26.0)
    clips = [(at, effect.clip) for at, effect in done if isinstance(effect, PlayClip)]
    assert clips == [(clips[0][0], MOMENT), (12.1, SORRY)], "one filler, then the truth"
    assert hello_every_s or clips[0][0] == 2.1
    assert [at for at, effect in done if isinstance(effect, ReconnectVoice)] == [8.1]
    (asked,) = [at for at, effect in done if effect == SendToVoice(Respond())]
    assert asked == 5.1
    assert (5.1, SendToVoice(Cancel())) in done
    assert done[-1][1] == Finish(EndReason.VOICE_LOST)
    assert done[-1][0] <= 15.0
    assert talk.faults == [
        "no answer after 5 s; requested again",
        "no answer after 8 s; the session is replaced",
        "no answer for 12 s",
    ]


def test_an_answer_to_the_second_request_is_heard_and_ends_the_wait() -> None:
    talk = _listening()
    _live(talk, 0, 10.0)
    _with(talk, _noise(), 15.1)
    assert _say(talk, ResponseDone("cancelled"), now=15.2) == [], "the one that was stuck"
    assert _say(talk, ResponseStarted(), now=15.3) == []
    assert talk.audio(Audio("a", _sound(1000)))
    assert _live(talk, 15.3, 16.0) == []
    assert _say(talk, ResponseDone("completed"), now=16.0)[0] == SendMark("0:" + str(talk.playback.sent), ends=True)
    done = _live(talk, 16.0, 24.0)
    assert not any(isinstance(effect, ReconnectVoice | PlayClip) for _, effect in done)


def test_audio_of_a_response_that_was_given_up_is_not_heard_over_the_new_one() -> None:
    talk = _listening()
    _live(talk, 0, 10.0)
    _with(talk, _noise(), 15.1)
    assert not talk.audio(Audio("late", _sound(1000)))
    _say(talk, VoiceFault("conversation_already_has_active_response", "", fatal=False), now=15.2)
    assert _say(talk, ResponseDone("cancelled"), now=15.3) == [SendToVoice(Respond())], (
        "the voice was not done yet: again"
    )


def test_an_opening_that_is_never_said_is_requested_again_as_the_opening() -> None:
    talk = _talk()
    assert _say(talk, VoiceReady(), ResponseStarted(), now=0.0) == [SendToVoice(RespondWith("open"))]
    done = [effect for _, effect in _live(talk, 0.0, 5.2)]
    assert done[-2:] == [SendToVoice(Cancel()), SendToVoice(RespondWith("open"))]


def test_a_response_that_was_never_created_is_requested_without_cancelling_anything() -> None:
    talk = _listening()
    _say(talk, SpeechStarted(), SpeechStopped(0), now=1.0)
    assert [effect for at, effect in _live(talk, 1.0, 6.2) if isinstance(effect, SendToVoice)] == [
        SendToVoice(Respond())
    ]


def test_somebody_who_speaks_at_length_is_not_taken_for_somebody_who_waits() -> None:
    """A student who pauses for breath: the voice has not had its chance to answer yet."""
    talk = _listening()
    for start in range(1, 30, 4):
        _say(talk, SpeechStarted(), now=float(start))
        assert _live(talk, float(start), start + 3.5) == []
        _say(talk, SpeechStopped(0), now=start + 3.5)
        assert _live(talk, start + 3.5, start + 4.0) == []


def test_a_tool_call_is_progress_and_restarts_the_wait() -> None:
    talk = _listening()
    _say(talk, SpeechStarted(), SpeechStopped(0), ResponseStarted(), now=1.0)
    _live(talk, 1.0, 5.8)
    _say(talk, ToolCalled("c1", "t1", "find_slots", "{}"), ResponseDone("completed"), now=5.9)
    assert talk.tool_done("c1", "{}", ends=False, opted_out=False, now=6.0)[-1] == SendToVoice(Respond())
    assert [effect for _, effect in _live(talk, 6.0, 10.8) if isinstance(effect, SendToVoice)] == []


def test_where_no_other_session_is_left_the_apology_comes_at_once() -> None:
    talk = _listening()
    talk.voice_lost("it closed with 1011", 1.0)
    _say(talk, VoiceReady(), ResponseStarted(), ResponseDone("completed"), now=2.0)
    _live(talk, 2.0, 10.0)
    done = _with(talk, _noise(), 26.0)
    assert [(at, effect.clip) for at, effect in done if isinstance(effect, PlayClip)] == [(2.1, MOMENT), (8.1, SORRY)]
    assert not any(isinstance(effect, ReconnectVoice) for _, effect in done)


def test_a_second_voice_that_does_not_answer_either_ends_the_call_with_an_apology() -> None:
    talk = _listening()
    talk.failover.backup = True
    _live(talk, 0, 10.0)
    done = _with(talk, [*_noise(), (18.5, VoiceOpened()), (18.6, VoiceReady()), (18.7, ResponseStarted())], 26.0)
    assert talk.failover.on_backup
    assert [at for at, effect in done if effect == PlayClip(SORRY)] == [12.1]
    assert done[-1][1] == Finish(EndReason.VOICE_LOST)


def test_an_answer_that_comes_late_is_heard_after_the_filler_and_counted_for_itself() -> None:
    """F48: a filler is no answer, and does not spoil what is known of how much was heard."""
    talk = _listening()
    _say(talk, SpeechStopped(0), now=1.0)
    assert [effect for _, effect in _live(talk, 1.0, 3.1) if isinstance(effect, PlayClip)] == [PlayClip(MOMENT)]
    talk.audio(Audio("a", _sound(2000)))
    _say(talk, AgentTranscript("a", "one two three four"), now=3.2)
    assert not any(isinstance(effect, PlayClip) for _, effect in _live(talk, 3.2, 4.3)), "asked once"
    _at(talk, 3100 + MOMENT.size // 8 + 1000)
    assert _say(talk, SpeechStarted(), now=5.4)[-1] == SaveTurn("a", "ava", "one two", 3100, 1000)
    assert talk.latencies_ms


def test_a_filler_that_is_interrupted_is_no_business_of_the_voice() -> None:
    """F48: the voice is not told to truncate what it never said."""
    talk = _listening()
    _say(talk, SpeechStopped(0), now=1.0)
    _live(talk, 1.0, 3.2)
    cut = _say(talk, SpeechStarted(), now=3.3)
    assert [type(effect) for effect in cut] == [SendClear, SaveTurn]


def test_nobody_is_asked_for_patience_while_ava_speaks_or_when_nobody_waits() -> None:
    """F48: no filler into an answer, none when it is the student's turn."""
    talk = _listening()
    _say(talk, SpeechStopped(0), now=1.0)
    talk.audio(Audio("a", _sound(20_000)))
    assert _live(talk, 1.0, 20.0) == []
    _say(talk, ResponseDone("completed"), now=20.0)
    assert _live(talk, 21.0, 29.9) == []


def test_a_failed_answer_is_asked_for_once_more_and_the_second_failure_ends_the_talk_politely() -> None:
    talk = _listening()
    _say(talk, SpeechStopped(0), ResponseStarted(), now=1.0)
    assert _say(talk, ResponseDone("failed", "rate_limit_exceeded")) == []
    assert talk.tick(1.9) == []
    assert talk.tick(1.1 + response_scheduler.RETRY_AFTER_S) == [SendToVoice(Respond())]
    assert _heard(_say(talk, ResponseStarted(), ResponseDone("failed", "server_error"), now=3.0)) == [SORRY]
    talk = _listening()
    assert _heard(_say(talk, ResponseDone("failed", "insufficient_quota", hopeless=True))) == [SORRY]


def test_an_opening_that_failed_is_asked_for_again_as_the_opening() -> None:
    talk = _talk()
    _say(talk, VoiceReady(), ResponseStarted(), ResponseDone("failed", "server_error"), now=0.0)
    assert talk.tick(1.1) == [SendToVoice(RespondWith("open"))]
    assert _say(talk, ResponseStarted(), ResponseDone("completed"), ResponseDone("failed", "x"), now=2.0) == []
    assert talk.tick(3.1) == [SendToVoice(Respond())], "the first failure since the last answer that went well"


def test_a_model_whose_tools_fail_three_times_in_a_row_is_made_to_speak() -> None:
    """F49: at most three failures, then an answer in words."""
    talk = _listening()
    told: list[Effect] = []
    for n in range(4):
        _say(talk, ResponseStarted(), ToolCalled(f"c{n}", f"i{n}", "launch_rocket", "{"), ResponseDone("completed"))
        told.append(talk.tool_done(f"c{n}", "{}", ends=False, opted_out=False, failed=n != 3, now=1.0)[-1])
    assert told == [
        SendToVoice(Respond()),
        SendToVoice(Respond()),
        SendToVoice(Respond(in_words=True)),
        SendToVoice(Respond()),
    ]


def test_a_stream_that_stands_still_for_half_a_minute_is_ended_as_lost() -> None:
    """F45: `stop` was lost, the socket is open, no frame comes."""
    talk = _listening()
    assert _live(talk, 0, 5.0) == []
    assert [effect for tenth in range(51, 351) for effect in talk.tick(tenth / 10)] == []
    assert talk.tick(35.2) == [Finish(EndReason.MEDIA_LOST)]


def test_silence_on_both_sides_ends_with_a_goodbye_that_is_no_failure_of_ours() -> None:
    """F52: a fax, a mailbox that records, a phone in a pocket: asked once, then let go kindly."""
    talk = _listening()
    asked = _live(talk, 0, 10.2)
    assert [effect for _, effect in asked] == [SendToVoice(RespondWith(IDLE_PROMPT))]
    _say(talk, ResponseStarted(), now=10.3)
    talk.audio(Audio("there?", _sound(1000)))
    _say(talk, ResponseDone("completed"), now=10.4)
    parted = _live(talk, 10.4, 21.5)
    assert [effect for _, effect in parted] == [SendToVoice(RespondWith(NOBODY_THERE_GOODBYE))]
    _say(talk, ResponseStarted(), now=21.6)
    talk.audio(Audio("bye", _sound(1000)))
    _say(talk, ResponseDone("completed"), now=21.7)
    assert _live(talk, 21.7, 26.0)[-1][1] == Finish(EndReason.NOBODY)
    talk = _listening()
    _say(talk, SpeechStarted(), now=0.1)
    assert _live(talk, 0, 60.0) == [], "somebody is speaking"


def test_who_speaks_again_after_being_asked_is_asked_again_another_time() -> None:
    """F52: silence ends a talk only where the question met silence too."""
    talk = _listening()
    _live(talk, 0, 10.2)
    _say(talk, ResponseStarted(), ResponseDone("completed"), now=10.3)
    _say(talk, SpeechStarted(), SpeechStopped(11_000), UserTranscript("s", "Yes, one moment."), now=11.0)
    _say(talk, ResponseStarted(), Audio("a", ""), ResponseDone("completed"), now=11.5)
    assert [effect for _, effect in _live(talk, 11.5, 22.0)] == [SendToVoice(RespondWith(IDLE_PROMPT))]


@pytest.mark.parametrize("how", ["stop", "cut"])
def test_of_an_answer_that_a_hang_up_cut_off_only_what_was_heard_is_kept(how: str) -> None:
    """F41: partial turns are stored, whether the stream was stopped or broke."""
    talk = _listening()
    _say(talk, ItemAdded("a", None, "ava"), now=1.0)
    talk.audio(Audio("a", _sound(4000)))
    _say(talk, AgentTranscriptDelta("a", "one two three"), AgentTranscriptDelta("a", " four"), now=1.0)
    _at(talk, 1000)
    ended = talk.media(MediaStopped("stop"), 2.0) if how == "stop" else talk.end(EndReason.STREAM_CUT, 2.0)
    end = EndReason.STUDENT_LEFT if how == "stop" else EndReason.STREAM_CUT
    assert ended == [SaveTurn("a", "ava", "one", 0, 1000), Finish(end)]
    assert not talk.audio(Audio("a", _sound(4000)))
    said = "one two three four five six seven eight"
    assert _say(talk, AgentTranscript("a", said), now=2.1) == [SaveTurn("a", "ava", "one", 0, 1000)], (
        "of eight seconds, one"
    )


@pytest.mark.parametrize("answering", [True, False])
def test_a_mailbox_is_left_at_once_and_books_nothing(answering: bool) -> None:
    """F52: voicemail in words."""
    talk = _listening()
    if answering:
        _say(talk, ResponseStarted())
        talk.audio(Audio("a", _sound(2000)))
    done = _say(talk, UserTranscript("s", VOICEMAIL))
    assert done[0] == SaveTurn("s", "student", VOICEMAIL, 0, None)
    assert (SendClear() in done) is answering
    assert done[-2:] == [VoicemailDetected(VOICEMAIL), Finish(EndReason.VOICEMAIL)]
    assert not talk.audio(Audio("a", _sound(20)))
    assert _say(talk, ToolCalled("c", "i", "book_slot", "{}")) == []


def test_a_machine_that_will_be_left_a_message_is_kept_on_the_line_in_silence() -> None:
    """F52: the carrier speaks to it when its greeting is over; if it does not, the line is let go."""
    talk = _listening(leaves_message=True)
    assert _say(talk, UserTranscript("s", VOICEMAIL))[-1] == VoicemailDetected(VOICEMAIL)
    assert not talk.is_over
    assert not talk.audio(Audio("a", _sound(20)))
    assert _say(talk, ToolCalled("c", "i", "book_slot", "{}"), UserTranscript("s", VOICEMAIL))[:-1] == []
    done = _live(talk, 1.0, 2.0 + watchdog.VOICEMAIL_MESSAGE_S)
    assert [effect for _, effect in done] == [Finish(EndReason.VOICEMAIL)]
    assert done[0][0] > watchdog.VOICEMAIL_MESSAGE_S


def test_somebody_who_mentions_a_message_late_in_the_talk_is_not_hung_up_on() -> None:
    """F52: machines speak first."""
    talk = _listening()
    for n in range(utterance_classifier.VOICEMAIL_TURNS):
        _say(talk, UserTranscript(f"s{n}", "I want to study in Canada."))
    assert _say(talk, UserTranscript("late", VOICEMAIL)) == [SaveTurn("late", "student", VOICEMAIL, 0, None)]


def test_who_opts_out_while_the_line_is_being_given_up_is_still_heard() -> None:
    """F53: the words count, whatever else goes wrong."""
    talk = _listening()
    talk.voice_lost("gone", 1.0)
    talk.voice_lost("gone", 1.1)
    assert OptOutDetected("s", "stop calling me") in _say(talk, UserTranscript("s", "stop calling me"))
    assert talk.opted_out(1.2) == []


def test_sound_is_not_queued_for_a_voice_that_does_not_take_it() -> None:
    """F43: old sound is worth nothing to a voice."""
    talk = _listening()
    assert _at(talk, 20)
    talk.voice_backpressure(True)
    assert not _at(talk, 40)
    assert talk.given_bytes == 160
    talk.voice_backpressure(False)
    assert _at(talk, 60)
    talk.end(EndReason.MEDIA_LOST, 2.0)
    talk.voice_backpressure(False)
    assert not _at(talk, 80)


def test_an_opt_out_interrupts_and_cancels_what_ava_says() -> None:
    """F51, F53: the wish is answered at once."""
    talk = _listening()
    _say(talk, ResponseStarted())
    talk.audio(Audio("a", _sound(2000)))
    effects = talk.opted_out(1.0)
    assert effects[:2] == [SendClear(), SendToVoice(Cancel())]


def test_a_tool_that_is_called_twice_by_one_name_of_a_call_is_run_once() -> None:
    """F49: a duplicate call_id."""
    talk = _listening()
    call = ToolCalled("c1", "i1", "save_enquiry", "{}")
    assert _say(talk, ResponseStarted(), call, ResponseDone("completed"), call) == [
        RunTool("c1", "i1", "save_enquiry", "{}")
    ]


def test_a_voice_lost_while_ava_is_still_heard_is_replaced_without_a_word() -> None:
    """F47: she has enough to say meanwhile."""
    talk = _listening()
    _say(talk, ResponseStarted())
    talk.audio(Audio("a", _sound(5000)))
    assert talk.voice_lost("it closed with 1011", 1.5) == [ReconnectVoice()]


def test_a_tool_that_ends_after_the_apology_began_is_told_to_nobody() -> None:
    talk = _listening()
    _say(talk, ResponseStarted(), ToolCalled("c1", "i1", "find_slots", "{}"), ResponseDone("completed"))
    assert _heard(_say(talk, BROKEN_SETUP)) == [SORRY]
    assert talk.tool_done("c1", "{}", ends=True, opted_out=False, now=1.2) == []


def test_a_voice_that_falls_silent_when_it_should_say_goodbye_is_spoken_for() -> None:
    talk = _listening()
    _at(talk, 100)
    assert talk.opted_out(0.1) == [SendToVoice(RespondWith("goodbye"))]
    done = _live(talk, 0.1, 12.0)
    assert _heard([effect for _, effect in done]) == [GOODBYE]
    assert done[-1][1] == Finish(EndReason.GOODBYE)
    assert any("no answer for" in fault for fault in talk.faults)


def test_a_goodbye_that_waits_for_a_tool_is_said_by_us_when_it_is_overdue() -> None:
    """F53: whoever asked to be left alone is not kept because something of ours hangs."""
    talk = _listening()
    _say(talk, ResponseStarted(), ToolCalled("c1", "i1", "find_slots", "{}"), ResponseDone("completed"), now=0.0)
    assert talk.opted_out(0.0) == []
    done = _live(talk, 0.0, 16.0)
    assert _heard([effect for _, effect in done]) == [GOODBYE]
    assert _when(done, PlayClip) > GOODBYE_TIMEOUT_S


def test_who_hears_hindi_from_ava_hears_our_own_sentences_in_hindi() -> None:
    talk = _talk()
    assert talk.hangup.clips is ENGLISH
    talk.voice(AgentTranscript("a", "आपका बजट कितना है?"), 1.0)
    assert talk.hangup.clips is HINDI
    assert PlayClip(HINDI.sorry) in talk.drain(2.0)
    talk.voice(AgentTranscript("b", "Which country do you like?"), 2.0)
    assert talk.hangup.clips is ENGLISH
    assert clips_of("hi", "Main AVA hoon") is HINDI, "Hinglish has Latin letters, and is no English"
    for clips in (ENGLISH, HINDI):
        assert 1000 < clips.sorry.size / 8 < watchdog.APOLOGY_TIMEOUT_S * 1000 - 200 < 3000


def test_what_a_tool_writes_down_came_from_the_turn_before_it_though_its_words_come_later() -> None:
    talk = _listening()
    assert talk.transcript.asked_by("fc1") is None
    _say(talk, ItemAdded("s1", None, "student"), UserTranscript("s1", "Hello."), ItemAdded("s2", "s1", "student"))
    _say(talk, ResponseStarted(), ToolCalled("call_1", "fc1", "save_enquiry", "{}"))
    _say(talk, ItemAdded("s3", "fc1", "student"))
    assert talk.transcript.asked_by("fc1") == "s2", "not the last one whose words are there"
    assert talk.transcript.asked_by("not told of") == "s3"
