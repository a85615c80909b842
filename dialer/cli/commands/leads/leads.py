"""`dialer leads import` and `dialer leads export`."""

from pathlib import Path

import click

from dialer.cli.commands.leads.exports import export_leads
from dialer.cli.commands.leads.imports import (
    FORMAT,
    MAPPED,
    choose_command,
    commit_command,
    imports_command,
    preview_command,
    rows_command,
    undo_command,
)
from dialer.cli.lazy import implemented
from dialer.domain.leads.import_result import CHOICES


@click.group()
def leads() -> None:
    """Import lists and export results."""


@leads.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--campaign", required=True, help="the campaign that will call them")
@MAPPED
@FORMAT
@click.option("--dry-run", is_flag=True, help="show the result of each row without importing")
@click.option(
    "--duplicates",
    type=click.Choice(CHOICES),
    default="skip",
    show_default=True,
    help="duplicates in the file or campaign: skip them, fill blanks, or overwrite",
)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
@implemented("dialer.cli.leads.leads:import_command")
def import_command() -> None:
    """Import a list (.csv, .xlsx, .gz) into a campaign. Importing doesn't call anyone; importing it again changes nothing."""


leads.add_command(export_leads)

leads.add_command(preview_command)

leads.add_command(imports_command)

leads.add_command(rows_command)

leads.add_command(choose_command)

leads.add_command(commit_command)

leads.add_command(undo_command)
