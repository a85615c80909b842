"""`dialer bridge`: carriers' audio to voices and back."""

import click

from dialer.cli.lazy import implemented


@click.command()
@implemented("dialer.cli.processes.bridge:bridge")
def bridge() -> None:
    """Stream call audio; run as many of these as you need."""
