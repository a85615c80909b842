"""`dialer worker`: claims what is due, places calls, puts right what is stuck."""

import click

from dialer.cli.lazy import implemented


@click.command()
@implemented("dialer.cli.processes.worker:worker")
def worker() -> None:
    """Claim and place calls, and run jobs; run as many of these as you need."""
