"""Where benches run: servers and rows of their own, thrown away at the end; and what a bench says."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, event, text

from dialer.carriers.port import Capabilities
from dialer.domain.access.roles import Role
from dialer.domain.calling.routing import Route
from dialer.embedded import Embedded
from dialer.services.actor import Actor
from dialer.services.campaigns.create import create_campaign
from dialer.settings import Settings
from dialer.store.campaigns import campaigns
from dialer.store.migrate import migrate
from dialer.store.sessions import Session, Sessions, make_engine
from dialer.wiring.stores import open_store

MORNING = datetime(2026, 2, 10, 5, 30, tzinfo=UTC)
"""Tuesday, 11:00 in Kolkata: calling hours."""
BENCH = Actor(0, "bench", Role.ADMIN)
NIGHT = datetime(2026, 2, 10, 17, 30, tzinfo=UTC)
"""Tuesday, 23:00 in Kolkata."""
MAX_LEADS = 10_000_000


@dataclass(slots=True)
class Result:
    """Figures are ours, yardsticks what they are held against, both of this run; ratios are ours over theirs."""

    bench: str
    figures: dict[str, float] = field(default_factory=dict)
    yardsticks: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """As `--json` prints it."""
        rounded = {
            name: {key: float(f"{value:.4g}") for key, value in values.items()}
            for name, values in (("figures", self.figures), ("yardsticks", self.yardsticks), ("ratios", self.ratios))
        }
        return {"bench": self.bench, **rounded}


class CannotMeasureError(Exception):
    """A bench cannot be run here; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A database with the schema, and a Redis."""

    settings: Settings
    sessions: Sessions


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """Servers that write as safely as in production."""
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
            async with store.sessions.begin() as session:  # a bridge that takes whatever comes
                await session.execute(
                    text("INSERT INTO bridge_process VALUES ('bench', 10000000, 0, false, '2100-01-01')")
                )
            yield Ground(settings, store.sessions)


async def campaign_of(sessions: Sessions, name: str, leads: int, *, first: int = 0) -> int:
    """A running campaign without a limit of its own, with so many Indian leads; `first` keeps their numbers apart."""
    assert first + leads <= MAX_LEADS
    async with sessions.begin() as session:
        made = await create_campaign(session, BENCH, name, concurrency=1_000_000, per_second=1_000_000.0)
        await campaigns.move(session, made.id, "running")
        await _fill(session, made.id, first, leads)
    async with sessions() as session:
        await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        await session.execute(text("VACUUM ANALYZE"))
    return made.id


async def _fill(session: Session, campaign_id: int, first: int, leads: int) -> None:
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    await session.execute(
        text(
            "INSERT INTO hours_group (region, states, zones) VALUES ('IN', '{}', '{Asia/Kolkata}') "
            "ON CONFLICT DO NOTHING"
        )
    )
    values = {"first": first, "last": first + leads - 1, "campaign": campaign_id}
    await session.execute(
        text(
            "INSERT INTO lead (phone, name, zones, zone_source) SELECT '+91981' || lpad(n::text, 7, '0'), "
            "'Lead ' || n, '{Asia/Kolkata}', 'number' FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n"
        ),
        values,
    )
    await session.execute(
        text(
            "INSERT INTO campaign_lead (campaign_id, lead_id, hours_id) SELECT :campaign, lead.id, h.id FROM lead, "
            "hours_group h WHERE h.id <> 0 AND phone >= '+91981' || lpad(CAST(:first AS text), 7, '0') "
            "AND phone <= '+91981' || lpad(CAST(:last AS text), 7, '0') ORDER BY lead.id"
        ),
        {**values, "first": str(first), "last": str(first + leads - 1)},
    )


@contextmanager
def counting() -> Iterator[list[int]]:
    """How many statements are sent meanwhile, in the list's only place; savepoints and commits are not counted."""
    count = [0]

    def one_more(*_: object) -> None:
        count[0] += 1

    event.listen(Engine, "before_cursor_execute", one_more)
    try:
        yield count
    finally:
        event.remove(Engine, "before_cursor_execute", one_more)


class PaperCarrier:
    """A carrier on paper: a claim needs one to route to and asks it nothing."""

    name = "twilio"
    capabilities = Capabilities("/media-stream")
    from_number = "+15005550006"
    routes: tuple[Route, ...] = ()
    on_loopback = True
    calls_per_second = 1_000_000.0
