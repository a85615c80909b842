"""One call between a carrier's media stream and a voice. Sans-IO: events in, effects out.

The conversation opens when both sides are ready, keeps what was said in the order of the conversation, cuts AVA when
the student speaks, runs tools one answer at a time, and ends once: when the student left, when AVA's goodbye was
heard, or when something cannot go on. Times: `now` is seconds of a monotonic clock, `*_ms` is the stream's own time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dialer.bridge.effects import Effect, End, Finish, OptOutHeard, RunTool, SaveTurn, SendClear, SendMark, Tell
from dialer.bridge.playback import Playback
from dialer.carriers.media import (
    MediaConnected,
    MediaDigit,
    MediaFrame,
    MediaIgnored,
    MediaMark,
    MediaStarted,
    MediaStopped,
)
from dialer.domain.consent import sounds_like_opt_out
from dialer.voices.port import (
    AnswerEnded,
    AnswerStarted,
    Audio,
    Cancel,
    Configure,
    Heard,
    ItemAdded,
    Nothing,
    Respond,
    Setup,
    Speak,
    SpeechStarted,
    SpeechStopped,
    Spoken,
    ToolCalled,
    ToolResult,
    Truncate,
    VoiceEvent,
    VoiceFault,
    VoiceOpened,
    VoiceReady,
)

READY_WITHIN_S = 10.0
GOODBYE_WITHIN_S = 12.0
SILENT_VOICE_S = 10.0
LATE_TRANSCRIPTS_S = 2.0
MARK_GRACE_MS = 1500
BYTES_PER_MS = 8


@dataclass(slots=True)
class _Said:
    """A turn in the making; `words` is None until known."""

    who: str
    words: str | None = None
    stream_ms: int = 0
    sent_bytes: int = 0
    heard_ms: int | None = None


@dataclass(slots=True)
class Conversation:
    """The state of one call's talk. `opening` is how AVA is told to begin, `goodbye` how to end after an opt-out."""

    setup: Setup
    opening: str
    goodbye: str
    time_limit_s: float
    started_at: float
    playback: Playback = field(default_factory=Playback)
    stream_ms: int = 0
    given_bytes: int = 0
    latencies_ms: list[int] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    answered: bool = False
    """AVA's first words were sent."""
    faults: list[str] = field(default_factory=list)
    _media: bool = False
    _voice: bool = False
    _opened: bool = False
    _answering: bool = False
    _tools: set[str] = field(default_factory=set)
    _respond: bool = False
    _speak: str | None = None
    _asked: Speak | Respond | None = None
    _ending: bool = False
    _goodbye_by: float | None = None
    _goodbye_spoken: bool = False
    _goodbye_in_words: bool = False
    _muted: bool = False
    _voice_spoke: bool = False
    _waits_since: float = 0.0
    _tool_calls: set[str] = field(default_factory=set)
    _opted_out: bool = False
    _silent_since_ms: int | None = None
    _order: list[str] = field(default_factory=list)
    _said: dict[str, _Said] = field(default_factory=dict)
    _left_at: float | None = None
    _end: End | None = None
    _finished: bool = False

    # -- audio, fifty times a second: no effects, no allocation beyond need ------------------------------------------

    def frame(self, frame: MediaFrame) -> bool:
        """Take note of the student's audio; True if it is to be given to the voice."""
        self.stream_ms = frame.at_ms
        if not self._voice or self._end is not None:
            return False
        self.given_bytes += _decoded_size(frame.payload)
        return True

    def audio(self, audio: Audio) -> bool:
        """Take note of AVA's audio; True if it is to be sent to the carrier."""
        size = _decoded_size(audio.payload)
        self._voice_spoke = True
        if (
            not self._media
            or self._muted
            or self._end is not None
            or not self.playback.add(audio.item, size, self.stream_ms)
        ):
            return False
        self.answered = True
        said = self._turn(audio.item, "ava")
        if not said.sent_bytes:
            said.stream_ms = self.stream_ms
        said.sent_bytes += size
        if self._silent_since_ms is not None:
            self.latencies_ms.append(max(0, self.given_bytes // BYTES_PER_MS - self._silent_since_ms))
            self._silent_since_ms = None
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
                return self._after_goodbye(now)
            case MediaStopped():
                return self.leave(End.STUDENT_LEFT, now)
            case MediaConnected() | MediaDigit() | MediaIgnored():
                return []

    def voice(self, event: VoiceEvent, now: float) -> list[Effect]:
        """An event of the voice other than audio that was forwarded."""
        self._waits_since = now
        match event:
            case VoiceOpened():
                return [Tell(Configure(self.setup))]
            case VoiceReady():
                self._voice = True
                return self._open(now)
            case ItemAdded():
                return self._added(event)
            case SpeechStarted():
                return self._interrupt()
            case SpeechStopped(end_ms):
                self._silent_since_ms = end_ms
                return []
            case Spoken(item, words):
                self._turn(item, "ava").words = words
                mark = self.playback.due_mark(item_ended=True)
                return [*([SendMark(mark)] if mark else []), *self._save(item)]
            case Heard(item, words):
                return self._heard(item, words)
            case AnswerStarted():
                self._answering, self._muted = True, False
                return []
            case ToolCalled():
                if event.tool_call in self._tool_calls:
                    return []
                self._tool_calls.add(event.tool_call)
                self._tools.add(event.tool_call)
                return [RunTool(event.tool_call, event.item, event.name, event.arguments)]
            case AnswerEnded():
                return self._answer_ended(event, now)
            case VoiceFault("conversation_already_has_active_response"):
                self._asked_too_early()
                return []
            case VoiceFault(code, says, fatal):
                self.faults.append(f"{code}: {says}")
                return self.leave(End.VOICE_LOST if self._opened else End.VOICE_REFUSED, now) if fatal else []
            case Audio() | Nothing():
                return []

    def tool_done(self, tool_call: str, output: str, *, ends: bool, opted_out: bool, now: float) -> list[Effect]:
        """A tool's result: handed to the model, which answers once all of them are there."""
        self._tools.discard(tool_call)
        self._opted_out = self._opted_out or opted_out
        if ends and not self._ending:
            self._ending, self._goodbye_by = True, now + GOODBYE_WITHIN_S
        self._respond = not self._goodbye_in_words
        return [Tell(ToolResult(tool_call, output)), *self._go_on(now)]

    def opted_out(self, now: float) -> list[Effect]:
        """The opt-out heard in words is stored: say goodbye, whatever the model was about to say."""
        if self._ending:
            return []  # the goodbye is coming already, by the model's own tool
        self._ending, self._goodbye_in_words, self._goodbye_by = True, True, now + GOODBYE_WITHIN_S
        effects = self._interrupt_now()
        if self._answering:
            self._muted = True
            effects.append(Tell(Cancel()))
        self._respond, self._speak = False, self.goodbye
        return effects + self._go_on(now)

    def tick(self, now: float) -> list[Effect]:
        """The passing of time; to be called several times a second."""
        if self._end is not None:
            assert self._left_at is not None
            waited = now - self._left_at > LATE_TRANSCRIPTS_S
            return self._finish() if waited or not self._awaits_words() else []
        if not self._opened and now - self.started_at > READY_WITHIN_S:
            return self.leave(End.VOICE_REFUSED if self._media else End.BROKEN, now)
        if now - self.started_at > self.time_limit_s:
            return self.leave(End.TIME_LIMIT, now)
        if self._voice_spoke:
            self._voice_spoke, self._waits_since = False, now
        playing = self.playback.is_playing(self.stream_ms)
        if self._answering and not playing and now - self._waits_since > SILENT_VOICE_S:
            self.faults.append(f"the voice said nothing for {SILENT_VOICE_S:.0f} s")
            return self.leave(End.GOODBYE if self._ending else End.VOICE_LOST, now)
        overdue = self._goodbye_by is not None and now > self._goodbye_by
        if overdue and not (self._goodbye_spoken or self._answering or playing):
            return self.leave(End.GOODBYE, now)
        return self._after_goodbye(now)

    def leave(self, end: End, now: float) -> list[Effect]:
        """End the talk; what students said last may still be transcribed for a moment."""
        if self._end is None:
            self._end, self._left_at = end, now
        return self._finish() if end is not End.STUDENT_LEFT and end is not End.GOODBYE else self.tick(now)

    @property
    def is_over(self) -> bool:
        """Whether the talk has ended (its last transcripts may be missing yet)."""
        return self._end is not None

    def positions(self) -> Mapping[str, int]:
        """The place of every turn in the conversation, from 0, by item: the order of items, not of arrival."""
        spoken = [item for item in self._order if item in self._said]
        return {item: place for place, item in enumerate(spoken)}

    # -- inside ------------------------------------------------------------------------------------------------------

    def _open(self, now: float) -> list[Effect]:
        if self._opened or not (self._media and self._voice):
            return []
        self._opened, self._speak = True, self.opening
        return self._go_on(now)

    def _added(self, event: ItemAdded) -> list[Effect]:
        if event.item not in self._order:
            place = self._order.index(event.previous) + 1 if event.previous in self._order else len(self._order)
            self._order.insert(place, event.item)
        if event.who is not None:
            said = self._turn(event.item, event.who)
            if event.who == "student":
                said.stream_ms = self.stream_ms
        return []

    def _turn(self, item: str, who: str) -> _Said:
        said = self._said.get(item)
        if said is None:
            said = self._said[item] = _Said(who)
            if item not in self._order:
                self._order.append(item)
        return said

    def _heard(self, item: str, words: str | None) -> list[Effect]:
        said = self._turn(item, "student")
        said.words = words or ""
        effects = self._save(item)
        if words and not self._opted_out and sounds_like_opt_out(words):
            self._opted_out = True
            effects.append(OptOutHeard(item, words))
        return effects

    def _save(self, item: str) -> list[Effect]:
        said = self._said[item]
        if not said.words:
            return []
        words = said.words
        if said.heard_ms is not None:
            words = _share(words, said.heard_ms * BYTES_PER_MS / said.sent_bytes)
        return [SaveTurn(item, said.who, words, said.stream_ms, said.heard_ms)]

    def _interrupt(self) -> list[Effect]:
        if self._ending:
            return []  # the goodbye is said whole
        return self._interrupt_now()

    def _interrupt_now(self) -> list[Effect]:
        if not self.playback.is_playing(self.stream_ms):
            return []
        effects: list[Effect] = [SendClear()]
        for cut in self.playback.cut(self.stream_ms):
            effects.append(Tell(Truncate(cut.item, cut.heard_ms)))
            said = self._turn(cut.item, "ava")
            said.heard_ms = cut.heard_ms
            effects += self._save(cut.item)
        return effects

    def _answer_ended(self, event: AnswerEnded, now: float) -> list[Effect]:
        self._answering = False
        for kind, count in event.usage.items():
            self.usage[kind] = self.usage.get(kind, 0) + count
        effects: list[Effect] = []
        if mark := self.playback.due_mark(item_ended=True):
            effects.append(SendMark(mark))
        if event.fault is not None:
            self.faults.append(event.fault)
            return effects + self.leave(End.VOICE_LOST, now)
        if self._ending and not self._tools and not self._respond and self._speak is None:
            self._goodbye_spoken = True
        return effects + self._go_on(now) + self._after_goodbye(now)

    def _asked_too_early(self) -> None:
        """The voice was answering already (its own turn detection was quicker): ask again after that answer."""
        match self._asked:
            case Speak(instructions):
                self._speak = self._speak or instructions
            case Respond():
                self._respond = not self._goodbye_in_words
            case None:
                pass
        self._asked = None

    def _go_on(self, now: float) -> list[Effect]:
        if self._answering or self._tools or self._end is not None:
            return []
        self._waits_since = now
        if self._speak is not None:
            self._asked, self._speak, self._answering = Speak(self._speak), None, True
            return [Tell(self._asked)]
        if self._respond:
            self._asked, self._respond, self._answering = Respond(), False, True
            return [Tell(self._asked)]
        return []

    def _after_goodbye(self, now: float) -> list[Effect]:
        if not self._goodbye_spoken or self._end is not None:
            return []
        overdue = self.playback.position(self.stream_ms - MARK_GRACE_MS) >= self.playback.sent
        if not (self.playback.all_confirmed() or overdue):
            return []
        return self.leave(End.GOODBYE, now)

    def _awaits_words(self) -> bool:
        return any(said.who == "student" and said.words is None for said in self._said.values())

    def _finish(self) -> list[Effect]:
        if self._finished:
            return []
        self._finished = True
        assert self._end is not None
        return [Finish(self._end)]


def _decoded_size(payload: str) -> int:
    """How many bytes a base64 text stands for."""
    return len(payload) * 3 // 4 - payload.count("=", -2)


def _share(words: str, share: float) -> str:
    """The first part of what was to be said, by the share of its audio that was heard."""
    pieces = words.split()
    return " ".join(pieces[: round(len(pieces) * min(1.0, max(0.0, share)))])
