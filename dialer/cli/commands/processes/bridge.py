"""`dialer bridge`: carriers' audio to voices and back."""

import click

from dialer.cli.lazy import implemented


@click.command()
@implemented("dialer.cli.processes.bridge:bridge")
def bridge() -> None:
    """Carry the audio of calls; as many of these processes as wanted."""
