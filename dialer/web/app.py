"""The web process: pages, API, webhooks, the live socket."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from litestar import Litestar, Router, get
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from redis.exceptions import RedisError

from dialer.bus import live_feed
from dialer.domain.access.roles import EVERYBODY
from dialer.settings import Settings
from dialer.store.sessions import ping
from dialer.web.api.calls import start_call
from dialer.web.api.docs_page import ApiPage
from dialer.web.api.explain import explain_lead
from dialer.web.api.imports import IMPORTS
from dialer.web.api.leads import import_list
from dialer.web.api.live_calls import hang_up, note, transfer, who_takes_transfers
from dialer.web.api.recordings import recording
from dialer.web.api.routes import API
from dialer.web.app_state import AppState, InjectedState, provide_state
from dialer.web.auth import account_pages, accounts_pages, sign_in_pages
from dialer.web.auth.identity import AuthenticationMiddleware
from dialer.web.auth.permissions import guard, require
from dialer.web.auth.security_headers import headers_for
from dialer.web.auth.template_helpers import add_words
from dialer.web.carriers.exotel import exotel_status
from dialer.web.carriers.inbox import WebhookInbox
from dialer.web.carriers.twilio import twilio_brief, twilio_machine, twilio_status, twilio_transfer
from dialer.web.errors import error_response
from dialer.web.pages.routes import PAGES
from dialer.web.pages.template_filters import add_page_words
from dialer.web.public.calendars import read_calendar
from dialer.web.public.feed_cache import FeedCache
from dialer.web.public.feeds import read_feed
from dialer.web.public.meetings import change_meeting, outcome_page, record_outcome_page, see_meeting
from dialer.web.realtime.broadcast import Broadcast
from dialer.web.realtime.live import live_page, live_socket
from dialer.web.realtime.monitor import listen
from dialer.web.stale_cache import StaleCache
from dialer.web.strict_attributes import StrictAttributes
from dialer.wiring.carriers import make_carriers
from dialer.wiring.mail_links import make_links
from dialer.wiring.operator_token import operator_token
from dialer.wiring.stores import make_redis, open_store

REDIS_TIMEOUT_S = 1.0
MAX_PUBLIC_BODY = 64 * 1024
"""Bytes that a request without an account may send; carriers send 2 kB."""
PROCESS = secrets.randbelow(2**31)
"""Tells the processes apart at `/health`, without telling their process ids."""
HERE = Path(__file__).parent
# Nobody is asked who they are where it does not matter: carriers sign what they send, feeds and meetings have an address.
OPEN = ["^/health$", "^/carriers/", "^/feeds/", "^/calendars/", "^/meetings/", "^/static/"]


@get("/health")
async def health(app_state: InjectedState) -> dict[str, object]:
    """Health check: the database answers. The first two keys are those of the original page.

    Without Redis, webhooks and pages still work and no new calls start: `redis` is then `away`.
    """
    async with app_state.sessions() as session:
        await ping(session)
    try:
        async with asyncio.timeout(REDIS_TIMEOUT_S):
            await app_state.redis.ping()
    except (RedisError, OSError):
        return {"status": "ok", "worker": PROCESS, "redis": "away"}
    return {"status": "ok", "worker": PROCESS, "redis": "ok"}


def _words(zone: str, engine: JinjaTemplateEngine) -> None:
    engine.engine.undefined = StrictAttributes
    add_words(engine)
    add_page_words(engine, zone)


def make_app(settings: Settings) -> Litestar:
    """The application; its parts are made of `app.state.settings` when it begins to serve."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        settings: Settings = app.state.settings
        async with open_store(settings, pool_size=20) as store:
            redis = make_redis(settings)
            carriers = make_carriers(settings)
            async with Broadcast(redis) as watchers:
                journal = WebhookInbox(store.sessions, partial(live_feed.notify, redis))
                links = make_links(settings)
                app.state.app_state = AppState(
                    settings,
                    store.sessions,
                    store.clock,
                    redis,
                    carriers,
                    watchers,
                    journal,
                    StaleCache(),
                    links,
                    feed_cache := FeedCache(),
                    operator_token(settings.dialer_data_dir),
                )
                try:
                    yield
                finally:
                    feed_cache.close()
                    await journal.close()
                    for carrier in carriers.values():
                        await carrier.close()
                    await redis.aclose()

    return Litestar(
        # Routes outside the guard are public; a route inside it is for administrators only until it names its roles
        # (`auth.permissions`). The guard runs before a body is read, so a stranger's body is read on public routes alone.
        route_handlers=[
            Router(
                "/",
                request_max_body_size=MAX_PUBLIC_BODY,
                route_handlers=[
                    *(health, read_feed, read_calendar, see_meeting, change_meeting, outcome_page),
                    *(record_outcome_page, twilio_status, twilio_machine, twilio_brief, twilio_transfer, exotel_status),
                    *sign_in_pages.PAGES,
                ],
            ),
            Router(
                "/",
                guards=[guard],
                route_handlers=[
                    *(start_call, explain_lead, import_list, live_page, live_socket),
                    *(note, hang_up, transfer, who_takes_transfers, listen, recording),
                    *(
                        *IMPORTS,
                        *account_pages.SIGNED_IN,
                        *accounts_pages.SIGNED_IN,
                        *sign_in_pages.SIGNED_IN,
                        *API,
                        *PAGES,
                    ),
                ],
            ),
            create_static_files_router(
                path="/static",
                directories=[HERE / "static"],
                cache_control=CacheControlHeader(max_age=300, public=True),
            ),
        ],
        state=State({"settings": settings}),
        lifespan=[lifespan],
        dependencies={"app_state": Provide(provide_state, sync_to_thread=False)},
        middleware=[DefineMiddleware(AuthenticationMiddleware, exclude=OPEN)],
        after_request=headers_for(settings.public_url),
        exception_handlers={Exception: error_response},
        template_config=TemplateConfig(
            directory=HERE / "templates",
            engine=JinjaTemplateEngine,
            engine_callback=partial(_words, settings.dialer_zone),
        ),
        openapi_config=OpenAPIConfig(
            title="One Window dialer",
            version="1",
            use_handler_docstrings=True,
            render_plugins=[ApiPage(), JsonRenderPlugin(), YamlRenderPlugin()],
            openapi_router=Router(
                "/schema", guards=[guard], include_in_schema=False, opt=require(EVERYBODY), route_handlers=[]
            ),
        ),
        logging_config=None,
    )
