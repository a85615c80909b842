"""Who has the floor: AVA is cut off when the student speaks, and only then; whoever says nothing is asked, once. Pure."""

from dataclasses import dataclass, field

from dialer.bridge.conversation.effects import Effect, End, Tell
from dialer.bridge.conversation.hangup import Ending
from dialer.bridge.conversation.interruption import Barging, Manner
from dialer.bridge.conversation.playback import BYTES_PER_MS, Playback
from dialer.bridge.conversation.playback_effects import interrupt
from dialer.bridge.conversation.response_scheduler import Asking
from dialer.bridge.conversation.transcript import Transcript
from dialer.bridge.conversation.watchdog import Patience
from dialer.domain.compliance.disclosure import Disclosure
from dialer.voices.port import Cancel

STILL_THERE = (
    "Nobody has said anything for a while. Ask in one short sentence, in the language you were speaking, whether they "
    "are still there. Say nothing else."
)
NOBODY_THERE = (
    "Still nobody answers. Say kindly, in one short sentence, in the language you were speaking, that you will try "
    "another time, and goodbye. Say nothing else."
)


@dataclass(slots=True)
class Floor:
    """The turns of one talk. `muted`: what the voice makes now is not wanted by anybody."""

    manner: Manner
    playback: Playback
    transcript: Transcript
    asking: Asking
    patience: Patience
    ending: Ending
    disclosure: Disclosure | None = None
    has_voice: bool = False
    muted: bool = False
    silent_since_ms: int | None = None
    """Where in the sound given to the voice the student stopped; None while no answer is due."""
    opening_ends: int | None = None
    """Where in the bytes sent to the carrier the opening ends, once it was made."""
    barging: Barging = field(init=False)

    def __post_init__(self) -> None:
        """Listen by the script's manner."""
        self.barging = Barging(self.manner)

    def speech_started(self, stream_ms: int, now: float) -> list[Effect]:
        """The voice hears something."""
        self.patience.speech_started(now)
        if self.ending.goodbye:  # it is said whole
            return []
        if self._ava_speaks(stream_ms) and not self.barging.starts(protected=self._is_protected(stream_ms)):
            return []
        return self.silence(stream_ms)

    def speech_stopped(self, end_ms: int, stream_ms: int, now: float) -> None:
        """The voice hears nothing any more, since `end_ms` of the sound it was given."""
        self.patience.speech_stopped(now)
        if self.barging.stops(spoke_over=self._ava_speaks(stream_ms)):
            self.silent_since_ms = end_ms
            self.patience.response_due(now)

    def answer_started(self) -> list[Effect]:
        """The voice answers: because it was asked to, or of its own accord, when it heard something end."""
        unwanted = not self.asking.answering and self.barging.ignores_answer()
        self.asking.started()
        self.muted = unwanted
        return [Tell(Cancel())] if unwanted else []

    def doubt(self, stream_ms: int) -> list[Effect]:
        """What was not taken for speech at once may have become it; to be asked at every tick."""
        if self.barging.doubted and self.barging.goes_on(protected=self._is_protected(stream_ms)):
            return self.silence(stream_ms)
        return []

    def silence(self, stream_ms: int) -> list[Effect]:
        """AVA stops: first at the phone, then in the making, then in the model's memory."""
        effects = interrupt(self.playback, self.transcript, stream_ms, tell=self.has_voice)
        if not (self.asking.answering and self.has_voice):
            return effects
        self.muted = True
        return [*effects[:1], Tell(Cancel()), *effects[1:]]

    def retry_response(self) -> list[Effect]:
        """Cancel a response that does not go on, and request it again; late audio of the old one is dropped."""
        effects: list[Effect] = [Tell(Cancel())] if self.asking.answering else []
        self.muted = self.asking.answering
        self.asking.retry()
        return effects

    def wait(self, busy: bool, now: float) -> None:
        """Nobody speaks: ask once whether anybody is there; who says nothing to that is told goodbye."""
        if self.patience.silent_for(busy, now) <= self.manner.silence_s:
            return
        self.patience.restart(now)
        if not self.patience.asked:
            self.patience.asked = True
            self.asking.speak = STILL_THERE
        else:
            self.ending.ask_goodbye(now, End.NOBODY)
            self.asking.only(NOBODY_THERE)

    def _ava_speaks(self, stream_ms: int) -> bool:
        return self.asking.answering or self.playback.is_playing(stream_ms)

    def _is_protected(self, stream_ms: int) -> bool:
        """Whether AVA cannot be interrupted: the beginning of her opening, and the disclosure until it was heard."""
        until_ms = self.manner.protect_ms
        if self.disclosure and not self._is_disclosed(self.disclosure, stream_ms):
            until_ms = max(until_ms, self.disclosure.most_ms)
        until = until_ms * BYTES_PER_MS
        if self.opening_ends is not None:
            until = min(until, self.opening_ends)
        return self.playback.position(stream_ms) < until

    def _is_disclosed(self, disclosure: Disclosure, stream_ms: int) -> bool:
        heard_at = self.transcript.heard_until(disclosure.ends_at)
        return heard_at is not None and heard_at <= stream_ms
