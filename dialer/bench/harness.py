"""The environment of a benchmark (its own database and Redis, deleted at the end), and its result."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dialer.carriers.port import Capabilities
from dialer.domain.access.roles import Role
from dialer.domain.calling.routing import Route
from dialer.embedded import Embedded
from dialer.services.actor import Actor
from dialer.services.campaigns.create import create_campaign
from dialer.settings import Settings
from dialer.store import bench
from dialer.store.campaigns import campaigns
from dialer.store.migrate import migrate
from dialer.store.sessions import Sessions, make_engine
from dialer.wiring.stores import open_store

MORNING = datetime(2026, 2, 10, 5, 30, tzinfo=UTC)
"""Tuesday, 11:00 in Kolkata: within calling hours."""
BENCH = Actor(0, "bench", Role.ADMIN)
NIGHT = datetime(2026, 2, 10, 17, 30, tzinfo=UTC)
"""Tuesday, 23:00 in Kolkata: outside calling hours."""
MAX_LEADS = 10_000_000


@dataclass(slots=True)
class Result:
    """The result of a benchmark: our `figures`, the `yardsticks` measured in the same run, and ours over theirs."""

    bench: str
    figures: dict[str, float] = field(default_factory=dict)
    yardsticks: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Return the result as `--json` prints it, rounded to four digits."""
        rounded = {
            name: {key: float(f"{value:.4g}") for key, value in values.items()}
            for name, values in (("figures", self.figures), ("yardsticks", self.yardsticks), ("ratios", self.ratios))
        }
        return {"bench": self.bench, **rounded}


class CannotMeasureError(Exception):
    """The benchmark cannot run; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A migrated database and a Redis."""

    settings: Settings
    sessions: Sessions


@asynccontextmanager
async def bench_environment() -> AsyncIterator[Environment]:
    """Start a database and a Redis with the durability settings of production."""
    with tempfile.TemporaryDirectory(prefix="dialer-bench-") as folder, Embedded(Path(folder)) as addresses:
        settings = Settings(
            _env_file=None,
            dialer_database_url=addresses.database_url,
            dialer_redis_url=addresses.redis_url,
        )  # type: ignore[call-arg]  # pydantic-settings takes it
        engine = make_engine(addresses.database_url)
        await migrate(engine)
        await engine.dispose()
        async with open_store(settings) as store:
            async with store.sessions.begin() as session:  # a bridge with unlimited capacity
                await bench.add_bridge(session)
            yield Environment(settings, store.sessions)


async def campaign_of(sessions: Sessions, name: str, leads: int, *, first: int = 0) -> int:
    """Create a running campaign without limits, with Indian leads numbered from `first`."""
    assert first + leads <= MAX_LEADS
    async with sessions.begin() as session:
        campaign = await create_campaign(session, BENCH, name, concurrency=1_000_000, per_second=1_000_000.0)
        await campaigns.move(session, campaign.id, "running")
        await bench.add_leads(session, campaign.id, first, leads)
    async with sessions() as session:
        await bench.vacuum(session)
    return campaign.id


class StubCarrier:
    """A stub carrier: claiming needs one for routing and does not call it."""

    name = "twilio"
    capabilities = Capabilities("/media-stream")
    from_number = "+15005550006"
    routes: tuple[Route, ...] = ()
    on_loopback = True
    calls_per_second = 1_000_000.0
