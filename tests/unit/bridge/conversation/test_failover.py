"""A talk that changes its voice: the second one where the first fails, another session where one is ended. No network."""

from base64 import b64encode

import pytest

from dialer.bridge.conversation.core import READY_TIMEOUT_S, RESUME, Conversation
from dialer.bridge.conversation.effects import Effect, EndReason, Finish, PlayClip, ReconnectVoice, SendToVoice
from dialer.bridge.conversation.failover import BACKUP_AFTER_S, MIGRATE_BEFORE_S
from dialer.bridge.conversation.watchdog import REPLACE_SESSION_AFTER_S
from dialer.bridge.prompts.loader import MOMENT, SORRY
from dialer.carriers.media import MediaFrame, MediaStarted
from dialer.voices.port import (
    AgentTranscript,
    Audio,
    Configure,
    ItemAdded,
    ReplayMessage,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    ResumptionHandle,
    SessionConfig,
    SessionExpiring,
    SpeechStarted,
    SpeechStopped,
    UserTranscript,
    VoiceEvent,
    VoiceFault,
    VoiceOpened,
    VoiceReady,
)

SETUP = SessionConfig("You are AVA.", (), "marin", 0.5, 300, 500, "gpt-4o-mini-transcribe", "en")
SECOND = b64encode(b"\xff" * 8000).decode()
QUOTA = VoiceFault("insufficient_quota", "no money", fatal=True)


def _talk(*, spare: bool = True, media: bool = True) -> Conversation:
    talk = Conversation(SETUP, "open", "goodbye", 600.0, 0.0)
    talk.failover.backup = spare
    if media:
        talk.media(MediaStarted("MZ1", "CA1", {}), 0.0)
    return talk


def _listening(*, spare: bool = True) -> Conversation:
    talk = _talk(spare=spare)
    _say(
        talk,
        VoiceReady(),
        ResponseStarted(),
        ItemAdded("a1", None, "ava"),
        AgentTranscript("a1", "Hello."),
        ResponseDone("completed"),
    )
    return talk


def _say(talk: Conversation, *events: VoiceEvent, now: float = 0.0) -> list[Effect]:
    return [effect for event in events for effect in talk.voice(event, now)]


def _commands(effects: list[Effect]) -> list[object]:
    return [effect.command for effect in effects if isinstance(effect, SendToVoice)]


def _clips(effects: list[Effect]) -> list[object]:
    return [effect.clip for effect in effects if isinstance(effect, PlayClip)]


@pytest.mark.parametrize("why", ["refused", "fault", "silence"])
def test_a_voice_that_cannot_start_is_exchanged_before_the_student_wonders(why: str) -> None:
    talk = _talk()
    if why == "refused":
        done = talk.voice_lost("not reached: 401", 0.3)
    elif why == "fault":
        done = _say(talk, QUOTA, now=0.3)
    else:
        assert talk.tick(BACKUP_AFTER_S) == []
        done = talk.tick(BACKUP_AFTER_S + 0.1)
    assert ReconnectVoice() in done
    assert _clips(done) == []
    assert talk.failover.on_backup
    assert _commands(_say(talk, VoiceOpened(), VoiceReady(), now=2.0)) == [Configure(SETUP), RespondWith("open")]


def test_when_both_voices_cannot_start_the_student_is_told_so() -> None:
    talk = _talk()
    talk.voice_lost("not reached: 401", 0.3)
    done = talk.voice_lost("not reached: 503", 0.6)
    assert _clips(done) == [SORRY]
    alone = _talk(spare=False)
    assert _clips(_say(alone, QUOTA, now=0.3)) == [SORRY]
    slow = _talk()
    slow.voice_lost("not reached: 401", 0.3)
    assert _clips(slow.tick(READY_TIMEOUT_S + 0.1)) == [SORRY]


def test_nobody_is_turned_to_before_the_carrier_is_there() -> None:
    assert _talk(media=False).tick(BACKUP_AFTER_S + 1) == []


def test_the_second_voice_takes_over_with_all_that_was_said() -> None:
    talk = _listening()
    _say(
        talk,
        ItemAdded("s1", "a1", "student"),
        UserTranscript("s1", "I want to study."),
        ResumptionHandle("of the first"),
    )
    done = talk.voice_lost("it closed with 1011", 5.0)
    assert ReconnectVoice() in done
    assert _clips(done) == [MOMENT]
    told = _commands(_say(talk, VoiceOpened(), VoiceReady(), now=5.5))
    assert told == [
        Configure(SETUP),
        ReplayMessage("a1", "ava", "Hello."),
        ReplayMessage("s1", "student", "I want to study."),
        RespondWith(RESUME),
    ]
    assert ReconnectVoice() in talk.voice_lost("it closed with 1006", 9.0), "once more, in a new session of the second"
    _say(talk, VoiceReady(), now=9.2)
    assert _clips(talk.voice_lost("it closed with 1006", 12.0))[-1] == SORRY


def test_a_voice_that_answers_nothing_or_fails_twice_is_exchanged_once() -> None:
    mute = _listening()
    _say(mute, SpeechStarted(), SpeechStopped(100), now=1.0)
    mute.frame(MediaFrame("", 20))
    assert ReconnectVoice() in mute.tick(1.1 + REPLACE_SESSION_AFTER_S)
    failing = _listening()
    failed = (ResponseStarted(), ResponseDone("failed", "server_error"))
    _say(failing, *failed, now=1.0)
    failing.tick(2.1)
    assert ReconnectVoice() in _say(failing, *failed, now=2.2)
    _say(failing, VoiceReady(), ResponseStarted(), ResponseDone("completed"), now=2.5)
    _say(failing, *failed, now=3.0)
    failing.tick(4.1)
    assert _clips(_say(failing, *failed, now=4.2))[-1] == SORRY


def test_a_session_that_is_to_be_ended_is_left_in_a_quiet_moment_and_nobody_hears_of_it() -> None:
    talk = _listening()
    _say(talk, ResumptionHandle("h1"), ResumptionHandle("h2"), SessionExpiring(30.0), now=1.0)
    assert talk.tick(1.1) == [ReconnectVoice()]
    assert talk.tick(1.2) == []
    done = _say(talk, VoiceOpened(), VoiceReady(), now=1.5)
    assert _commands(done)[0] == Configure(SessionConfig(*_fields(), resume="h2"))
    assert RespondWith(RESUME) not in _commands(done)
    assert talk.faults == []


def _fields() -> tuple[object, ...]:
    return ("You are AVA.", (), "marin", 0.5, 300, 500, "gpt-4o-mini-transcribe", "en")


def test_a_session_that_is_to_be_ended_is_left_in_time_even_if_somebody_speaks() -> None:
    talk = _listening()
    _say(talk, ResponseStarted(), SessionExpiring(10.0), now=1.0)
    talk.audio(Audio("a2", SECOND))
    assert talk.tick(2.0) == []
    done = talk.tick(1.0 + 10.0 - MIGRATE_BEFORE_S)
    assert ReconnectVoice() in done
    assert RespondWith(RESUME) in _commands(_say(talk, VoiceReady(), now=9.5))


def test_a_handle_that_is_not_known_any_more_costs_a_new_session_and_not_the_talk() -> None:
    talk = _listening(spare=False)
    _say(talk, ResumptionHandle("h1"), SessionExpiring(30.0), now=1.0)
    talk.tick(1.1)
    _say(talk, VoiceOpened(), now=1.2)
    assert ReconnectVoice() in talk.voice_lost("it closed with 1007", 1.3)
    done = _say(talk, VoiceOpened(), VoiceReady(), now=1.5)
    assert _commands(done)[0] == Configure(SETUP)
    assert ReplayMessage("a1", "ava", "Hello.") in _commands(done)


def test_a_talk_that_says_goodbye_is_not_moved_any_more() -> None:
    talk = _listening()
    _say(talk, SessionExpiring(5.0), now=1.0)
    talk.say_goodbye("bye", 1.1)
    assert ReconnectVoice() not in talk.tick(6.0)


def test_what_each_model_used_is_counted_apart() -> None:
    talk = _listening()
    talk.model = "first"
    _say(talk, ResponseStarted(), ResponseDone("completed", usage={"audio_out": 5}))
    talk.model = "second"
    _say(talk, ResponseStarted(), ResponseDone("completed", usage={"audio_out": 7}))
    assert talk.usages == {"first": {"audio_out": 5}, "second": {"audio_out": 7}}
    assert sum(each["audio_out"] for each in talk.usages.values()) == 12
    assert not [
        each
        for each in talk.end(EndReason.STUDENT_LEFT, 9.0)
        if isinstance(each, Finish) and each.end is not EndReason.STUDENT_LEFT
    ]


def test_a_voice_that_is_lost_when_the_talk_is_over_already_is_nobodys_loss() -> None:
    talk = _listening()
    talk.end(EndReason.STUDENT_LEFT, 1.0)
    assert talk.voice_lost("it closed with 1000", 1.1) == []
