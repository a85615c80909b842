"""`dialer migrate`: bring the schema to this program's version."""

import click

from dialer.cli.lazy import implemented


@click.command()
@click.argument("revision", default="head")
@implemented("dialer.cli.processes.migrate:migrate")
def migrate() -> None:
    """Migrate the database to REVISION (default: head; base drops everything)."""
