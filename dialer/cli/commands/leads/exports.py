"""`dialer calls export`, `dialer bookings export`, and the one behind `dialer leads export`."""

from collections.abc import Callable
from pathlib import Path

import click

from dialer.cli.commands.options import FORMATS
from dialer.cli.lazy import implemented


def export_command(what: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command that exports leads, calls or bookings."""

    def command(export: Callable[..., None]) -> click.Command:
        for decorate in (
            click.option("--json", "as_json", is_flag=True, help="print one JSON object"),
            click.option("--campaign", help="only this campaign"),
            click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help=f"default: ./{what}.csv"),
            click.option(
                "--format",
                "form",
                type=click.Choice(FORMATS),
                default=None,
                help="default: by the file extension, else csv",
            ),
        ):
            export = decorate(export)
        return click.command("export")(export)

    return command


@click.group()
def calls() -> None:
    """Export calls."""


@calls.command("transcripts")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("transcripts.csv"))
@click.option("--campaign", help="only this campaign")
@implemented("dialer.cli.leads.exports:transcripts")
def transcripts() -> None:
    """Export every turn of every conversation."""


@click.group()
def bookings() -> None:
    """Export bookings."""


@export_command("leads")
@implemented("dialer.cli.leads.exports:export_leads")
def export_leads() -> None:
    """Export leads with their results."""


@export_command("calls")
@implemented("dialer.cli.leads.exports:export_calls")
def export_calls() -> None:
    """Export calls."""


@export_command("bookings")
@implemented("dialer.cli.leads.exports:export_bookings")
def export_bookings() -> None:
    """Export bookings."""


calls.add_command(export_calls)
bookings.add_command(export_bookings)
