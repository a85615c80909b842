"""One call between a carrier's media stream and a voice. Sans-IO: events in, effects out.

The conversation opens when both sides are ready, cuts AVA when the student speaks, runs tools one answer at a time,
goes on in a new session where a voice is lost, and ends once: when the student left, when AVA's goodbye was heard, or
with an apology when something cannot go on. Times: `now` is seconds of a monotonic clock, `*_ms` the stream's own time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from dialer.bridge.conversation import watchdog
from dialer.bridge.conversation.effects import Effect, End, OptOutHeard, Redial, RunTool, SendMark, Tell
from dialer.bridge.conversation.failover import Dialling
from dialer.bridge.conversation.hangup import Ending
from dialer.bridge.conversation.interruption import Manner
from dialer.bridge.conversation.playback import BYTES_PER_MS, Playback
from dialer.bridge.conversation.playback_effects import play
from dialer.bridge.conversation.response_scheduler import Asking
from dialer.bridge.conversation.transcript import Transcript
from dialer.bridge.conversation.turn_taking import Floor
from dialer.bridge.conversation.utterance_classifier import Ears
from dialer.bridge.conversation.watchdog import Escalation, Patience
from dialer.bridge.prompts.loader import Clip, clips_of
from dialer.carriers.media import (
    MediaConnected,
    MediaDigit,
    MediaFrame,
    MediaIgnored,
    MediaMark,
    MediaStarted,
    MediaStopped,
)
from dialer.domain.calling.cost import add_usage
from dialer.domain.compliance.disclosure import Disclosure
from dialer.voices.port import (
    AnswerEnded,
    AnswerStarted,
    Audio,
    Configure,
    GoingAway,
    Heard,
    ItemAdded,
    Note,
    Nothing,
    RateLimit,
    Resumable,
    Setup,
    Speaking,
    SpeechStarted,
    SpeechStopped,
    Spoken,
    ToolCalled,
    ToolResult,
    VoiceEvent,
    VoiceFault,
    VoiceOpened,
    VoiceReady,
)

READY_WITHIN_S = 10.0
MOST_STRANGE = 20
RESUME = (
    "The line broke for a moment and is back; what was said before stands above. Do not introduce yourself again. Say "
    '"Sorry, the line broke up for a moment." and then go on where the talk stood, in the language you were speaking.'
)


@dataclass(slots=True)
class Conversation:
    """The state of one call's talk. `opening` is how AVA is told to begin, `goodbye` how to end after an opt-out.

    Where `leaves_message`, a machine is kept on the line for a while, silently: the carrier will speak to it.
    """

    setup: Setup
    opening: str
    goodbye: str
    time_limit_s: float
    started_at: float
    disclosure: Disclosure | None = None
    """The locked first sentence, which `opening` begins with."""
    leaves_message: bool = False
    manner: Manner = field(default_factory=Manner)
    playback: Playback = field(default_factory=Playback)
    transcript: Transcript = field(default_factory=Transcript)
    asking: Asking = field(default_factory=Asking)
    ears: Ears = field(default_factory=Ears)
    patience: Patience = field(default_factory=Patience)
    ending: Ending = field(init=False)
    floor: Floor = field(init=False)
    stream_ms: int = 0
    given_bytes: int = 0
    latencies_ms: list[int] = field(default_factory=list)
    usages: dict[str, dict[str, int]] = field(default_factory=dict)
    """Counts by model and kind: each model has its own prices."""
    model: str = ""
    """Which model speaks now."""
    dialling: Dialling = field(default_factory=Dialling)
    faults: list[str] = field(default_factory=list)
    strange: set[str] = field(default_factory=set)
    """Kinds of events of the voice that nobody here knows."""
    tokens_left: float = 1.0
    """The least that was left of the account's tokens a minute, as a share."""
    answered: bool = False
    """AVA's first words were sent."""
    _media: bool = False
    _listening: bool = False
    _opened: bool = False
    _voice_spoke: bool = False
    _keep_sound: Callable[[str], None] = field(init=False)

    def __post_init__(self) -> None:
        """Join the parts that share the playback and the transcript."""
        self.dialling.dialled_at = self.started_at
        self.ending = Ending(self.playback, self.transcript, clips_of(self.setup.language))
        parts = (self.playback, self.transcript, self.asking, self.patience, self.ending)
        self.floor = Floor(self.manner, *parts, self.disclosure)
        self._keep_sound = self.floor.barging.sound

    # -- audio, fifty times a second: no effects, no allocation beyond need ------------------------------------------

    def frame(self, frame: MediaFrame) -> bool:
        """Take note of the student's audio; True if it is to be given to the voice."""
        self.stream_ms = frame.at_ms
        if not self._listening:
            return False
        payload = frame.payload
        self.given_bytes += len(payload) * 3 // 4 - payload.count("=", -2)  # `_decoded_size`, without a call
        self._keep_sound(payload)
        return True

    def audio(self, audio: Audio) -> bool:
        """Take note of AVA's audio; True if it is to be sent to the carrier."""
        size = _decoded_size(audio.payload)
        self._voice_spoke = True
        if (
            not self._media
            or self.floor.muted
            or self.ending.begun
            or not self.playback.add(audio.item, size, self.stream_ms)
        ):
            self.transcript.unsent(audio.item, size)
            return False
        self.answered = True
        self.transcript.sounded(audio.item, size, self.stream_ms)
        if self.floor.silent_since_ms is not None:
            self.latencies_ms.append(max(0, self.given_bytes // BYTES_PER_MS - self.floor.silent_since_ms))
            self.floor.silent_since_ms = None
        return True

    # -- everything else ---------------------------------------------------------------------------------------------

    def media(
        self, event: MediaConnected | MediaStarted | MediaMark | MediaDigit | MediaStopped | MediaIgnored, now: float
    ) -> list[Effect]:
        """A message of the carrier other than audio."""
        match event:
            case MediaStarted():
                self._media = True
                return self._open(now)
            case MediaMark(name):
                self.playback.confirm(name, self.stream_ms)
                return self.ending.after_goodbye(now, self.stream_ms)
            case MediaStopped():
                return self.leave(End.STUDENT_LEFT, now)
            case MediaConnected() | MediaDigit() | MediaIgnored():
                return []
            case other:
                assert_never(other)

    def voice(self, event: VoiceEvent, now: float) -> list[Effect]:
        """An event of the voice other than audio that was forwarded."""
        match event:
            case ItemAdded():
                self.transcript.added(event, self.stream_ms)
                return []
            case Speaking(item, words):
                self.transcript.speaking(item, words)
                return []
            case Spoken(item, words):
                self.ending.clips = clips_of(self.setup.language, words)
                saves = self.transcript.spoken(item, words)
                mark = self.playback.due_mark(item_ended=True)
                return [*([SendMark(mark, ends=True)] if mark else []), *saves]
            case Heard():
                return self._heard(event, now)
            case _ if self.ending.parting is not None:
                return []
            case VoiceOpened():
                return [Tell(Configure(replace(self.setup, resume=self.dialling.opened())))]
            case VoiceReady():
                self.dialling.ready()
                self.floor.has_voice = self._listening = True
                self.given_bytes, self.floor.silent_since_ms = 0, None  # the session counts its own sound
                return self._open(now)
            case SpeechStarted():
                return self.floor.speech_started(self.stream_ms, now)
            case SpeechStopped(end_ms):
                self.floor.speech_stopped(end_ms, self.stream_ms, now)
                return []
            case AnswerStarted():
                return self.floor.answer_started()
            case ToolCalled():
                return self._tool_called(event, now)
            case AnswerEnded():
                return self._answer_ended(event, now)
            case VoiceFault("conversation_already_has_active_response"):
                self.asking.too_early()
                return []
            case VoiceFault("response_cancel_not_active"):
                return []  # it was over already
            case VoiceFault(code, says, fatal, renewable):
                if fatal and (renewable or self.dialling.may_turn):
                    return self.voice_lost(f"{code}: {says}", now)
                self.faults.append(f"{code}: {says}")
                return self._apologise(End.VOICE_LOST if self._opened else End.VOICE_REFUSED, now) if fatal else []
            case Resumable(handle):
                self.dialling.handle = handle
                return []
            case GoingAway(left_s):
                self.dialling.going_away(left_s, now)
                return []
            case RateLimit(left):
                self.tokens_left = min(self.tokens_left, left)
                return []
            case Nothing(kind, unknown):
                if unknown and len(self.strange) < MOST_STRANGE:
                    self.strange.add(kind[:80])
                return []
            case Audio():
                return []
            case other:
                assert_never(other)

    def voice_lost(self, says: str, now: float) -> list[Effect]:
        """The voice's socket closed, could not be opened, or takes nothing: the second voice, or once a new session."""
        if self.ending.begun:
            return []
        self.faults.append(says)
        self.floor.has_voice = self._listening = self.asking.answering = False
        if self.ending.goodbye:
            return [] if self.ending.goodbye_sent else self._part(*self.ending.farewell, now)
        if not self.dialling.choose(begun=self._opened):
            return self._apologise(End.VOICE_LOST if self._opened else End.VOICE_REFUSED, now)
        effects = self._dial(now)
        if self._opened and not self.playback.is_playing(self.stream_ms):
            effects += play(self.ending.clips.moment, self.playback, self.transcript, self.stream_ms)
        return effects

    def _dial(self, now: float) -> list[Effect]:
        self.dialling.dial(now, begun=self._opened)
        self.floor.has_voice = self._listening = self.asking.answering = False
        self.patience.speech_started_at, self.patience.filled = None, True
        return [*self.transcript.give_up(), Redial()]

    def voice_choked(self, choked: bool) -> None:
        """Whether the voice does not take what it is sent: sound that waits is worth nothing, and is not given."""
        self._listening = self.floor.has_voice and not choked and not self.ending.begun

    def tool_done(
        self,
        tool_call: str,
        output: str,
        *,
        ends: bool,
        opted_out: bool,
        now: float,
        failed: bool = False,
        end: End = End.GOODBYE,
    ) -> list[Effect]:
        """A tool's result: handed to the model, which answers once all of them are there. `ends`: then as `end`."""
        self.asking.result(tool_call, failed=failed)
        self.transcript.answered(tool_call, output)
        self.ears.opted_out = self.ears.opted_out or opted_out
        if self.ending.parting is not None:
            return []
        if ends:
            self.ending.ask_goodbye(now, end)
        if self.dialling.lost_at is not None:  # the session that asked is gone
            return self._part(*self.ending.farewell, now) if self.ending.goodbye else self._open(now)
        return [Tell(ToolResult(tool_call, output)), *self._go_on(now)]

    def opted_out(self, now: float) -> list[Effect]:
        """The opt-out heard in words is stored: say goodbye, whatever the model was about to say."""
        return self.say_goodbye(self.goodbye, now)

    def say_goodbye(self, instructions: str, now: float, end: End = End.GOODBYE) -> list[Effect]:
        """AVA is to say these last words, whatever she was about to say; the talk ends as `end` when they were heard."""
        if self.ending.goodbye or self.ending.begun:
            return []  # the goodbye is coming already, by the model's own tool
        self.ending.ask_goodbye(now, end)
        if self.dialling.lost_at is not None:
            return self._part(*self.ending.farewell, now)
        effects = self.floor.silence(self.stream_ms)
        self.asking.only(instructions)
        return effects + self._go_on(now)

    def note(self, words: str) -> list[Effect]:
        """Something for AVA to know, that nobody says; nothing is done where she is not there or says goodbye."""
        return [Tell(Note(words))] if self.floor.has_voice and not (self.ending.goodbye or self.ending.begun) else []

    def tick(self, now: float) -> list[Effect]:
        """The passing of time; to be called several times a second."""
        if self.ending.begun:
            return self.ending.tick(now, self.stream_ms)
        if not self._opened and self._media and self.dialling.may_turn:
            if self.dialling.is_late(now):
                return self.voice_lost("no session in time", now)
        elif not self._opened and now - self.started_at > READY_WITHIN_S:
            return self._apologise(End.VOICE_REFUSED if self._media else End.BROKEN, now)
        if now - self.started_at > self.time_limit_s:
            return self.leave(End.TIME_LIMIT, now)
        if self._media and self.patience.media_is_gone(self.stream_ms, now):
            return self.leave(End.MEDIA_LOST, now)
        if self._voice_spoke:
            self._voice_spoke = False
            self.patience.response_heard()
        if self.dialling.lost_at is not None:
            if self.patience.unanswered_for(now) > watchdog.GIVE_UP_AFTER_S:
                return self._give_up(now)
            overdue = now - self.dialling.lost_at > watchdog.REDIAL_WITHIN_S
            return self.voice_lost("no new session in time", now) if overdue else []
        if self.dialling.leaving and not self.ending.goodbye and self.dialling.moves(now, quiet=self._is_quiet()):
            return self._dial(now)
        return self.floor.doubt(self.stream_ms) + (self._go_on(now) or self._wait(now))

    def drain(self, now: float) -> list[Effect]:
        """The bridge has to end: say sorry and goodbye."""
        return [] if self.ending.begun else self._apologise(End.DRAINED, now)

    def leave(self, end: End, now: float) -> list[Effect]:
        """End the talk; what students said last may still be transcribed for a moment."""
        self._listening = False
        return self.ending.leave(end, now, self.stream_ms)

    @property
    def disclosure_ms(self) -> int:
        """How long AVA speaks, at the most, until she has said who is calling and that the call is recorded."""
        return self.disclosure.most_ms if self.disclosure else 0

    @property
    def disclosed_ms(self) -> int | None:
        """Where in the call the student had heard the whole disclosure; None while they have not."""
        return self.transcript.heard_until(self.disclosure.ends_at) if self.disclosure else None

    @property
    def is_over(self) -> bool:
        """Whether the talk has ended (its last transcripts may be missing yet)."""
        return self.ending.end is not None

    def positions(self) -> Mapping[str, int]:
        """The place of every turn in the conversation, from 0, by item: the order of items, not of arrival."""
        return self.transcript.positions()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _open(self, now: float) -> list[Effect]:
        """Begin when both sides are there; or go on, when a new session knows what the lost one knew."""
        if not (self._media and self.floor.has_voice):
            return []
        if not self._opened:
            self._opened = True
            self.asking.speak = self.asking.speak or self.opening
            return self._go_on(now)
        if self.dialling.lost_at is None or self.asking.tools:
            return []
        self.dialling.lost_at = None
        self.asking.renewed(None if self.dialling.seamless else RESUME)
        self.dialling.seamless = False
        return [*(Tell(command) for command in self.transcript.recall()), *self._go_on(now)]

    def _wait(self, now: float) -> list[Effect]:
        """What is to be done because nothing happens."""
        playing = self.playback.is_playing(self.stream_ms)
        if not playing and (step := self.patience.escalation(now)) is not None:
            return self._escalate(step, now)
        if self.ending.goodbye_is_overdue(now) and not (self.asking.answering or playing):
            return self._part(*self.ending.farewell, now)
        if not playing and not self.ending.goodbye and self.patience.filler_due(now):
            self.patience.filled = True
            return play(self.ending.clips.moment, self.playback, self.transcript, self.stream_ms)
        if self._opened and not self.ending.goodbye:
            self.floor.wait(playing or not self.asking.idle, now)
        return self._go_on(now) or self.ending.after_goodbye(now, self.stream_ms)

    def _heard(self, event: Heard, now: float) -> list[Effect]:
        self._count(event.usage)
        effects: list[Effect] = [*self.transcript.heard(event.item, event.words)]
        if event.words:
            self.patience.asked = False
        if (found := self.ears.hear(event.item, event.words)) is None:
            return effects
        if isinstance(found, OptOutHeard):
            return [*effects, found]
        effects += [*self.floor.silence(self.stream_ms), found]
        keep = self.leaves_message and not self.ending.begun
        return effects + (self._part(End.MACHINE, None, now) if keep else self.leave(End.MACHINE, now))

    def _tool_called(self, event: ToolCalled, now: float) -> list[Effect]:
        if self.ears.machine or not self.asking.called(event):
            return []
        self.patience.response_progressed(now)
        self.transcript.used(event.item, event.tool_call, event.name, event.arguments)
        return [RunTool(event.tool_call, event.item, event.name, event.arguments)]

    def _answer_ended(self, event: AnswerEnded, now: float) -> list[Effect]:
        self._count(event.usage)
        mark = self.playback.due_mark(item_ended=True)
        effects: list[Effect] = [SendMark(mark, ends=True)] if mark else []
        if event.fault is not None:
            self.faults.append(event.fault)
        if not self.asking.ended(event, now):
            return effects + self._turn(now)
        if self.floor.opening_ends is None:
            self.floor.opening_ends = self.playback.sent
        if self.asking.idle:
            if event.status != "cancelled":  # interrupted before a sound of it was heard: the student still waits
                self.patience.response_heard()
            self.ending.goodbye_sent = self.ending.goodbye
        return effects + self._go_on(now) + self.ending.after_goodbye(now, self.stream_ms)

    def _go_on(self, now: float) -> list[Effect]:
        if not self.floor.has_voice or self.ending.begun:
            return []
        if (command := self.asking.next(now)) is None:
            return []
        self.patience.response_due(now)
        return [Tell(command)]

    def _escalate(self, step: Escalation, now: float) -> list[Effect]:
        """The voice hears, perhaps, but does not answer: request again, then another session, then say sorry."""
        if step is Escalation.RETRY_RESPONSE:
            self.faults.append(f"no answer after {watchdog.RETRY_RESPONSE_AFTER_S:.0f} s; requested again")
            return [*self.floor.retry_response(), *self._go_on(now)]
        if step is Escalation.GIVE_UP or self.ending.goodbye:
            return self._give_up(now)
        if not self.dialling.choose(begun=self._opened):
            return self._give_up(now)
        self.faults.append(f"no answer after {watchdog.REPLACE_SESSION_AFTER_S:.0f} s; the session is replaced")
        return self._dial(now)

    def _give_up(self, now: float) -> list[Effect]:
        self.faults.append(f"no answer for {self.patience.unanswered_for(now):.0f} s")
        if self.ending.goodbye:
            return self._part(*self.ending.farewell, now)
        return self._apologise(End.VOICE_LOST, now)

    def _turn(self, now: float) -> list[Effect]:
        """The voice does not answer: to the second one, where there is one; a new session of the same would not either."""
        if not (self.dialling.may_turn and self.dialling.choose(begun=self._opened)):
            return self._apologise(End.VOICE_LOST, now)
        return self._dial(now)

    def _is_quiet(self) -> bool:
        """Whether nobody speaks, and nobody waits for anything."""
        waits = self.patience.student_speaks or self.patience.response_due_since is not None
        return self.asking.idle and not waits and not self.playback.is_playing(self.stream_ms)

    def _apologise(self, end: End, now: float) -> list[Effect]:
        """Something of ours cannot go on: whoever is on the line is told so before it is cut."""
        return self._part(end, self.ending.clips.sorry, now) if self._media else self.leave(end, now)

    def _part(self, end: End, clip: Clip | None, now: float) -> list[Effect]:
        self._listening = False
        return self.ending.part(end, clip, now, self.stream_ms, tell=self.floor.has_voice)

    def _count(self, usage: Mapping[str, int]) -> None:
        if usage:
            add_usage(self.usages.setdefault(self.model, {}), usage)


def _decoded_size(payload: str) -> int:
    """How many bytes a base64 text stands for."""
    return len(payload) * 3 // 4 - payload.count("=", -2)
