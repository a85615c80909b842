"""The web application in the test's own event loop, so that what it asks of a bridge of this test can be answered.

Making it costs a fifth of a second of CPU (200 routes, the templates): one is kept for the tests that come after.
"""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager

from httpx import ASGITransport, AsyncClient, Auth, Request, Response
from litestar import Litestar

from dialer.settings import Settings
from dialer.web.app import make_app
from dialer.wiring.operator_token import operator_token
from tests.support.twilio import twilio_settings

BROWSER_MARKS = ("sec-fetch-site", "sec-fetch-mode", "origin", "cookie", "referer", "authorization", "x-api-key")


def operator_headers(settings: Settings) -> dict[str, str]:
    """The header of a script on the machine: the operator's token, from the data folder."""
    return {"authorization": f"Bearer {operator_token(settings.dialer_data_dir)}"}


class OperatorAuth(Auth):
    """Sends the operator's token with each request that is not a browser's and shows nothing else."""

    def __init__(self, settings: Settings) -> None:
        self._headers = operator_headers(settings)

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Add the header."""
        if not any(mark in request.headers for mark in BROWSER_MARKS):
            request.headers.update(self._headers)
        yield request


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
    """A client of the application, on loopback; `public` is where the dialer says that carriers reach it.

    What it sends without the marks of a browser carries the operator's token; set `client.auth = None` for a stranger.
    """
    with application(twilio_settings(settings, dialer_public_url=public)) as app:
        async with _client_of(app) as client:
            client.auth = OperatorAuth(settings)
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
