"""Trying a campaign's voice before anybody is called: the job, and what it needs of the settings."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from dialer.ava.session_config import session_config
from dialer.net.websocket.port import WebSocketBackend
from dialer.services.campaigns.preflight import Try
from dialer.store.tables import Script
from dialer.voices.preflight import INSTRUCTIONS, PreflightResult, preflight
from dialer.voices.session import AnyVoice, close_all

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PreflightVoices:
    """The voices that have a key here, and the sockets to try them on."""

    known: Mapping[str, AnyVoice]
    sockets: WebSocketBackend

    async def shut(self) -> None:
        """No voice is tried any more."""
        await close_all(self.known.values())

    def trial(self) -> Try:
        """What tries a voice."""

        async def attempt(script: Script, name: str, model: str | None) -> PreflightResult:
            voice = self.known.get(name)
            if voice is None:
                return PreflightResult(False, "it has no key: see dialer doctor", hopeless=True)
            found = await preflight(
                voice, session_config(script, INSTRUCTIONS, model or ""), self.sockets, listens=False
            )
            if not found.ok:
                log.warning("the voice %s cannot speak: %s", name, found.says)
            return found

        return attempt
