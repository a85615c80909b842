"""`dialer script try`: talk to AVA in text at the terminal; nothing is saved, nobody is booked or called."""

import click

from dialer.cli.lazy import implemented


@click.command("try")
@click.argument("name")
@click.option("--version", type=click.IntRange(1), help="[default: newest]")
@click.option("--campaign", help="use a lead of this campaign")
@click.option("--lead", type=click.IntRange(1), help="lead id [default: the first]")
@click.option("--student", help="name of an invented student (without --campaign)")
@click.option("--zone", help="their IANA time zone [default: Asia/Kolkata]")
@implemented("dialer.cli.campaigns.script_try:try_script")
def try_script() -> None:
    """Chat with AVA as a student. Nothing is saved, booked or called.

    An empty line, or Ctrl-D, ends it.
    """
