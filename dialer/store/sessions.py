"""Engines and sessions: one pool per process, one transaction per request, job or tool call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeAlias

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

# What the rest of the product imports in place of SQLAlchemy.
Session: TypeAlias = AsyncSession
"""One transaction on the database."""
Sessions = async_sessionmaker[AsyncSession]
"""Opens sessions: one per request, job or tool call."""
DatabaseError: TypeAlias = SQLAlchemyError
"""Any failure of a statement, of the connection or of the pool."""
StatementError: TypeAlias = DBAPIError
"""The driver or the server failed a statement; see `is_bad_input`."""
ConstraintError: TypeAlias = IntegrityError
"""A constraint refuses the row: unique, foreign key, check or exclusion."""
DatabaseUnavailableError: TypeAlias = OperationalError
"""The server refuses the connection, or dropped it."""
ConnectionBrokenError: TypeAlias = InterfaceError
"""The driver cannot use the connection."""
PoolTimeoutError: TypeAlias = SQLAlchemyTimeoutError
"""No connection of the pool became free in time."""
DatabaseUrlError: TypeAlias = ArgumentError
"""The database's URL cannot be parsed."""


def make_engine(database_url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine for any spelling of a PostgreSQL address (`postgres://`, `postgresql://`, with or without driver)."""
    url = make_url(database_url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+asyncpg")
    # What stands in a row (names, phones, words) is not to stand in a log.
    return create_async_engine(
        url, pool_size=pool_size, max_overflow=pool_size, pool_timeout=10, pool_pre_ping=True, hide_parameters=True
    )


AUDIT_KEYS = "audit_keys"
"""In `Session.info`: the keys of the audit log's hashes, the present one first."""


def make_sessions(engine: AsyncEngine, audit_keys: tuple[bytes, ...] = ()) -> Sessions:
    """Sessions whose rows stay readable after the commit; they carry the keys of the audit log's hashes."""
    return async_sessionmaker(engine, expire_on_commit=False, info={AUDIT_KEYS: audit_keys})


@asynccontextmanager
async def open_store(database_url: str, *, pool_size: int = 10) -> AsyncIterator[Sessions]:
    """Sessions on an engine that is disposed of at the end."""
    engine = make_engine(database_url, pool_size=pool_size)
    try:
        yield make_sessions(engine)
    finally:
        await engine.dispose()


@asynccontextmanager
async def rolled_back(engine: AsyncEngine) -> AsyncIterator[Sessions]:
    """Sessions on one connection, one after the other: what each commits the next one sees, and nothing is ever kept."""
    async with engine.connect() as connection:
        whole = await connection.begin()
        try:
            yield async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        finally:
            await whole.rollback()


async def autocommit(session: AsyncSession) -> None:
    """Commit each statement of this session by itself; called before the first one."""
    await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})


async def ping(session: AsyncSession) -> None:
    """Have the database answer, or raise."""
    await session.execute(text("SELECT 1"))


async def server_version(session: AsyncSession) -> str:
    """PostgreSQL's version, such as `16.4`."""
    return str(await session.scalar(text("SHOW server_version")))


async def limit_lock_wait(session: AsyncSession, most: timedelta) -> None:
    """Fail a statement of this transaction that waits for a lock for longer than `most` (whole milliseconds)."""
    await session.execute(text(f"SET LOCAL lock_timeout = '{most // timedelta(milliseconds=1)}ms'"))


def is_bad_input(error: DBAPIError) -> bool:
    """Whether the database refused a value as such: out of range, or a text that it cannot hold (class 22)."""
    cause: BaseException | None = error.orig
    while cause is not None and not isinstance(cause, asyncpg.DataError):
        cause = cause.__cause__
    return cause is not None
