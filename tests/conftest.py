"""Real servers for the tests: a PostgreSQL and a Valkey for each test process, whose rows no test finds of another."""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import hypothesis
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from sqlalchemy import text

from dialer.embedded import Embedded, ServerUrls
from dialer.services.accounts import sign_in
from dialer.settings import Settings
from dialer.store import sessions as sessions_module
from dialer.store.migrate import migrate
from dialer.store.sessions import Sessions, make_engine, make_sessions
from dialer.wiring.secret_key import audit_keys
from dialer.wiring.stores import Store, open_store
from tests.support import examples
from tests.support.databases import SHIPPED, Databases, reused_engine, run, share, url_of
from tests.support.forks import forked_commands, plain_commands
from tests.support.paper_bridge import PAPER_BRIDGE

# The same examples in every run, so that a failure is one of the change at hand; HYPOTHESIS_PROFILE=explore looks for new.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

FOREIGN = (
    *("DIALER_", "TWILIO_", "EXOTEL_", "OPENAI_", "GEMINI_", "ANTHROPIC_", "CO_", "HF_"),
    *("DEEPGRAM_", "ELEVENLABS_"),
)


LONG_FIRST = ("e2e", "browser", "chaos", "bench", "integration", "conformance", "unit", "live")
"""Folders in the order of how long one of their files takes, so that no process works alone at the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Tell properties how many examples this run tries."""
    examples.configure(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files that take long first; within a folder the order stays."""
    here = Path(__file__).parent
    items.sort(key=lambda item: LONG_FIRST.index(item.path.relative_to(here).parts[0]))


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """No key and no address of the person who runs the tests reaches them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(FOREIGN):
                patch.delenv(name)
        patch.setenv("DIALER_ENV_FILE", os.devnull)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Argon2 with its least cost: what is tested is that passwords are hashed and compared, not how long it takes."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sign_in, "_hasher", quick)
        patch.setattr(sign_in, "_NOBODY", quick.hash("nobody"))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_commands() -> Iterator[None]:
    """Dialer commands are forked from a process that has imported the dialer."""
    with forked_commands():
        yield


@pytest.fixture
def plain_start() -> Iterator[None]:
    """Dialer commands start the usual way, without forking."""
    with plain_commands():
        yield


@pytest.fixture(scope="session", autouse=True)
def reused_engines() -> Iterator[None]:
    """Engines of one test serve the next."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions_module, "create_async_engine", reused_engine)
        yield


@pytest.fixture(scope="session", autouse=True)
async def shared_loop() -> None:
    """Tell the engines which event loop all tests share."""
    share(asyncio.get_running_loop())


@pytest.fixture(scope="session")
def servers() -> Iterator[ServerUrls]:
    """A pair of servers for each test process: what one publishes or counts is not another's, as in two houses."""
    folder = Path(tempfile.mkdtemp(prefix="dialer-tests-"))
    with Embedded(folder, durable=False) as addresses:
        yield addresses
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(servers: ServerUrls) -> str:
    """A migrated database that every test's own is copied from."""
    name = f"template_{secrets.token_hex(6)}"

    async def make() -> None:
        connection = await asyncpg.connect(servers.database_url)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        engine = make_engine(url_of(servers, name))
        await migrate(engine)
        async with engine.begin() as connection:
            await connection.execute(text(PAPER_BRIDGE))
        await engine.dispose()
        connection = await asyncpg.connect(url_of(servers, name))
        await connection.execute(SHIPPED)
        await connection.close()

    asyncio.run(make())
    return name


@pytest.fixture(scope="session")
def databases(servers: ServerUrls, template: str) -> Iterator[Databases]:
    """The databases that this test process lends to its tests, one after the other."""
    lent = Databases(servers, template)
    yield lent
    lent.close()


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A database for one test, with the schema and the shipped rows."""
    yield from databases.borrow()


@pytest.fixture
def empty_database_url(servers: ServerUrls) -> Iterator[str]:
    """A database with nothing in it."""
    name = f"empty_{secrets.token_hex(6)}"
    asyncio.run(run(servers, f"CREATE DATABASE {name}"))
    yield url_of(servers, name)
    asyncio.run(run(servers, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def bare_settings() -> Settings:
    """Default settings; copying them is faster than reading them again."""
    return Settings(_env_file=None)


@pytest.fixture
def settings(bare_settings: Settings, servers: ServerUrls, database_url: str, tmp_path: Path) -> Settings:
    """Settings on this test's database, and a Valkey with nothing in it; no carrier, no voice."""
    with Redis.from_url(servers.redis_url) as valkey:
        valkey.flushall()  # accounts of every test have the same numbers: what one has used up, the next would lack
    mine = {
        "dialer_database_url": database_url,
        "dialer_redis_url": servers.redis_url,
        "dialer_data_dir": tmp_path / "data",
        "dialer_secret_key": SecretStr("k" * 40),
    }
    return bare_settings.model_copy(update=mine)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    """The open database of this test."""
    async with open_store(settings) as opened:
        yield opened


@pytest.fixture
async def sessions(settings: Settings, database_url: str) -> AsyncIterator[Sessions]:
    """Sessions on this test's database."""
    engine = make_engine(database_url)
    yield make_sessions(engine, audit_keys(settings))
    await engine.dispose()


@pytest.fixture
async def redis(servers: ServerUrls) -> AsyncIterator[AsyncRedis]:
    """A client of the run's Valkey."""
    client: AsyncRedis = AsyncRedis.from_url(servers.redis_url)
    yield client
    await client.aclose()
