"""What a colleague's hand does to a talk: a note, an end, a person instead of AVA. No network."""

from dialer.bridge.conversation.core import Conversation
from dialer.bridge.conversation.effects import (
    Effect,
    EndReason,
    Finish,
    PlayClip,
    ReconnectVoice,
    SendClear,
    SendToVoice,
)
from dialer.bridge.conversation.watchdog import REPLACE_SESSION_AFTER_S
from dialer.bridge.prompts.loader import GOODBYE, MOMENT
from dialer.carriers.media import MediaFrame, MediaMark, MediaStarted
from dialer.voices.port import (
    Audio,
    Cancel,
    RespondWith,
    ResponseDone,
    ResponseStarted,
    SessionConfig,
    SystemNote,
    ToolCalled,
    VoiceReady,
)

SETUP = SessionConfig("You are AVA.", (), "marin", 0.5, 300, 500, "gpt-4o-mini-transcribe", "en")
SECOND = "/////////////////////w==" * 500  # a second of silence


def _listening() -> Conversation:
    talk = Conversation(SETUP, "open", "goodbye", 600.0, 0.0)
    talk.media(MediaStarted("MZ1", "CA1", {}), 0.0)
    for event in (VoiceReady(), ResponseStarted(), ResponseDone("completed")):
        talk.voice(event, 0.0)
    return talk


def _tells(effects: list[Effect]) -> list[object]:
    return [effect.command for effect in effects if isinstance(effect, SendToVoice)]


def _finishes(effects: list[Effect]) -> list[EndReason]:
    return [effect.end for effect in effects if isinstance(effect, Finish)]


def test_a_note_is_for_ava_alone_and_only_while_she_is_there_to_use_it() -> None:
    talk = _listening()
    assert talk.add_note("her sister studies there") == [SendToVoice(SystemNote("her sister studies there"))]
    talk.say_goodbye("bye", 1.0)
    assert talk.add_note("too late") == []
    lost = _listening()
    assert ReconnectVoice() in lost.voice_lost("it closed with 1011", 1.0)
    assert lost.add_note("nobody is there") == []


def test_ava_is_cut_short_to_say_a_last_sentence_and_the_talk_ends_when_it_was_heard() -> None:
    talk = _listening()
    talk.voice(ResponseStarted(), 1.0)
    talk.audio(Audio("a1", SECOND))
    done = talk.say_goodbye("say that we will be in touch", 1.0)
    assert isinstance(done[0], SendClear)
    assert Cancel() in _tells(done)
    done = talk.voice(ResponseDone("cancelled"), 1.1)
    assert _tells(done) == [RespondWith("say that we will be in touch")]
    talk.voice(ResponseStarted(), 1.2)
    talk.audio(Audio("a2", SECOND))
    done = talk.voice(ResponseDone("completed"), 1.3)
    (mark,) = [effect.name for effect in done if hasattr(effect, "name")]
    talk.frame(MediaFrame("", 1000))
    assert _finishes(talk.media(MediaMark(mark), 2.4)) == [EndReason.GOODBYE]


def test_a_student_who_is_connected_to_a_person_hears_so_first() -> None:
    talk = _listening()
    talk.voice(ResponseStarted(), 1.0)
    talk.voice(ToolCalled("c1", "i1", "transfer", "{}"), 1.0)
    talk.voice(ResponseDone("completed"), 1.0)
    talk.tool_done("c1", '{"transferring": true}', ends=True, opted_out=False, now=1.1, end=EndReason.TRANSFERRED)
    talk.voice(ResponseStarted(), 1.2)
    done = talk.voice(ResponseDone("completed"), 1.3)
    assert _finishes(done) == [EndReason.TRANSFERRED]


def test_a_voice_that_dies_before_it_says_so_does_not_keep_the_student_from_the_person() -> None:
    talk = _listening()
    talk.say_goodbye("I am connecting you", 1.0, EndReason.TRANSFERRED)
    done = talk.voice_lost("it closed with 1011", 1.2)
    assert [effect.clip for effect in done if isinstance(effect, PlayClip)] == [MOMENT]
    late = _listening()
    late.voice_lost("it closed with 1011", 1.0)
    done = late.say_goodbye("I am connecting you", 1.1, EndReason.TRANSFERRED)
    assert [effect.clip for effect in done if isinstance(effect, PlayClip)] == [MOMENT]


def test_a_goodbye_that_does_not_come_is_said_by_a_clip_and_a_second_wish_changes_nothing() -> None:
    talk = _listening()
    talk.say_goodbye("bye", 1.0)
    assert talk.say_goodbye("something else", 1.1) == []
    done = talk.tick(1.0 + REPLACE_SESSION_AFTER_S + 0.1)
    assert [effect.clip for effect in done if isinstance(effect, PlayClip)] == [GOODBYE]


def test_a_talk_that_is_hung_up_is_over_at_once() -> None:
    talk = _listening()
    assert _finishes(talk.end(EndReason.HUNG_UP, 1.0)) == [EndReason.HUNG_UP]
    assert talk.say_goodbye("bye", 1.1) == []
