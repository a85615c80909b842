"""`dialer migrate`: bring the schema to this program's version."""

import click

from dialer.cli.context import with_servers
from dialer.cli.event_loop import run
from dialer.store.migrate import migrate as migrate_schema
from dialer.store.sessions import make_engine


def migrate(revision: str) -> None:
    async def work(url: str) -> None:
        engine = make_engine(url)
        try:
            await migrate_schema(engine, revision)
        finally:
            await engine.dispose()

    with with_servers() as settings:
        assert settings.dialer_database_url is not None
        run(work(settings.dialer_database_url))
    click.echo(f"schema at {revision}")
