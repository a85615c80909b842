"""`dialer feed add|list|revoke` and `dialer schedule add|list|remove`: sheets that keep themselves fresh."""

import click

from dialer.cli.commands.options import SHEETS
from dialer.cli.lazy import implemented

JSON = click.option("--json", "as_json", is_flag=True)

OF = click.option("--campaign", help="only this campaign")


@click.group()
def feed() -> None:
    """Manage feeds: CSV URLs that Google Sheets (IMPORTDATA) and Excel (From Web) refresh."""


@feed.command("add")
@click.argument("what", type=click.Choice(SHEETS))
@OF
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="Days until it expires.")
@JSON
@implemented("dialer.cli.leads.feeds:add_feed")
def add_feed() -> None:
    """Create a feed URL. Anyone with the URL can read it until it expires or you revoke it."""


@feed.command("list")
@JSON
@implemented("dialer.cli.leads.feeds:list_feeds")
def list_feeds() -> None:
    """List feeds, when they were last read and whether they are revoked."""


@feed.command("revoke")
@click.argument("feed_id", type=int)
@implemented("dialer.cli.leads.feeds:revoke_feed")
def revoke_feed() -> None:
    """Revoke a feed URL."""


@click.group()
def schedule() -> None:
    """Manage scheduled exports."""


@schedule.command("add")
@click.argument("what", type=click.Choice(SHEETS))
@click.option("--to", "address", required=True, help="folder or fsspec URL, such as s3://bucket/folder")
@click.option("--every", default="1d", show_default=True, help="such as 15m, 6h or 1d")
@click.option("--format", "form", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@OF
@JSON
@implemented("dialer.cli.leads.feeds:add_schedule")
def add_schedule() -> None:
    """Export regularly to the same file, which is replaced each time."""


@schedule.command("list")
@JSON
@implemented("dialer.cli.leads.feeds:list_schedules")
def list_schedules() -> None:
    """List scheduled exports and their last result."""


@schedule.command("remove")
@click.argument("schedule_id", type=int)
@implemented("dialer.cli.leads.feeds:remove_schedule")
def remove_schedule() -> None:
    """Remove a scheduled export. Written files stay."""
