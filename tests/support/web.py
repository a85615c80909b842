"""The web application in the test's own event loop, so that what it asks of a bridge of this test can be answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from httpx import ASGITransport, AsyncClient

from dialer.settings import Settings
from dialer.web.app import make_app
from tests.support.twilio import twilio_settings


@asynccontextmanager
async def serving(settings: Settings, public: str = "http://127.0.0.1:8000") -> AsyncIterator[AsyncClient]:
    """A client of the application, on loopback; `public` is where the dialer says that carriers reach it."""
    app = make_app(twilio_settings(settings, dialer_public_url=public))
    transport = ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]  # litestar's own ASGI types
    started, over = asyncio.Event(), asyncio.Event()

    async def live() -> None:  # begun and ended by one task, as its cancel scopes want it
        async with app.lifespan():
            started.set()
            await over.wait()

    living = asyncio.create_task(live())
    await started.wait()
    async with AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", timeout=20) as client:
        yield client
    over.set()
    await living
