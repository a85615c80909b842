"""Trying a campaign's voice before anybody is rung: the job, and what it needs of the settings."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from dialer.ava.setup import setup_of
from dialer.flows.check_voices import Try
from dialer.sockets.port import Sockets
from dialer.store.tables import Script
from dialer.voices.probe import Found, probe
from dialer.voices.session import AnyVoice, Composed

INSTRUCTIONS = "This is a trial of the line. Say one word when you are asked to, and nothing else."
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Voices:
    """The voices that have a key here, and the sockets to try them on."""

    known: Mapping[str, AnyVoice]
    sockets: Sockets

    async def shut(self) -> None:
        """No voice is tried any more."""
        for voice in self.known.values():
            if isinstance(voice, Composed):
                await voice.shut()

    def trial(self) -> Try:
        """What tries a voice."""

        async def attempt(script: Script, name: str, model: str | None) -> Found:
            voice = self.known.get(name)
            if voice is None:
                return Found(False, "it has no key: see dialer doctor", hopeless=True)
            found = await probe(voice, setup_of(script, INSTRUCTIONS, model or ""), self.sockets)
            if not found.ok:
                log.warning("the voice %s cannot speak: %s", name, found.says)
            return found

        return attempt
