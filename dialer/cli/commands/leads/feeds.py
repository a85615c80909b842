"""`dialer feed add|list|revoke` and `dialer schedule add|list|remove`: sheets that keep themselves fresh."""

import click

from dialer.cli.commands.options import SHEETS
from dialer.cli.lazy import implemented

JSON = click.option("--json", "as_json", is_flag=True)

OF = click.option("--campaign", help="of this campaign only")


@click.group()
def feed() -> None:
    """Addresses that Google Sheets (IMPORTDATA) and Excel (From Web) refresh by themselves."""


@feed.command("add")
@click.argument("what", type=click.Choice(SHEETS))
@OF
@JSON
@implemented("dialer.cli.leads.feeds:add_feed")
def add_feed() -> None:
    """Make an address; whoever has it may read the sheet until it is revoked."""


@feed.command("list")
@JSON
@implemented("dialer.cli.leads.feeds:list_feeds")
def list_feeds() -> None:
    """The feeds, when they were last read, and whether they are revoked."""


@feed.command("revoke")
@click.argument("feed_id", type=int)
@implemented("dialer.cli.leads.feeds:revoke_feed")
def revoke_feed() -> None:
    """Let an address lead nowhere from now on."""


@click.group()
def schedule() -> None:
    """Exports that a worker writes again and again."""


@schedule.command("add")
@click.argument("what", type=click.Choice(SHEETS))
@click.option("--to", "address", required=True, help="a folder, or any address fsspec knows (s3://bucket/folder)")
@click.option("--every", default="1d", show_default=True, help="such as 15m, 6h or 1d")
@click.option("--format", "form", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@OF
@JSON
@implemented("dialer.cli.leads.feeds:add_schedule")
def add_schedule() -> None:
    """Write a sheet now and then; each time it replaces the file of the time before."""


@schedule.command("list")
@JSON
@implemented("dialer.cli.leads.feeds:list_schedules")
def list_schedules() -> None:
    """The schedules, and what came of each last time."""


@schedule.command("remove")
@click.argument("schedule_id", type=int)
@implemented("dialer.cli.leads.feeds:remove_schedule")
def remove_schedule() -> None:
    """Write it no more; what was written stays."""
