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
from dialer.web.carriers.inbox import Journal
from dialer.web.realtime.broadcast import Watchers
from dialer.web.stale_cache import Kept


@dataclass(frozen=True, slots=True)
class Parts:
    """The process's own parts, made when it starts."""

    settings: Settings
    sessions: Sessions
    clock: Clock
    redis: "Redis"
    carriers: Carriers
    watchers: Watchers
    journal: Journal
    kept: Kept
    links: SignedLinks


WebParts: TypeAlias = NamedDependency[SkipValidation[Parts]]
"""The parameter `parts` of a handler."""


def provide_parts(state: State) -> Parts:
    """The parts, for handlers that name a parameter `parts`."""
    parts: Parts = state.parts
    return parts
