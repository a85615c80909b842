"""Voices that take seconds to load are loaded before a student waits for them: those that campaigns may speak with."""

import asyncio
import logging
from collections.abc import Mapping

from sqlalchemy.exc import SQLAlchemyError

from dialer.store import campaigns
from dialer.store.sessions import Sessions
from dialer.voices.session import AnyVoice, Composed

LOOK_EVERY_S = 2.0
log = logging.getLogger(__name__)


async def keep_warm(sessions: Sessions, voices: Mapping[str, AnyVoice]) -> None:
    """Look again and again, for scripts change; for ever."""
    composed = {name: voice for name, voice in voices.items() if isinstance(voice, Composed)}
    while composed:
        try:
            async with sessions() as session:
                wanted = await campaigns.voices(session)
        except (SQLAlchemyError, OSError) as error:
            log.warning("which voices are wanted is not known: %s", error)
            wanted = frozenset()
        for name in wanted & composed.keys():
            await composed.pop(name).warm()
        await asyncio.sleep(LOOK_EVERY_S)
