"""`dialer script try`: talk to AVA in text at the terminal; nothing is saved, nobody is booked or called."""

from pathlib import Path

import click

from dialer.cli.lazy import implemented


@click.command("try")
@click.argument("name")
@click.option("--version", type=click.IntRange(1), help="[the newest]")
@click.option("--campaign", help="talk as a lead of this campaign, by their own row")
@click.option("--lead", type=click.IntRange(1), help="which of its leads, by id [the first one]")
@click.option("--student", help="an invented student's name, where no campaign is named")
@click.option("--zone", help="an invented student's IANA time zone [Asia/Kolkata]")
@click.option("--turn", type=click.Path(exists=True, dir_okay=False, path_type=Path), hidden=True)
@implemented("dialer.cli.campaigns.script_try:try_script")
def try_script() -> None:
    """Talk to AVA as a student, in text. Nothing is saved, nobody is booked or called.

    An empty line, or Ctrl-D, ends it.
    """
