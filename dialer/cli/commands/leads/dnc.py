"""`dialer dnc add|import|check|remove`: the do-not-call list."""

from pathlib import Path

import click

from dialer.cli.lazy import implemented

COUNTRY = click.option(
    "--country", default="IN", show_default=True, help="where numbers without a country code are from"
)


@click.group()
def dnc() -> None:
    """Numbers that must not be called."""


@dnc.command()
@click.argument("numbers", nargs=-1, required=True)
@click.option("--reason", default="")
@click.option("--campaign", help="in this campaign only")
@COUNTRY
@implemented("dialer.cli.leads.dnc:add")
def add() -> None:
    """List numbers; what was about to ring them is taken back."""


@dnc.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", default="", help="whose list it is")
@click.option("--registry", help="it is a public registry's list, such as NCPR; its age counts from now")
@click.option("--campaign", help="in this campaign only")
@click.option("--replace", is_flag=True, help="take off that list what the file does not hold")
@COUNTRY
@implemented("dialer.cli.leads.dnc:import_list")
def import_list() -> None:
    """List every number of a file (.csv, .xlsx, .gz), in one transaction."""


@dnc.command("export")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("dnc.csv"), show_default=True)
@implemented("dialer.cli.leads.dnc:export_list")
def export_list() -> None:
    """Write every entry to a CSV file, with its source, date and age in days."""


@dnc.command("lists")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.leads.dnc:show_lists")
def show_lists() -> None:
    """The lists: scope, source, how many numbers, since when."""


@dnc.command("scrub")
@click.argument("campaign")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.leads.dnc:scrub_campaign")
def scrub_campaign() -> None:
    """Take everybody out of a campaign who stands on a list that binds them, registries included."""


@dnc.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True)
@COUNTRY
@implemented("dialer.cli.leads.dnc:check")
def check() -> None:
    """Whether a number is listed, since when and why."""


@dnc.command()
@click.argument("number")
@COUNTRY
@implemented("dialer.cli.leads.dnc:remove")
def remove() -> None:
    """Remove a number from every do-not-call list."""
