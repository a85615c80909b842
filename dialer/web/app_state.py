"""What every request may use."""

from dataclasses import dataclass
from typing import TypeAlias

from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from redis.asyncio import Redis

from dialer.clock import Clock
from dialer.services.dialing.eligibility import Carriers
from dialer.services.meetings.signed_links import SignedLinks
from dialer.settings import Settings
from dialer.store.sessions import Sessions
from dialer.web.carriers.inbox import WebhookInbox
from dialer.web.public.feed_cache import FeedCache
from dialer.web.realtime.broadcast import Broadcast
from dialer.web.stale_cache import StaleCache


@dataclass(frozen=True, slots=True)
class AppState:
    """The process's own parts, made when it starts."""

    settings: Settings
    sessions: Sessions
    clock: Clock
    redis: "Redis"
    carriers: Carriers
    broadcast: Broadcast
    webhook_inbox: WebhookInbox
    stats_cache: StaleCache
    links: SignedLinks
    feed_cache: FeedCache
    operator_token: str
    """See wiring/operator_token.py."""


InjectedState: TypeAlias = NamedDependency[SkipValidation[AppState]]
"""The parameter `app_state` of a handler."""


def provide_state(state: State) -> AppState:
    """The parts, for handlers that name a parameter `app_state`."""
    app_state: AppState = state.app_state
    return app_state
