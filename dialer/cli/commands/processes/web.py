"""`dialer web`: pages, API and webhooks."""

import click

from dialer.cli.lazy import implemented


@click.command()
@implemented("dialer.cli.processes.web:web")
def web() -> None:
    """Serve the pages, the API and carrier webhooks."""
