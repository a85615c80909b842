"""`dialer counselor off|feed|agreement`: days off, the counselor's own calendar address, and what they confirmed."""

import click

from dialer.cli.lazy import implemented

JSON = click.option("--json", "as_json", is_flag=True)


@click.command()
@click.argument("name")
@click.argument("first", required=False)
@click.argument("last", required=False)
@click.option("--why", default="", help="internal reason; students do not see it")
@click.option(
    "--remove", "number", type=int, help="remove the time off with this number (list them by leaving out the dates)"
)
@JSON
@implemented("dialer.cli.admin.counselor_times:off")
def off() -> None:
    """Add time off from FIRST to LAST (2026-03-02, or 2026-03-02T14:00 for part of a day) in their time zone. Without dates: list it.

    Students whose meeting falls into them are asked to choose another time.
    """


@click.command()
@click.argument("name")
@click.option("--make", "do", flag_value="make", help="create a new URL; the old one stops working")
@click.option("--revoke", "do", flag_value="revoke", help="revoke the URL")
@JSON
@implemented("dialer.cli.admin.counselor_times:feed")
def feed() -> None:
    """Show, renew or revoke the URL at which a counselor subscribes to their meetings."""


@click.command()
@JSON
@implemented("dialer.cli.admin.counselor_times:agreement")
def agreement() -> None:
    """Show how much of what AVA captured counselors confirmed, by script version."""
