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
            click.option("--json", "as_json", is_flag=True, help="report as one JSON object"),
            click.option("--campaign", help="of this campaign only"),
            click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help=f"default: ./{what}.csv"),
            click.option(
                "--format", "form", type=click.Choice(FORMATS), default=None, help="default: by FILE's ending, else csv"
            ),
        ):
            export = decorate(export)
        return click.command("export")(export)

    return command


@click.group()
def calls() -> None:
    """Every attempt."""


@calls.command("transcripts")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("transcripts.csv"))
@click.option("--campaign", help="of this campaign only")
@implemented("dialer.cli.leads.exports:transcripts")
def transcripts() -> None:
    """Write every turn of every talk to a spreadsheet, by FILE's ending."""


@click.group()
def bookings() -> None:
    """Every meeting."""


@export_command("leads")
@implemented("dialer.cli.leads.exports:export_leads")
def export_leads() -> None:
    """Write leads to a spreadsheet, one header row first."""


@export_command("calls")
@implemented("dialer.cli.leads.exports:export_calls")
def export_calls() -> None:
    """Write calls to a spreadsheet, one header row first."""


@export_command("bookings")
@implemented("dialer.cli.leads.exports:export_bookings")
def export_bookings() -> None:
    """Write bookings to a spreadsheet, one header row first."""


calls.add_command(export_calls)
bookings.add_command(export_bookings)
