"""The voices with which workers run the preflight of a campaign before it calls."""

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
    """The voices with a key, and the WebSocket backend to test them with."""

    known: Mapping[str, AnyVoice]
    sockets: WebSocketBackend

    async def shut(self) -> None:
        """Close all voices."""
        await close_all(self.known.values())

    def trial(self) -> Try:
        """Return the function that runs a preflight."""

        async def attempt(script: Script, name: str, model: str | None) -> PreflightResult:
            voice = self.known.get(name)
            if voice is None:
                return PreflightResult(False, "it has no key: see dialer doctor", hopeless=True)
            result = await preflight(
                voice, session_config(script, INSTRUCTIONS, model or ""), self.sockets, listens=False
            )
            if not result.ok:
                log.warning("preflight of voice %s failed: %s", name, result.says)
            return result

        return attempt
