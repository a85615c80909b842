"""Opens the database, the clock and Redis of a process from its settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from dialer.ava.scripts import SHIPPED_SCRIPTS
from dialer.clock import Clock, parse_simulated_clock
from dialer.services.scripts import install_shipped_scripts
from dialer.settings import Settings, WrongSettingError
from dialer.store.schema import ready_schema
from dialer.store.sessions import Sessions, make_engine, make_sessions
from dialer.store.tables import SimulatedClock
from dialer.wiring.secret_key import audit_keys


@dataclass(frozen=True, slots=True)
class Store:
    """The database of this process, and the clock (real, or simulated in a rehearsal)."""

    engine: AsyncEngine
    sessions: Sessions
    clock: Clock


@asynccontextmanager
async def open_store(settings: Settings, *, pool_size: int = 10) -> AsyncIterator[Store]:
    """Open the database, check its schema and read the clock.

    Raises:
        WrongSettingError: no database is configured.
        StaleSchemaError: the schema is not of this version.
        OSError, SQLAlchemyError: the database cannot be reached.
    """
    if settings.dialer_database_url is None:
        raise WrongSettingError("DIALER_DATABASE_URL is not set")
    engine = make_engine(settings.dialer_database_url, pool_size=pool_size)
    try:
        await ready_schema(engine)
        sessions = make_sessions(engine, audit_keys(settings))
        async with sessions.begin() as session:
            await install_shipped_scripts(session, SHIPPED_SCRIPTS)
        yield Store(engine, sessions, await read_clock(sessions, settings.dialer_clock))
    finally:
        await engine.dispose()


async def read_clock(sessions: Sessions, said: str | None) -> Clock:
    """Return real time, or the simulated clock of a rehearsal, which all processes of a database share."""
    if said is None:
        return Clock()
    start, speed = parse_simulated_clock(said)
    async with sessions.begin() as session:
        await session.execute(
            insert(SimulatedClock)
            .values(id=1, setting=said, began_at=datetime.now(UTC), start=start, speed=speed)
            .on_conflict_do_update(
                index_elements=["id"],
                set_={"setting": said, "began_at": datetime.now(UTC), "start": start, "speed": speed},
                where=SimulatedClock.setting != said,
            )
        )
        row = (await session.scalars(select(SimulatedClock))).one()
        return Clock(row.began_at, row.start, row.speed)


def make_redis(settings: Settings) -> "Redis":
    """Create a Redis client that reconnects after a restart of Redis."""
    if settings.dialer_redis_url is None:
        raise WrongSettingError("DIALER_REDIS_URL is not set")
    redis: Redis = Redis.from_url(
        settings.dialer_redis_url,
        retry=Retry(ExponentialBackoff(cap=2, base=0.2), 5),
        retry_on_error=[RedisConnectionError, RedisTimeoutError, OSError],
        socket_connect_timeout=3,
    )
    return redis
