"""`dialer worker`: claims what is due, places calls, puts right what is stuck."""

import click

from dialer.cli.beside import with_servers
from dialer.cli.logs import log_as
from dialer.cli.parent import end_with_parent
from dialer.cli.serving import check_servers
from workers.main import run


@click.command()
def worker() -> None:
    """Place calls and keep them in order; as many of these processes as wanted."""
    log_as("worker")
    end_with_parent()
    with with_servers() as settings:
        check_servers(settings)
        run(settings)
