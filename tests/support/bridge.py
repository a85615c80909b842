"""The real bridge with a scripted voice behind it, and calls that are answered on it."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from dialer.bridge import server
from dialer.bridge.call_session import CallSession
from dialer.domain.calling.call import OVER
from dialer.net.ports import free_ports
from dialer.settings import Settings
from dialer.store.calls import transcripts
from dialer.store.sessions import Sessions
from dialer.store.tables import Call, Turn
from tests.support.carrier import ScriptedCarrier
from tests.support.media import Phone, ScriptedVoice, phone, scripted_voice
from tests.support.people import call_row, placed_call
from tests.support.twilio import twilio_settings


@dataclass
class Bridged:
    """A running bridge."""

    sessions: Sessions
    voice: ScriptedVoice
    carrier: ScriptedCarrier
    media_url: str
    bridges: list[server.Bridge]

    def token_of(self, call: Call) -> str:
        """The call's one-time token."""
        return next(order.token for order in self.carrier.orders if order.call_id == call.id)

    def runners(self) -> tuple[CallSession, ...]:
        """The calls of the bridge."""
        return tuple(self.bridges[0]._runners)

    @asynccontextmanager
    async def answered(self, n: int = 1, **more: Any) -> AsyncIterator[tuple[Call, Phone]]:
        """The n-th student picks up: their stream has started."""
        call = await placed_call(self.sessions, self.carrier, n)
        async with phone(self.media_url, **more) as caller:
            await caller.start(self.token_of(call), call.carrier_sid or "")
            yield call, caller

    async def ended(self, call: Call, within_s: float = 6.0) -> Call:
        """The call's row, once it is over."""
        by = time.monotonic() + within_s
        while True:
            now = await call_row(self.sessions, call.id)
            if now.state in OVER and not self.runners_of(call):
                return now
            assert time.monotonic() < by, f"still {now.state}"
            await asyncio.sleep(0.02)

    def runners_of(self, call: Call) -> list[CallSession]:
        """Whoever still works on a call."""
        return [each for each in self.runners() if each.answered and each.answered.talk.call_id == call.id]

    async def turns(self, call: Call) -> Sequence[Turn]:
        """What was said, in order."""
        async with self.sessions() as session:
            return await transcripts.of_call(session, call.id)


@asynccontextmanager
async def bridging(
    settings: Settings,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
    carrier: ScriptedCarrier | None = None,
    **more: Any,
) -> AsyncIterator[Bridged]:
    """A bridge of this process, on the test's own database; `more` are settings of it."""
    (port,) = free_ports(1)
    carrier, bridges = carrier or ScriptedCarrier(), []
    monkeypatch.setattr(server, "make_carriers", lambda _: {carrier.name: carrier})
    monkeypatch.setattr(server, "DRAIN_S", 0.0)

    class Known(server.Bridge):
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            bridges.append(self)

    monkeypatch.setattr(server, "Bridge", Known)
    async with scripted_voice() as voice:
        told = twilio_settings(
            settings,
            dialer_media_url=f"ws://127.0.0.1:{port}",
            dialer_bridge_port=port,
            openai_api_key=SecretStr("sk-test"),
            openai_realtime_url=voice.url,
            **more,
        )
        async with server.serve(told):
            yield Bridged(sessions, voice, carrier, told.media_url, bridges)
    gc.collect()
