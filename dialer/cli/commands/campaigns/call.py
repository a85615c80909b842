"""`dialer call NUMBER`."""

import click

from dialer.cli.lazy import implemented


@click.command()
@click.argument("number")
@click.option("--campaign", help="in this campaign instead of the one for single calls")
@click.option("--name", default="", help="the name AVA greets them by")
@implemented("dialer.cli.campaigns.call:call")
def call() -> None:
    """Ring one number now, under every rule. `dialer up` must be running to place it."""
