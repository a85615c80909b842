"""Who listens to a call now: its two sides, mixed and told over Redis, for as long as somebody wants to hear them.

A block is four bytes, the stream's ms at which it begins (little endian), then pairs of µ-law bytes at 8 kHz, student and
AVA. Nobody's wish lasts longer than `control.LISTEN_FOR_S`; a listener who is slow is the web's to drop.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from dialer.bridge.recording.stereo_mixer import StereoMixer
from dialer.bus import call_control

MAX_LISTENERS = 5
BLOCK_S = 0.1
PUBLISH_TIMEOUT_S = 1.0
log = logging.getLogger(__name__)


class LiveMonitor:
    """One call's listeners. `mixer` is None while there are none: what passes on the line is then not touched."""

    def __init__(self, redis: "Redis", call_id: UUID) -> None:
        self.mixer: StereoMixer | None = None
        self._redis = redis
        self._call_id = call_id
        self._until: dict[str, float] = {}
        self._telling: asyncio.Task[None] | None = None

    def admit(self, listener: str, begin: Callable[[], StereoMixer]) -> bool:
        """Somebody wants to hear, or goes on wanting to; False where enough do. `begin` gives a mixer to the first."""
        now = time.monotonic()
        self._until = {each: until for each, until in self._until.items() if until > now}
        if listener not in self._until and len(self._until) >= MAX_LISTENERS:
            return False
        self._until[listener] = now + call_control.LISTEN_FOR_S
        if self.mixer is None:
            self.mixer = begin()
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._announce())
        return True

    async def close(self) -> None:
        """The call is over."""
        if self._telling is not None:
            self._until.clear()
            await asyncio.gather(self._telling, return_exceptions=True)
            await self._publish(call_control.OVER)

    async def _announce(self) -> None:
        try:
            while any(until > time.monotonic() for until in self._until.values()):
                assert self.mixer is not None
                sound = self.mixer.drain()
                if sound:
                    began = self.mixer.ms - len(sound) // 16
                    await self._publish(max(0, began).to_bytes(4, "little") + sound)
                await asyncio.sleep(BLOCK_S)
        finally:
            self.mixer = None

    async def _publish(self, block: bytes) -> None:
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                await self._redis.publish(call_control.audio_channel(self._call_id), block)
        except (RedisError, OSError) as error:
            log.warning("a block of sound is lost: %s", error, extra={"call_id": str(self._call_id)})
