"""`dialer calls export`, `dialer bookings export`, and the one behind `dialer leads export`."""

import json
from functools import partial
from pathlib import Path

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.services.exports.results import Format, TooManyRowsError, What, export_for
from dialer.settings import Settings
from dialer.store.campaigns import campaigns
from dialer.wiring.stores import Store


def export(what: What, form: Format | None, output: Path | None, campaign: str | None, as_json: bool) -> None:
    """Write leads, calls or bookings to a spreadsheet."""
    kind: Format = form or ("xlsx" if output and output.suffix.lower() == ".xlsx" else "csv")
    path = output or Path(f"{what}.{kind}")

    async def work(settings: Settings, store: Store) -> int:
        async with store.sessions() as session:
            if campaign is not None and await campaigns.named(session, campaign) is None:
                raise CommandError(f"there is no campaign {campaign!r}; see: dialer campaign status")
        try:
            return await export_for(store.sessions, operator(), what, path, form=kind, campaign=campaign)
        except TooManyRowsError as error:
            raise CommandError(str(error)) from error

    rows = with_store(work)
    report = {"rows": rows, "file": str(path), "format": kind}
    click.echo(json.dumps(report) if as_json else f"{rows} rows written to {path}")


export_leads = partial(export, "leads")
export_calls = partial(export, "calls")
export_bookings = partial(export, "bookings")


def transcripts(output: Path, campaign: str | None) -> None:
    kind: Format = "xlsx" if output.suffix.lower() == ".xlsx" else "csv"

    async def work(settings: Settings, store: Store) -> int:
        return await export_for(store.sessions, operator(), "transcripts", output, form=kind, campaign=campaign)

    click.echo(f"{with_store(work)} rows written to {output}")
