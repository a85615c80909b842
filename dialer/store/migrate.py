"""Bringing the schema up or down, with alembic; apart from the check that every process makes, which needs no alembic."""

import importlib.util
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

LOCK = 0x0D1A1E5  # the advisory lock under which one process at a time migrates


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the migrations shipped beside the program, without an .ini file."""
    spec = importlib.util.find_spec("migrations")
    assert spec is not None
    assert spec.origin is not None
    config = Config()
    config.set_main_option("script_location", str(Path(spec.origin).parent))
    config.attributes["connection"] = connection
    return config


async def migrate(engine: AsyncEngine, revision: str = "head") -> None:
    """Bring the schema to a revision, up or down; two at once wait for one another."""

    def run(connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        current = MigrationContext.configure(connection).get_current_revision()
        config = alembic_config(connection)
        down = revision == "base" or (current is not None and revision in _ancestors(config, current))
        (command.downgrade if down else command.upgrade)(config, revision)

    async with engine.begin() as connection:
        await connection.run_sync(run)


def _ancestors(config: Config, current: str) -> set[str]:
    script = ScriptDirectory.from_config(config)
    return {revision.revision for revision in script.iterate_revisions(current, "base")} - {current}
