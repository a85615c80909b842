"""Who has the turn: AVA is cut off when the student speaks, and only then; whoever says nothing is asked, once. Pure."""

from dataclasses import dataclass, field

from dialer.bridge.conversation.effects import Effect, EndReason, SendToVoice
from dialer.bridge.conversation.hangup import Hangup
from dialer.bridge.conversation.interruption import InterruptionDetector, InterruptionPolicy
from dialer.bridge.conversation.playback import BYTES_PER_MS, Playback
from dialer.bridge.conversation.playback_effects import interrupt
from dialer.bridge.conversation.response_scheduler import ResponseScheduler
from dialer.bridge.conversation.transcript import Transcript
from dialer.bridge.conversation.watchdog import Watchdog
from dialer.domain.compliance.disclosure import Disclosure
from dialer.voices.port import Cancel

IDLE_PROMPT = (
    "Nobody has said anything for a while. Ask in one short sentence, in the language you were speaking, whether they "
    "are still there. Say nothing else."
)
NOBODY_THERE_GOODBYE = (
    "Still nobody answers. Say kindly, in one short sentence, in the language you were speaking, that you will try "
    "another time, and goodbye. Say nothing else."
)


@dataclass(slots=True)
class TurnTaking:
    """The turns of one talk. `muted`: what the voice makes now is not wanted by anybody."""

    policy: InterruptionPolicy
    playback: Playback
    transcript: Transcript
    responses: ResponseScheduler
    watchdog: Watchdog
    hangup: Hangup
    disclosure: Disclosure | None = None
    voice_ready: bool = False
    suppressed: bool = False
    silent_since_ms: int | None = None
    """Where in the sound given to the voice the student stopped; None while no answer is due."""
    opening_ends: int | None = None
    """Where in the bytes sent to the carrier the opening ends, once it was made."""
    interruption: InterruptionDetector = field(init=False)

    def __post_init__(self) -> None:
        """Listen by the script's manner."""
        self.interruption = InterruptionDetector(self.policy)

    def speech_started(self, stream_ms: int, now: float) -> list[Effect]:
        """The voice hears something."""
        self.watchdog.speech_started(now)
        if self.hangup.goodbye:  # it is said whole
            return []
        if self._ava_speaks(stream_ms) and not self.interruption.on_speech_start(
            protected=self._is_protected(stream_ms)
        ):
            return []
        return self.interrupt(stream_ms)

    def speech_stopped(self, end_ms: int, stream_ms: int, now: float) -> None:
        """The voice hears nothing any more, since `end_ms` of the sound it was given."""
        self.watchdog.speech_stopped(now)
        if self.interruption.on_speech_end(spoke_over=self._ava_speaks(stream_ms)):
            self.silent_since_ms = end_ms
            self.watchdog.response_due(now)

    def response_started(self) -> list[Effect]:
        """The voice answers: because it was asked to, or of its own accord, when it heard something end."""
        unwanted = not self.responses.responding and self.interruption.ignores_response()
        self.responses.response_started()
        self.suppressed = unwanted
        return [SendToVoice(Cancel())] if unwanted else []

    def recheck_interruption(self, stream_ms: int) -> list[Effect]:
        """What was not taken for speech at once may have become it; to be asked at every tick."""
        if self.interruption.pending and self.interruption.confirm(protected=self._is_protected(stream_ms)):
            return self.interrupt(stream_ms)
        return []

    def interrupt(self, stream_ms: int) -> list[Effect]:
        """AVA stops: first at the phone, then in the making, then in the model's memory."""
        effects = interrupt(self.playback, self.transcript, stream_ms, tell=self.voice_ready)
        if not (self.responses.responding and self.voice_ready):
            return effects
        self.suppressed = True
        return [*effects[:1], SendToVoice(Cancel()), *effects[1:]]

    def retry_response(self) -> list[Effect]:
        """Cancel a response that does not go on, and request it again; late audio of the old one is dropped."""
        effects: list[Effect] = [SendToVoice(Cancel())] if self.responses.responding else []
        self.suppressed = self.responses.responding
        self.responses.retry()
        return effects

    def on_idle(self, busy: bool, now: float) -> None:
        """Nobody speaks: ask once whether anybody is there; who says nothing to that is told goodbye."""
        if self.watchdog.silent_for(busy, now) <= self.policy.idle_prompt_after_s:
            return
        self.watchdog.restart(now)
        if not self.watchdog.idle_prompted:
            self.watchdog.idle_prompted = True
            self.responses.pending_instructions = IDLE_PROMPT
        else:
            self.hangup.ask_goodbye(now, EndReason.NOBODY)
            self.responses.finish_with(NOBODY_THERE_GOODBYE)

    def _ava_speaks(self, stream_ms: int) -> bool:
        return self.responses.responding or self.playback.is_playing(stream_ms)

    def _is_protected(self, stream_ms: int) -> bool:
        """Whether AVA cannot be interrupted: the beginning of her opening, and the disclosure until it was heard."""
        until_ms = self.policy.protected_opening_ms
        if self.disclosure and not self._is_disclosed(self.disclosure, stream_ms):
            until_ms = max(until_ms, self.disclosure.most_ms)
        until = until_ms * BYTES_PER_MS
        if self.opening_ends is not None:
            until = min(until, self.opening_ends)
        return self.playback.position(stream_ms) < until

    def _is_disclosed(self, disclosure: Disclosure, stream_ms: int) -> bool:
        heard_at = self.transcript.heard_until(disclosure.ends_at)
        return heard_at is not None and heard_at <= stream_ms
