"""What passes on one call's line, for those who are not on it: its recording, and whoever listens now.

Called for every frame: where a call is not recorded and nobody listens, that is two questions and nothing else.
"""

from base64 import b64decode, b64encode
from collections import deque
from uuid import UUID

from redis.asyncio import Redis

from dialer.bridge.conversation.playback import Playback
from dialer.bridge.io.live_monitor import LiveMonitor
from dialer.bridge.recording.stereo_mixer import Heard, StereoMixer
from dialer.bridge.recording.thread import Recording


class MediaFork:
    """One call's line. `take` is told of everything but AVA's sound, in the order in which it passes."""

    def __init__(self, redis: "Redis", call_id: UUID, playback: Playback, recording: Recording | None) -> None:
        self.recording = recording
        self.listening = LiveMonitor(redis, call_id)
        self._playback = playback
        self._unheard: deque[tuple[str, int]] = deque()

    @property
    def is_open(self) -> bool:
        """Whether anybody is to be told of what passes."""
        return self.recording is not None or self.listening.mixer is not None

    def on_caller_audio(self, heard: Heard) -> None:
        """A frame, a mark sent or come back, a clear."""
        if self.recording is not None:
            self.recording.take(heard)
        if self.listening.mixer is not None:
            self.listening.mixer.take(heard)

    def on_agent_audio(self, payload: str, stream_ms: int) -> None:
        """Sound of AVA's was sent, and counted by the playback: base64 of µ-law."""
        self.on_caller_audio(payload)
        position = self._playback.position(stream_ms)
        self._unheard.append((payload, self._playback.sent))
        while self._unheard[0][1] <= position and len(self._unheard) > 1:
            self._unheard.popleft()

    def on_clear(self, heard: Heard) -> None:
        """What waited is not to be heard any more."""
        self.on_caller_audio(heard)
        self._unheard.clear()

    def admit(self, listener: str, stream_ms: int) -> bool:
        """Let somebody hear, beginning with what waits to be played; False where enough do already."""

        def begin() -> StereoMixer:
            mixer = StereoMixer(at_ms=stream_ms)
            position = self._playback.position(stream_ms)
            for payload, ends in self._unheard:
                if ends > position:
                    sound = b64decode(payload)
                    mixer.take(b64encode(sound[-(ends - position) :]).decode())
            return mixer

        return self.listening.admit(listener, begin)
