"""`dialer kill on|off|status`: stop every placing at once, everywhere."""

import click

from dialer.cli.lazy import implemented

CARRIER = click.option("--carrier", help="only this carrier")


@click.group()
def kill() -> None:
    """Stop all new calls or allow them again; calls in progress finish."""


@kill.command()
@click.option("--why", default="by hand", show_default=True)
@CARRIER
@implemented("dialer.cli.admin.kill:activate")
def on() -> None:
    """Stop all new calls."""


@kill.command()
@click.option("--why", default="by hand", show_default=True)
@CARRIER
@implemented("dialer.cli.admin.kill:release")
def off() -> None:
    """Allow new calls again."""


@kill.command()
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.kill:status")
def status() -> None:
    """Show which switches are on, since when and why."""
