"""What every request may use."""

from dataclasses import dataclass
from typing import TypeAlias

from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from redis.asyncio import Redis

from dialer.clock import Clock
from dialer.flows.ask_gate import Carriers
from dialer.flows.links import Links
from dialer.settings import Settings
from dialer.store.sessions import Sessions
from dialer.web.journal import Journal
from dialer.web.pages.kept import Kept
from dialer.web.watchers import Watchers


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
    links: Links


WebParts: TypeAlias = NamedDependency[SkipValidation[Parts]]
"""The parameter `parts` of a handler."""


def provide_parts(state: State) -> Parts:
    """The parts, for handlers that name a parameter `parts`."""
    parts: Parts = state.parts
    return parts
