"""The schema's version, checked by every process before it works."""

import importlib

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import migrations


class StaleSchemaError(Exception):
    """The database is not of this program's version; the message says the command that fixes it."""


async def ready_schema(engine: AsyncEngine) -> None:
    """Create the schema in a database that holds nothing, and refuse any that is not of this version.

    Raises:
        StaleSchemaError: the schema is older or newer than the program, or the tables are somebody else's.
    """
    async with engine.connect() as connection:
        tables = set(
            (await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).all()
        )
        found = (
            await connection.scalar(text("SELECT version_num FROM alembic_version"))
            if "alembic_version" in tables
            else None
        )
    if not tables:
        # Loaded now: alembic costs every process a third of a second that is needed once in a database's life.
        await importlib.import_module("dialer.store.migrate").migrate(engine)
    elif found is None:
        raise StaleSchemaError("the database holds other tables and no dialer schema; run: dialer migrate")
    elif found in migrations.REVISIONS[:-1]:
        raise StaleSchemaError(f"the database's schema is older ({found}) than this program; run: dialer migrate")
    elif found != migrations.REVISIONS[-1]:
        raise StaleSchemaError(f"the database's schema ({found}) is newer than this program; update the program")
