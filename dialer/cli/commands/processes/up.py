"""`dialer up`: web, bridge and worker in one command, with their servers where none are given."""

import click

from dialer.cli.lazy import implemented


@click.command()
@implemented("dialer.cli.processes.up:up")
def up() -> None:
    """Run web, bridge and worker together; Ctrl-C or SIGTERM stops them cleanly."""
