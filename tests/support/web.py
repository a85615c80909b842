"""The web application in the test's own event loop, so that what it asks of a bridge of this test can be answered.

Making it costs a fifth of a second of CPU (200 routes, the templates): one is kept for the tests that come after.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from httpx import ASGITransport, AsyncClient
from litestar import Litestar

from dialer.settings import Settings
from dialer.web.app import make_app
from tests.support.twilio import twilio_settings

_FREE: dict[str, list[Litestar]] = {}


@contextmanager
def application(settings: Settings) -> Iterator[Litestar]:
    """The application with these settings, for as long as the context lasts; two at once are two."""
    free = _FREE.setdefault(settings.dialer_zone, [])
    app = free.pop() if free else make_app(settings)
    app.state.settings = settings
    yield app
    free.append(app)


@asynccontextmanager
async def serving(settings: Settings, public: str = "http://127.0.0.1:8000") -> AsyncIterator[AsyncClient]:
    """A client of the application, on loopback; `public` is where the dialer says that carriers reach it."""
    with application(twilio_settings(settings, dialer_public_url=public)) as app:
        async with _client_of(app) as client:
            yield client


@asynccontextmanager
async def _client_of(app: Litestar) -> AsyncIterator[AsyncClient]:
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
