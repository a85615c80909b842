"""`dialer migrate`: bring the schema to this program's version."""

import click

from dialer.cli.lazy import implemented


@click.command()
@click.argument("revision", default="head")
@implemented("dialer.cli.processes.migrate:migrate")
def migrate() -> None:
    """Bring the database's schema to REVISION (head by default; base takes everything out)."""
