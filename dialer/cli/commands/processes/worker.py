"""`dialer worker`: claims what is due, places calls, puts right what is stuck."""

import click

from dialer.cli.lazy import implemented


@click.command()
@implemented("dialer.cli.processes.worker:worker")
def worker() -> None:
    """Place calls and keep them in order; as many of these processes as wanted."""
