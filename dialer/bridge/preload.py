"""Voices that take seconds to load are loaded before a student waits for them: those that campaigns may speak with.

A bridge that starts while campaigns run loads first and takes calls then: the first students would hear nothing for
seconds, which is what breaks a campaign's breaker. One that runs looks again and again, for scripts change.
"""

import asyncio
import logging
from collections.abc import Mapping

from dialer.store.campaigns import campaigns
from dialer.store.sessions import DatabaseError, Sessions
from dialer.voices.session import AnyVoice, PipelineVoice

PRELOAD_EVERY_S = 2.0
log = logging.getLogger(__name__)


class Preloader:
    """What of a process's voices is still to be loaded."""

    def __init__(self, sessions: Sessions, voices: Mapping[str, AnyVoice]) -> None:
        self._sessions = sessions
        self._cold = {name: voice for name, voice in voices.items() if isinstance(voice, PipelineVoice)}

    async def preload(self) -> None:
        """Load those that are wanted by now."""
        if not self._cold:
            return
        try:
            async with self._sessions() as session:
                wanted = await campaigns.voices(session)
        except (DatabaseError, OSError) as error:
            log.warning("which voices are wanted is not known: %s", error)
            return
        for name in sorted(wanted & self._cold.keys()):
            await self._cold.pop(name).preload()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.preload()
            await asyncio.sleep(PRELOAD_EVERY_S)
