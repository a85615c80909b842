"""Databases of the tests: one per test process, emptied between tests, which takes a twentieth of copying one each time.

Emptying puts back what the migrations ship (a counselor, prices, a script …) and every sequence, so that a test meets the
same rows and the same ids whichever ran before it. A test that changed the schema costs the database: the next test
gets a new copy.
"""

import asyncio
import functools
import secrets
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import AsyncAdaptedQueuePool, event
from sqlalchemy.engine import URL, Engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from dialer.embedded import ServerUrls

T = TypeVar("T")
SHIPPED = """
CREATE SCHEMA shipped;
DO $$ DECLARE name text; filled bool; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
        IF filled THEN EXECUTE format('CREATE TABLE shipped.%1$I AS TABLE public.%1$I', name); END IF;
    END LOOP;
    CREATE TABLE shipped."sequence values" AS SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public';
END $$;

CREATE FUNCTION shipped.schema_now() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ',
        (SELECT sum(hashtext(relname || relkind::text)::bigint) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
        (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_constraint),
        (SELECT sum(hashtext(attname)::bigint) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'public'::regnamespace))
$$;

CREATE FUNCTION shipped.restore(kept int[]) RETURNS void LANGUAGE plpgsql AS $$ DECLARE name text; last bigint; BEGIN
    PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
        AND (pid <> ALL (kept) OR state <> 'idle');
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                AND pg_relation_size(oid) > 1000000 LOOP
        EXECUTE format('TRUNCATE public.%I CASCADE', name);
    END LOOP;
    FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'shipped'::regnamespace
                AND relname <> 'sequence values' LOOP
        EXECUTE format('INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE SELECT * FROM shipped.%1$I', name);
    END LOOP;
    FOR name, last IN SELECT sequencename, last_value FROM shipped."sequence values" LOOP
        PERFORM setval(format('public.%I', name)::regclass, coalesce(last, 1), last IS NOT NULL);
    END LOOP;
END $$;
"""


class ReusedEngine(AsyncEngine):
    """An engine that serves another test once it was disposed of, with every statement that it has compiled."""

    def __init__(self, sync_engine: Engine) -> None:
        super().__init__(sync_engine)
        self.backends: set[int] = set()
        """Process ids of the connections that it has opened."""
        event.listen(
            sync_engine, "connect", lambda opened, _: self.backends.add(opened.driver_connection.get_server_pid())
        )

    async def dispose(self, close: bool = True) -> None:
        """Keep it for the next one who asks for the same; its connections too, where tests share their event loop."""
        loop, pool = asyncio.get_running_loop(), self.sync_engine.pool
        kept = loop is _shared and isinstance(pool, AsyncAdaptedQueuePool) and not pool.checkedout()
        if not kept:
            await super().dispose(close)
        free = _ENGINES.setdefault((_KEYS[self.sync_engine], loop if kept else None), [])
        if self not in free:
            free.append(self)


_ENGINES: dict[tuple[str, asyncio.AbstractEventLoop | None], list[ReusedEngine]] = {}
"""Unused engines by their arguments and by the event loop of their open connections, if there are any."""
_KEYS: dict[Engine, str] = {}
_shared: asyncio.AbstractEventLoop | None = None


def share(loop: asyncio.AbstractEventLoop) -> None:
    """Set the event loop that all tests share; connections are kept as long as it runs."""
    global _shared
    _shared = loop


def reused_engine(url: URL, **options: Any) -> AsyncEngine:
    """What `create_async_engine` makes, or one of the same that nobody uses any more: compiling statements is a quarter of
    what a test of the database costs."""
    key = f"{url.render_as_string(hide_password=False)} {sorted(options.items())}"
    for loop in (asyncio._get_running_loop(), None):
        if free := _ENGINES.get((key, loop)):
            return free.pop()
    engine = ReusedEngine(create_async_engine(url, **options).sync_engine)
    _KEYS[engine.sync_engine] = key
    return engine


class Databases:
    """The databases of one test process, copied from a migrated template; each with a connection that empties it."""

    def __init__(self, servers: ServerUrls, template: str) -> None:
        self._servers, self._template = servers, template
        self._free: list[tuple[str, str, asyncpg.Connection]] = []

    def borrow(self) -> Iterator[str]:
        """A database with the schema and the shipped rows, for one test; its URL."""
        name, schema, connection = self._free.pop() if self._free else aside(self._copy())
        yield url_of(self._servers, name)
        if aside(self._restore(connection)) == schema:
            self._free.append((name, schema, connection))
        else:
            connection.terminate()
            aside(run(self._servers, f"DROP DATABASE {name} WITH (FORCE)"))

    def close(self) -> None:
        """Close the connections that restore the databases."""
        for _, _, connection in self._free:
            aside(connection.close())

    async def _copy(self) -> tuple[str, str, asyncpg.Connection]:
        name = f"test_{secrets.token_hex(6)}"
        await run(self._servers, f"CREATE DATABASE {name} TEMPLATE {self._template}")
        connection = await asyncpg.connect(url_of(self._servers, name))
        return name, await connection.fetchval("SELECT shipped.schema_now()"), connection

    async def _restore(self, connection: asyncpg.Connection) -> str:
        """Put everything back; the schema as the test left it."""
        try:
            schema: str = await connection.fetchval("SELECT shipped.schema_now()")
            kept = [pid for (_, loop), free in _ENGINES.items() if loop for each in free for pid in each.backends]
            await connection.execute("SELECT shipped.restore($1)", kept)
            return schema
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return "changed beyond restoring"


@functools.cache
def _loop_aside() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def aside(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a helper thread, so that it also works while Playwright's event loop runs in this one."""
    return asyncio.run_coroutine_threadsafe(work, _loop_aside()).result()


def url_of(servers: ServerUrls, name: str) -> str:
    """The URL of a database of these servers."""
    return servers.database_url.rsplit("/", 1)[0] + f"/{name}"


async def run(servers: ServerUrls, statement: str) -> None:
    """Run a statement that wants no transaction, beside the databases of the tests."""
    connection = await asyncpg.connect(servers.database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
