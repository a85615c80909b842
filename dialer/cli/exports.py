"""`dialer calls export`, `dialer bookings export`, and the one behind `dialer leads export`."""

import json
from pathlib import Path
from typing import get_args

import click

from dialer.cli.beside import with_store
from dialer.cli.failing import CommandError
from dialer.flows.export_results import Format, TooManyRowsError, What, export_results
from dialer.settings import Settings
from dialer.store import campaigns
from dialer.wiring.stores import Store


def export_command(what: What) -> click.Command:
    """The command that exports leads, calls or bookings."""

    @click.command("export", help=f"Write {what} to a spreadsheet, one header row first.")
    @click.option(
        "--format",
        "form",
        type=click.Choice(get_args(Format)),
        default=None,
        help="default: by FILE's ending, else csv",
    )
    @click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help=f"default: ./{what}.csv")
    @click.option("--campaign", help="of this campaign only")
    @click.option("--json", "as_json", is_flag=True, help="report as one JSON object")
    def export(form: Format | None, output: Path | None, campaign: str | None, as_json: bool) -> None:
        kind: Format = form or ("xlsx" if output and output.suffix.lower() == ".xlsx" else "csv")
        path = output or Path(f"{what}.{kind}")

        async def work(settings: Settings, store: Store) -> int:
            async with store.sessions() as session:
                if campaign is not None and await campaigns.named(session, campaign) is None:
                    raise CommandError(f"there is no campaign {campaign!r}; see: dialer campaign status")
                try:
                    return await export_results(session, what, path, form=kind, campaign=campaign)
                except TooManyRowsError as error:
                    raise CommandError(str(error)) from error

        rows = with_store(work)
        report = {"rows": rows, "file": str(path), "format": kind}
        click.echo(json.dumps(report) if as_json else f"{rows} rows written to {path}")

    return export


@click.group()
def calls() -> None:
    """Every attempt."""


@calls.command("transcripts")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("transcripts.csv"))
@click.option("--campaign", help="of this campaign only")
def transcripts(output: Path, campaign: str | None) -> None:
    """Write every turn of every talk to a spreadsheet, by FILE's ending."""
    kind: Format = "xlsx" if output.suffix.lower() == ".xlsx" else "csv"

    async def work(settings: Settings, store: Store) -> int:
        async with store.sessions() as session:
            return await export_results(session, "transcripts", output, form=kind, campaign=campaign)

    click.echo(f"{with_store(work)} rows written to {output}")


@click.group()
def bookings() -> None:
    """Every meeting."""


calls.add_command(export_command("calls"), "export")
bookings.add_command(export_command("bookings"), "export")
