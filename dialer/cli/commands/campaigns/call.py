"""`dialer call NUMBER`."""

import click

from dialer.cli.lazy import implemented


@click.command()
@click.argument("number")
@click.option("--campaign", help="place it in this campaign")
@click.option("--name", default="", help="name for AVA's greeting")
@implemented("dialer.cli.campaigns.call:call")
def call() -> None:
    """Call one number now, if every rule allows it. Needs `dialer up` running."""
