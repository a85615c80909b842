"""What cuts AVA off and what does not: speech, a cough, a door, the "hello?" of somebody who answers."""

from base64 import b64encode

import numpy as np
import pytest

from dialer.audio import ulaw
from dialer.audio.ulaw import SPEECH_LOUDNESS as LOUD
from dialer.bridge.conversation.core import Conversation
from dialer.bridge.conversation.effects import Effect, SendClear, SendToVoice
from dialer.bridge.conversation.interruption import InterruptionDetector, InterruptionPolicy
from dialer.carriers.media import MediaFrame, MediaStarted
from dialer.domain.compliance.disclosure import Disclosure, compose
from dialer.voices.port import (
    AgentTranscript,
    Audio,
    Cancel,
    ResponseDone,
    ResponseStarted,
    SessionConfig,
    SpeechStarted,
    SpeechStopped,
    Truncate,
    UserTranscript,
    VoiceFault,
    VoiceReady,
)

SETUP = SessionConfig("You are AVA.", (), "marin", 0.5, 300, 500, "gpt-transcribe", "en")
MANNER = InterruptionPolicy(min_speech_ms=120, protected_opening_ms=2500)
HUSH = b64encode(ulaw.SILENCE_FRAME).decode()
TONE = (3000 * np.sin(np.arange(ulaw.FRAME_BYTES) * 0.4)).astype(np.int16)
VOICE = b64encode(ulaw.ulaw_encode(TONE)).decode()
MURMUR = b64encode(ulaw.ulaw_encode((TONE // 12).astype(np.int16))).decode()


class Call:
    """A talk whose two clocks go together, frame by frame."""

    def __init__(self, manner: InterruptionPolicy = MANNER, disclosure: Disclosure | None = None) -> None:
        self.talk = Conversation(SETUP, "open", "goodbye", 600.0, 0.0, policy=manner, disclosure=disclosure)
        self.talk.media(MediaStarted("MZ1", "CA1", {}), 0.0)
        self.say(VoiceReady(), ResponseStarted())

    @property
    def now(self) -> float:
        return self.talk.stream_ms / 1000

    def say(self, *events: object) -> list[Effect]:
        return [effect for event in events for effect in self.talk.voice(event, self.now)]  # type: ignore[arg-type]

    def ava(self, item: str, ms: int) -> None:
        assert self.talk.audio(Audio(item, b64encode(b"\xff" * ms * 8).decode()))

    def line(self, payload: str, ms: int) -> list[Effect]:
        """The line sounds so for a while; time passes as the bridge lets it."""
        done: list[Effect] = []
        for _ in range(ms // ulaw.FRAME_MS):
            self.talk.frame(MediaFrame(payload, self.talk.stream_ms + ulaw.FRAME_MS))
            if self.talk.stream_ms % 100 == 0:
                done += self.talk.tick(self.now)
        return done


def _in_the_middle(manner: InterruptionPolicy = MANNER) -> Call:
    """A call in which the opening was heard, and AVA gives a long answer."""
    call = Call(manner)
    call.ava("opening", 3000)
    call.say(ResponseDone("completed"))
    call.line(HUSH, 4000)
    call.say(ResponseStarted())
    call.ava("answer", 8000)
    call.say(ResponseDone("completed"))
    call.line(HUSH, 1000)
    return call


def _cuts(effects: list[Effect]) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, (SendClear, SendToVoice))]


def test_speech_is_louder_than_the_level_and_a_murmur_is_not() -> None:
    assert ulaw.loudness(ulaw.ulaw_encode(TONE)) > LOUD > ulaw.loudness(ulaw.ulaw_encode(TONE // 12))


def test_who_speaks_up_is_let_speak_within_200_ms() -> None:
    call = _in_the_middle()
    assert _cuts(call.line(VOICE, 120)) == []  # the voice has not told of it yet
    assert _cuts(call.say(SpeechStarted()))[:1] == [SendClear()]
    assert not call.talk.playback.is_playing(call.talk.stream_ms)


def test_a_voice_that_is_told_of_early_is_let_speak_as_soon_as_enough_was_heard() -> None:
    call = _in_the_middle()
    call.line(VOICE, 60)
    assert call.say(SpeechStarted()) == []
    assert _cuts(call.line(VOICE, 140)) == [SendClear(), SendToVoice(Truncate("answer", call.talk.stream_ms - 4000))]


@pytest.mark.parametrize("noise", [VOICE, MURMUR])
def test_a_short_or_quiet_noise_cuts_nothing_and_gets_no_answer(noise: str) -> None:
    call = _in_the_middle()
    call.line(noise, 80)
    assert call.say(SpeechStarted()) == []
    assert _cuts(call.line(HUSH, 1000)) == []
    assert call.say(SpeechStopped(5000)) == []
    assert call.talk.watchdog.response_due_since is None
    assert call.say(ResponseStarted()) == [SendToVoice(Cancel())], "the voice answers the noise of its own accord"
    assert not call.talk.audio(Audio("to the noise", HUSH))
    assert call.say(ResponseDone("cancelled")) == []
    assert call.talk.playback.is_playing(call.talk.stream_ms)
    assert call.talk.latencies_ms == []


def test_after_a_noise_the_next_answer_is_wanted_again() -> None:
    call = _in_the_middle()
    call.line(VOICE, 60)
    call.say(SpeechStarted())
    call.line(HUSH, 1000)
    call.say(SpeechStopped(5000))
    call.line(HUSH, 7000)
    call.line(VOICE, 500)
    assert call.say(SpeechStarted(), SpeechStopped(13_000)) == []
    assert call.say(ResponseStarted()) == []
    call.ava("reply", 1000)


def test_an_answer_that_was_asked_for_is_none_to_the_noise_before_it() -> None:
    call = _in_the_middle()
    call.line(VOICE, 60)
    call.say(SpeechStarted())
    call.line(HUSH, 500)
    call.say(SpeechStopped(5000))
    call.talk.responses.responding = True  # a tool's result was handed over, and the model asked
    assert call.say(ResponseStarted()) == []


def test_the_hello_of_whoever_answers_does_not_cut_the_opening_and_is_not_answered() -> None:
    call = Call()
    call.line(VOICE, 300)
    assert call.say(SpeechStarted()) == [], "before AVA's first sound"
    call.ava("opening", 6000)
    assert _cuts(call.line(HUSH, 1000)) == []
    call.say(SpeechStopped(400), ResponseDone("completed"))
    assert call.say(ResponseStarted()) == [SendToVoice(Cancel())]
    call.say(ResponseDone("cancelled"), UserTranscript("hello", "Hello?"))
    assert call.talk.playback.is_playing(call.talk.stream_ms)


def test_who_goes_on_speaking_after_the_first_sentence_is_let_speak() -> None:
    call = Call()
    call.ava("opening", 9000)
    call.say(ResponseDone("completed"))
    call.line(HUSH, 1900)
    call.line(VOICE, 100)
    assert call.say(SpeechStarted()) == []
    assert _cuts(call.line(VOICE, 400)) == []
    assert SendClear() in call.line(VOICE, 300)
    assert 2500 <= call.talk.stream_ms <= 2900


def test_what_is_heard_when_ava_is_silent_is_always_a_turn() -> None:
    call = _in_the_middle()
    call.line(HUSH, 8000)
    call.line(MURMUR, 200)
    call.say(SpeechStarted())
    call.line(HUSH, 500)
    call.say(SpeechStopped(13_000))
    assert call.talk.watchdog.response_due_since is not None
    assert call.say(ResponseStarted()) == []


def test_a_doubt_that_outlasts_ava_is_a_turn() -> None:
    call = _in_the_middle()
    call.line(HUSH, 6800)
    call.line(MURMUR, 100)
    call.say(SpeechStarted())
    call.line(MURMUR, 1000)
    call.say(SpeechStopped(13_000))
    assert call.say(ResponseStarted()) == []


def test_a_frame_that_is_no_base64_is_no_sound() -> None:
    call = _in_the_middle()
    call.line("A", 200)
    assert call.say(SpeechStarted()) == []


def test_an_answer_that_was_over_when_it_was_cancelled_is_no_fault() -> None:
    call = _in_the_middle()
    assert call.say(VoiceFault("response_cancel_not_active", "none", fatal=False)) == []
    assert call.talk.faults == []


def test_only_the_opening_is_protected_however_short_it_was() -> None:
    call = Call()
    call.ava("opening", 500)
    call.say(ResponseDone("completed"))
    call.line(HUSH, 600)
    call.say(ResponseStarted())
    call.ava("answer", 5000)
    call.line(VOICE, 200)
    assert call.say(SpeechStarted())[:2] == [SendClear(), SendToVoice(Cancel())]


@pytest.mark.parametrize(("at_ms", "cut"), [(3000, False), (5000, True)])
def test_the_disclosure_is_said_whole_and_what_follows_it_can_be_cut(at_ms: int, cut: bool) -> None:
    disclosure = compose("One Window", "", "english", ai=True, recorded=True)
    call = Call(InterruptionPolicy(min_speech_ms=120), disclosure)
    call.ava("opening", 10_000)
    call.say(
        AgentTranscript("opening", disclosure.words + " " + "I have a moment to help you study abroad, if I may. " * 2)
    )
    call.line(HUSH, at_ms)
    call.line(VOICE, 200)
    assert (SendClear() in call.say(SpeechStarted())) is cut


def test_a_disclosure_whose_words_never_come_is_protected_no_longer_than_it_takes() -> None:
    disclosure = compose("One Window", "", "english", ai=True, recorded=True)
    call = Call(InterruptionPolicy(min_speech_ms=120), disclosure)
    call.ava("opening", disclosure.most_ms + 5000)
    call.line(VOICE, 2000)
    assert call.say(SpeechStarted(), SpeechStopped(2000)) == []
    call.line(HUSH, disclosure.most_ms)
    call.line(VOICE, 200)
    assert SendClear() in call.say(SpeechStarted())


@pytest.mark.parametrize(("loud_frames", "cuts"), [(5, False), (6, True)])
def test_a_carrier_that_sends_a_hundred_milliseconds_at_once_is_heard_as_finely(loud_frames: int, cuts: bool) -> None:
    """120 ms of speech cut AVA off, in whatever messages they come; one loud click in a message is not all of it."""
    barging = InterruptionDetector(InterruptionPolicy(min_speech_ms=120))
    tone, quiet = ulaw.ulaw_encode(np.resize(TONE, ulaw.FRAME_BYTES)), ulaw.SILENCE_FRAME
    sound = quiet * 7 + tone * loud_frames + quiet * (13 - loud_frames)
    for at in range(0, len(sound), 5 * ulaw.FRAME_BYTES):
        barging.sound(b64encode(sound[at : at + 5 * ulaw.FRAME_BYTES]).decode())
    assert barging.on_speech_start(protected=False) is cuts


def test_what_was_heard_long_ago_is_not_speech_now_however_much_a_carrier_sends_at_once() -> None:
    barging = InterruptionDetector(InterruptionPolicy(min_speech_ms=120))
    tone = ulaw.ulaw_encode(np.resize(TONE, 5 * ulaw.FRAME_BYTES))
    for _ in range(5):
        barging.sound(b64encode(tone).decode())
    for _ in range(4):
        barging.sound(b64encode(ulaw.SILENCE_FRAME * 5).decode())
    assert not barging.on_speech_start(protected=False)
