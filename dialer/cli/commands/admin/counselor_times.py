"""`dialer counselor off|feed|agreement`: days off, the counselor's own calendar address, and what they confirmed."""

import click

from dialer.cli.lazy import implemented

JSON = click.option("--json", "as_json", is_flag=True)


@click.command()
@click.argument("name")
@click.argument("first", required=False)
@click.argument("last", required=False)
@click.option("--why", default="", help="for the people here; students are not told")
@click.option("--remove", "number", type=int, help="take back the days off of this number (see them without dates)")
@JSON
@implemented("dialer.cli.admin.counselor_times:off")
def off() -> None:
    """Days off, FIRST to LAST (2026-03-02, or 2026-03-02T14:00 for a part of a day), in their own zone; without, a list.

    Students whose meeting falls into them are asked to choose another time.
    """


@click.command()
@click.argument("name")
@click.option("--make", "do", flag_value="make", help="make an address; the one before leads nowhere from then on")
@click.option("--revoke", "do", flag_value="revoke", help="let the address lead nowhere")
@JSON
@implemented("dialer.cli.admin.counselor_times:feed")
def feed() -> None:
    """The counselor's own calendar, to subscribe to: show its address, make a new one, or revoke it."""


@click.command()
@JSON
@implemented("dialer.cli.admin.counselor_times:agreement")
def agreement() -> None:
    """How much of what AVA wrote down counselors confirmed, per script version."""
