"""One call between a carrier's media stream and a voice. Sans-IO: events in, effects out.

The conversation opens when both sides are ready, cuts AVA when the student speaks, runs tools one answer at a time,
goes on in a new session where a voice is lost, and ends once: when the student left, when AVA's goodbye was heard, or
with an apology when something cannot go on. Times: `now` is seconds of a monotonic clock, `*_ms` the stream's own time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from dialer.bridge.conversation import watchdog
from dialer.bridge.conversation.effects import (
    Effect,
    EndReason,
    OptOutDetected,
    ReconnectVoice,
    RunTool,
    SendMark,
    SendToVoice,
)
from dialer.bridge.conversation.failover import Failover
from dialer.bridge.conversation.hangup import Hangup
from dialer.bridge.conversation.interruption import InterruptionPolicy
from dialer.bridge.conversation.playback import BYTES_PER_MS, Playback
from dialer.bridge.conversation.playback_effects import play
from dialer.bridge.conversation.response_scheduler import ResponseScheduler
from dialer.bridge.conversation.transcript import Transcript
from dialer.bridge.conversation.turn_taking import TurnTaking
from dialer.bridge.conversation.utterance_classifier import UtteranceClassifier
from dialer.bridge.conversation.watchdog import Escalation, Watchdog
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
    AgentTranscript,
    AgentTranscriptDelta,
    Audio,
    Configure,
    Ignored,
    ItemAdded,
    RateLimit,
    ResponseDone,
    ResponseStarted,
    ResumptionHandle,
    SessionConfig,
    SessionExpiring,
    SpeechStarted,
    SpeechStopped,
    SystemNote,
    ToolCalled,
    ToolResult,
    UserTranscript,
    VoiceEvent,
    VoiceFault,
    VoiceOpened,
    VoiceReady,
)

READY_TIMEOUT_S = 10.0
MAX_UNKNOWN_EVENTS = 20
RESUME = (
    "The line broke for a moment and is back; what was said before stands above. Do not introduce yourself again. Say "
    '"Sorry, the line broke up for a moment." and then go on where the talk stood, in the language you were speaking.'
)


@dataclass(slots=True)
class Conversation:
    """The state of one call's talk. `opening` is how AVA is told to begin, `goodbye` how to end after an opt-out.

    Where `leaves_message`, a machine is kept on the line for a while, silently: the carrier will speak to it.
    """

    setup: SessionConfig
    opening: str
    goodbye: str
    time_limit_s: float
    started_at: float
    disclosure: Disclosure | None = None
    """The locked first sentence, which `opening` begins with."""
    leaves_message: bool = False
    policy: InterruptionPolicy = field(default_factory=InterruptionPolicy)
    playback: Playback = field(default_factory=Playback)
    transcript: Transcript = field(default_factory=Transcript)
    responses: ResponseScheduler = field(default_factory=ResponseScheduler)
    classifier: UtteranceClassifier = field(default_factory=UtteranceClassifier)
    watchdog: Watchdog = field(default_factory=Watchdog)
    hangup: Hangup = field(init=False)
    turn_taking: TurnTaking = field(init=False)
    stream_ms: int = 0
    given_bytes: int = 0
    latencies_ms: list[int] = field(default_factory=list)
    usages: dict[str, dict[str, int]] = field(default_factory=dict)
    """Counts by model and kind: each model has its own prices."""
    model: str = ""
    """Which model speaks now."""
    failover: Failover = field(default_factory=Failover)
    faults: list[str] = field(default_factory=list)
    unknown_events: set[str] = field(default_factory=set)
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
        self.failover.connecting_since = self.started_at
        self.hangup = Hangup(self.playback, self.transcript, clips_of(self.setup.language))
        parts = (self.playback, self.transcript, self.responses, self.watchdog, self.hangup)
        self.turn_taking = TurnTaking(self.policy, *parts, self.disclosure)
        self._keep_sound = self.turn_taking.interruption.sound

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
            or self.turn_taking.suppressed
            or self.hangup.begun
            or not self.playback.add(audio.item, size, self.stream_ms)
        ):
            self.transcript.unsent(audio.item, size)
            return False
        self.answered = True
        self.transcript.audio_added(audio.item, size, self.stream_ms)
        if self.turn_taking.silent_since_ms is not None:
            self.latencies_ms.append(max(0, self.given_bytes // BYTES_PER_MS - self.turn_taking.silent_since_ms))
            self.turn_taking.silent_since_ms = None
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
                return self.hangup.after_goodbye(now, self.stream_ms)
            case MediaStopped():
                return self.end(EndReason.STUDENT_LEFT, now)
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
            case AgentTranscriptDelta(item, words):
                self.transcript.agent_delta(item, words)
                return []
            case AgentTranscript(item, words):
                self.hangup.clips = clips_of(self.setup.language, words)
                saves = self.transcript.agent_transcript(item, words)
                mark = self.playback.due_mark(item_ended=True)
                return [*([SendMark(mark, ends=True)] if mark else []), *saves]
            case UserTranscript():
                return self._user_transcript(event, now)
            case _ if self.hangup.closing is not None:
                return []
            case VoiceOpened():
                return [SendToVoice(Configure(replace(self.setup, resume=self.failover.opened())))]
            case VoiceReady():
                self.failover.ready()
                self.turn_taking.voice_ready = self._listening = True
                self.given_bytes, self.turn_taking.silent_since_ms = 0, None  # the session counts its own sound
                return self._open(now)
            case SpeechStarted():
                return self.turn_taking.speech_started(self.stream_ms, now)
            case SpeechStopped(end_ms):
                self.turn_taking.speech_stopped(end_ms, self.stream_ms, now)
                return []
            case ResponseStarted():
                return self.turn_taking.response_started()
            case ToolCalled():
                return self._tool_called(event, now)
            case ResponseDone():
                return self._response_done(event, now)
            case VoiceFault("conversation_already_has_active_response"):
                self.responses.too_early()
                return []
            case VoiceFault("response_cancel_not_active"):
                return []  # it was over already
            case VoiceFault(code, says, fatal, renewable):
                if fatal and (renewable or self.failover.can_fail_over):
                    return self.voice_lost(f"{code}: {says}", now)
                self.faults.append(f"{code}: {says}")
                return (
                    self._close_with_apology(EndReason.VOICE_LOST if self._opened else EndReason.VOICE_REFUSED, now)
                    if fatal
                    else []
                )
            case ResumptionHandle(handle):
                self.failover.resume_handle = handle
                return []
            case SessionExpiring(left_s):
                self.failover.going_away(left_s, now)
                return []
            case RateLimit(left):
                self.tokens_left = min(self.tokens_left, left)
                return []
            case Ignored(kind, unknown):
                if unknown and len(self.unknown_events) < MAX_UNKNOWN_EVENTS:
                    self.unknown_events.add(kind[:80])
                return []
            case Audio():
                return []
            case other:
                assert_never(other)

    def voice_lost(self, says: str, now: float) -> list[Effect]:
        """The voice's socket closed, could not be opened, or takes nothing: the second voice, or once a new session."""
        if self.hangup.begun:
            return []
        self.faults.append(says)
        self.turn_taking.voice_ready = self._listening = self.responses.responding = False
        if self.hangup.goodbye:
            return [] if self.hangup.goodbye_sent else self._close_with_clip(*self.hangup.fallback_goodbye, now)
        if not self.failover.choose(begun=self._opened):
            return self._close_with_apology(EndReason.VOICE_LOST if self._opened else EndReason.VOICE_REFUSED, now)
        effects = self._connect(now)
        if self._opened and not self.playback.is_playing(self.stream_ms):
            effects += play(self.hangup.clips.moment, self.playback, self.transcript, self.stream_ms)
        return effects

    def _connect(self, now: float) -> list[Effect]:
        self.failover.connect(now, begun=self._opened)
        self.turn_taking.voice_ready = self._listening = self.responses.responding = False
        self.watchdog.speech_started_at, self.watchdog.filled = None, True
        return [*self.transcript.give_up(), ReconnectVoice()]

    def voice_backpressure(self, choked: bool) -> None:
        """Whether the voice does not take what it is sent: sound that waits is worth nothing, and is not given."""
        self._listening = self.turn_taking.voice_ready and not choked and not self.hangup.begun

    def tool_done(
        self,
        tool_call: str,
        output: str,
        *,
        ends: bool,
        opted_out: bool,
        now: float,
        failed: bool = False,
        end: EndReason = EndReason.GOODBYE,
    ) -> list[Effect]:
        """A tool's result: handed to the model, which answers once all of them are there. `ends`: then as `end`."""
        self.responses.tool_result(tool_call, failed=failed)
        self.transcript.tool_result(tool_call, output)
        self.classifier.opted_out = self.classifier.opted_out or opted_out
        if self.hangup.closing is not None:
            return []
        if ends:
            self.hangup.ask_goodbye(now, end)
        if self.failover.lost_at is not None:  # the session that asked is gone
            return self._close_with_clip(*self.hangup.fallback_goodbye, now) if self.hangup.goodbye else self._open(now)
        return [SendToVoice(ToolResult(tool_call, output)), *self._continue(now)]

    def opted_out(self, now: float) -> list[Effect]:
        """The opt-out heard in words is stored: say goodbye, whatever the model was about to say."""
        return self.say_goodbye(self.goodbye, now)

    def say_goodbye(self, instructions: str, now: float, end: EndReason = EndReason.GOODBYE) -> list[Effect]:
        """AVA is to say these last words, whatever she was about to say; the talk ends as `end` when they were heard."""
        if self.hangup.goodbye or self.hangup.begun:
            return []  # the goodbye is coming already, by the model's own tool
        self.hangup.ask_goodbye(now, end)
        if self.failover.lost_at is not None:
            return self._close_with_clip(*self.hangup.fallback_goodbye, now)
        effects = self.turn_taking.interrupt(self.stream_ms)
        self.responses.finish_with(instructions)
        return effects + self._continue(now)

    def add_note(self, words: str) -> list[Effect]:
        """Something for AVA to know, that nobody says; nothing is done where she is not there or says goodbye."""
        return (
            [SendToVoice(SystemNote(words))]
            if self.turn_taking.voice_ready and not (self.hangup.goodbye or self.hangup.begun)
            else []
        )

    def tick(self, now: float) -> list[Effect]:
        """The passing of time; to be called several times a second."""
        if self.hangup.begun:
            return self.hangup.tick(now, self.stream_ms)
        if not self._opened and self._media and self.failover.can_fail_over:
            if self.failover.is_timed_out(now):
                return self.voice_lost("no session in time", now)
        elif not self._opened and now - self.started_at > READY_TIMEOUT_S:
            return self._close_with_apology(EndReason.VOICE_REFUSED if self._media else EndReason.BROKEN, now)
        if now - self.started_at > self.time_limit_s:
            return self.end(EndReason.TIME_LIMIT, now)
        if self._media and self.watchdog.media_is_gone(self.stream_ms, now):
            return self.end(EndReason.MEDIA_LOST, now)
        if self._voice_spoke:
            self._voice_spoke = False
            self.watchdog.response_heard()
        if self.failover.lost_at is not None:
            if self.watchdog.unanswered_for(now) > watchdog.GIVE_UP_AFTER_S:
                return self._give_up(now)
            overdue = now - self.failover.lost_at > watchdog.RECONNECT_TIMEOUT_S
            return self.voice_lost("no new session in time", now) if overdue else []
        if (
            self.failover.leaving
            and not self.hangup.goodbye
            and self.failover.should_migrate(now, quiet=self._is_quiet())
        ):
            return self._connect(now)
        return self.turn_taking.recheck_interruption(self.stream_ms) + (self._continue(now) or self._on_idle(now))

    def drain(self, now: float) -> list[Effect]:
        """The bridge has to end: say sorry and goodbye."""
        return [] if self.hangup.begun else self._close_with_apology(EndReason.DRAINED, now)

    def end(self, end: EndReason, now: float) -> list[Effect]:
        """End the talk; what students said last may still be transcribed for a moment."""
        self._listening = False
        return self.hangup.end(end, now, self.stream_ms)

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
        return self.hangup.reason is not None

    def positions(self) -> Mapping[str, int]:
        """The place of every turn in the conversation, from 0, by item: the order of items, not of arrival."""
        return self.transcript.positions()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _open(self, now: float) -> list[Effect]:
        """Begin when both sides are there; or go on, when a new session knows what the lost one knew."""
        if not (self._media and self.turn_taking.voice_ready):
            return []
        if not self._opened:
            self._opened = True
            self.responses.pending_instructions = self.responses.pending_instructions or self.opening
            return self._continue(now)
        if self.failover.lost_at is None or self.responses.tools:
            return []
        self.failover.lost_at = None
        self.responses.session_replaced(None if self.failover.seamless else RESUME)
        self.failover.seamless = False
        return [*(SendToVoice(command) for command in self.transcript.replay()), *self._continue(now)]

    def _on_idle(self, now: float) -> list[Effect]:
        """What is to be done because nothing happens."""
        playing = self.playback.is_playing(self.stream_ms)
        if not playing and (step := self.watchdog.escalation(now)) is not None:
            return self._escalate(step, now)
        if self.hangup.goodbye_is_overdue(now) and not (self.responses.responding or playing):
            return self._close_with_clip(*self.hangup.fallback_goodbye, now)
        if not playing and not self.hangup.goodbye and self.watchdog.filler_due(now):
            self.watchdog.filled = True
            return play(self.hangup.clips.moment, self.playback, self.transcript, self.stream_ms)
        if self._opened and not self.hangup.goodbye:
            self.turn_taking.on_idle(playing or not self.responses.idle, now)
        return self._continue(now) or self.hangup.after_goodbye(now, self.stream_ms)

    def _user_transcript(self, event: UserTranscript, now: float) -> list[Effect]:
        self._count(event.usage)
        effects: list[Effect] = [*self.transcript.user_transcript(event.item, event.words)]
        if event.words:
            self.watchdog.idle_prompted = False
        if (found := self.classifier.classify(event.item, event.words)) is None:
            return effects
        if isinstance(found, OptOutDetected):
            return [*effects, found]
        effects += [*self.turn_taking.interrupt(self.stream_ms), found]
        keep = self.leaves_message and not self.hangup.begun
        return effects + (
            self._close_with_clip(EndReason.VOICEMAIL, None, now) if keep else self.end(EndReason.VOICEMAIL, now)
        )

    def _tool_called(self, event: ToolCalled, now: float) -> list[Effect]:
        if self.classifier.voicemail or not self.responses.tool_called(event):
            return []
        self.watchdog.response_progressed(now)
        self.transcript.tool_called(event.item, event.tool_call, event.name, event.arguments)
        return [RunTool(event.tool_call, event.item, event.name, event.arguments)]

    def _response_done(self, event: ResponseDone, now: float) -> list[Effect]:
        self._count(event.usage)
        mark = self.playback.due_mark(item_ended=True)
        effects: list[Effect] = [SendMark(mark, ends=True)] if mark else []
        if event.fault is not None:
            self.faults.append(event.fault)
        if not self.responses.response_done(event, now):
            return effects + self._save_turn(now)
        if self.turn_taking.opening_ends is None:
            self.turn_taking.opening_ends = self.playback.sent
        if self.responses.idle:
            if event.status != "cancelled":  # interrupted before a sound of it was heard: the student still waits
                self.watchdog.response_heard()
            self.hangup.goodbye_sent = self.hangup.goodbye
        return effects + self._continue(now) + self.hangup.after_goodbye(now, self.stream_ms)

    def _continue(self, now: float) -> list[Effect]:
        if not self.turn_taking.voice_ready or self.hangup.begun:
            return []
        if (command := self.responses.next(now)) is None:
            return []
        self.watchdog.response_due(now)
        return [SendToVoice(command)]

    def _escalate(self, step: Escalation, now: float) -> list[Effect]:
        """The voice hears, perhaps, but does not answer: request again, then another session, then say sorry."""
        if step is Escalation.RETRY_RESPONSE:
            self.faults.append(f"no answer after {watchdog.RETRY_RESPONSE_AFTER_S:.0f} s; requested again")
            return [*self.turn_taking.retry_response(), *self._continue(now)]
        if step is Escalation.GIVE_UP or self.hangup.goodbye:
            return self._give_up(now)
        if not self.failover.choose(begun=self._opened):
            return self._give_up(now)
        self.faults.append(f"no answer after {watchdog.REPLACE_SESSION_AFTER_S:.0f} s; the session is replaced")
        return self._connect(now)

    def _give_up(self, now: float) -> list[Effect]:
        self.faults.append(f"no answer for {self.watchdog.unanswered_for(now):.0f} s")
        if self.hangup.goodbye:
            return self._close_with_clip(*self.hangup.fallback_goodbye, now)
        return self._close_with_apology(EndReason.VOICE_LOST, now)

    def _save_turn(self, now: float) -> list[Effect]:
        """The voice does not answer: to the second one, where there is one; a new session of the same would not either."""
        if not (self.failover.can_fail_over and self.failover.choose(begun=self._opened)):
            return self._close_with_apology(EndReason.VOICE_LOST, now)
        return self._connect(now)

    def _is_quiet(self) -> bool:
        """Whether nobody speaks, and nobody waits for anything."""
        waits = self.watchdog.student_speaks or self.watchdog.response_due_since is not None
        return self.responses.idle and not waits and not self.playback.is_playing(self.stream_ms)

    def _close_with_apology(self, end: EndReason, now: float) -> list[Effect]:
        """Something of ours cannot go on: whoever is on the line is told so before it is cut."""
        return self._close_with_clip(end, self.hangup.clips.sorry, now) if self._media else self.end(end, now)

    def _close_with_clip(self, end: EndReason, clip: Clip | None, now: float) -> list[Effect]:
        self._listening = False
        return self.hangup.close_with_clip(end, clip, now, self.stream_ms, tell=self.turn_taking.voice_ready)

    def _count(self, usage: Mapping[str, int]) -> None:
        if usage:
            add_usage(self.usages.setdefault(self.model, {}), usage)


def _decoded_size(payload: str) -> int:
    """How many bytes a base64 text stands for."""
    return len(payload) * 3 // 4 - payload.count("=", -2)
