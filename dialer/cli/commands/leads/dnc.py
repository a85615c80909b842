"""`dialer dnc add|import|check|remove`: the do-not-call list."""

from pathlib import Path

import click

from dialer.cli.lazy import implemented

COUNTRY = click.option("--country", default="IN", show_default=True, help="default country code")


@click.group()
def dnc() -> None:
    """Manage the do-not-call list."""


@dnc.command()
@click.argument("numbers", nargs=-1, required=True)
@click.option("--reason", default="")
@click.option("--campaign", help="only in this campaign")
@COUNTRY
@implemented("dialer.cli.leads.dnc:add")
def add() -> None:
    """Add numbers. Queued calls to them are cancelled."""


@dnc.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", default="", help="where the list comes from")
@click.option("--registry", help="name of the public registry, such as NCPR")
@click.option("--campaign", help="only in this campaign")
@click.option("--replace", is_flag=True, help="remove numbers of this registry that the file does not contain")
@COUNTRY
@implemented("dialer.cli.leads.dnc:import_list")
def import_list() -> None:
    """Add every number of a file (.csv, .xlsx, .gz), or none if it cannot be read."""


@dnc.command("export")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("dnc.csv"), show_default=True)
@implemented("dialer.cli.leads.dnc:export_list")
def export_list() -> None:
    """Export every entry to CSV with source, date and age in days."""


@dnc.command("lists")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.leads.dnc:show_lists")
def show_lists() -> None:
    """Show the lists with scope, source, size and age."""


@dnc.command("scrub")
@click.argument("campaign")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.leads.dnc:scrub_campaign")
def scrub_campaign() -> None:
    """Remove from a campaign every lead on a do-not-call list or registry."""


@dnc.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True)
@COUNTRY
@implemented("dialer.cli.leads.dnc:check")
def check() -> None:
    """Show whether a number is listed, since when and why."""


@dnc.command()
@click.argument("number")
@click.option("--reason", default="", help="why; needed where the person opted out in a call")
@COUNTRY
@implemented("dialer.cli.leads.dnc:remove")
def remove() -> None:
    """Remove a number from every do-not-call list."""
