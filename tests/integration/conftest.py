"""Patience for a busy machine: what is tested here is not how quick a tool is."""

from collections.abc import AsyncIterator

import pytest

from dialer.ava import tools
from dialer.settings import Settings
from dialer.store.sessions import Sessions
from tests.support.bridge import Bridged, bridging


@pytest.fixture(autouse=True)
def patient_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds are for a person on the line; fifty callers on a test machine may take longer."""
    monkeypatch.setattr(tools, "WITHIN_S", 30.0)


@pytest.fixture(params=["picows", "websockets"])
async def bridged(
    request: pytest.FixtureRequest, settings: Settings, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bridged]:
    """The real bridge, with a scripted voice behind it; over either library of sockets."""
    told = settings.model_copy(update={"dialer_bridge_sockets": request.param})
    async with bridging(told, sessions, monkeypatch) as running:
        yield running
