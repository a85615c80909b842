"""`dialer job ID`: one piece of long work, in a process of its own that a worker starts; it ends with its worker."""

import click

from dialer.cli.lazy import implemented


@click.command(hidden=True)
@click.argument("job_id", type=int)
@implemented("dialer.cli.processes.job:job")
def job() -> None:
    """Do a piece of long work that a worker claimed."""
