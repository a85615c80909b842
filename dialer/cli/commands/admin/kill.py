"""`dialer kill on|off|status`: stop every placing at once, everywhere."""

import click

from dialer.cli.lazy import implemented

CARRIER = click.option("--carrier", help="for this carrier only")


@click.group()
def kill() -> None:
    """The kill switch: while it is on, nothing is placed; calls in progress finish."""


@kill.command()
@click.option("--why", default="by hand", show_default=True)
@CARRIER
@implemented("dialer.cli.admin.kill:activate")
def on() -> None:
    """Throw the switch."""


@kill.command()
@CARRIER
@implemented("dialer.cli.admin.kill:release")
def off() -> None:
    """Release the switch."""


@kill.command()
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.kill:status")
def status() -> None:
    """Which switches are on, since when and why."""
