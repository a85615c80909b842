"""`dialer counselor add|set|off|feed|agreement|list|remove|back`: who can be met, when, and what they made of it."""

import click

from dialer.cli.commands.admin.counselor_times import agreement, feed, off
from dialer.cli.commands.options import LIMITS
from dialer.cli.lazy import implemented


@click.group()
def counselor() -> None:
    """The people who meet leads."""


counselor.add_command(off)

counselor.add_command(feed)

counselor.add_command(agreement)


@counselor.command()
@click.argument("name")
@click.option("--zone", default="Asia/Kolkata", show_default=True)
@click.option("--email")
@click.option("--days", default="mon-sat", show_default=True, help="such as mon-fri or mon,wed,fri")
@click.option("--hours", default="10:00-18:00", show_default=True, help="such as 10:00-13:00,14:00-18:00")
@implemented("dialer.cli.admin.counselor:add")
def add() -> None:
    """Add a counselor with weekly hours in their own zone."""


@counselor.command("set")
@click.argument("name")
@click.option("--email", help="where invitations go; empty for none")
@click.option("--name", "new_name", help="another name from now on")
@click.option("--phone", help="empty for none")
@click.option("--zone", help="IANA, such as Europe/London")
@click.option("--days", help="with --hours: such as mon-fri")
@click.option(
    "--hours", help="replaces the hours of these --days (all days that they have, without): 10:00-13:00,14:00-18:00"
)
@click.option("--slot", type=click.IntRange(*LIMITS["slot_minutes"]), help="minutes of a meeting")
@click.option(
    "--notice", type=click.IntRange(*LIMITS["notice_minutes"]), help="minutes from now before which nothing is booked"
)
@click.option(
    "--buffer-before", type=click.IntRange(*LIMITS["buffer_before_minutes"]), help="minutes kept free before a meeting"
)
@click.option("--buffer-after", type=click.IntRange(*LIMITS["buffer_after_minutes"]), help="minutes kept free after it")
@click.option("--max-per-day", type=click.IntRange(*LIMITS["max_per_day"]), help="meetings in a day; 0 for no limit")
@click.option("--countries", help="parted by commas; empty for all")
@click.option("--courses", help="parted by commas; empty for all")
@click.option("--languages", help="such as en,hi; empty for all")
@click.option("--holidays", help="a calendar of public holidays, such as IN or US-CA; empty for none")
@click.option("--calendar", help="the secret iCalendar address of their own calendar; empty for none")
@click.option("--transfers/--no-transfers", default=None, help="whether students who ask for a person are connected")
@implemented("dialer.cli.admin.counselor:change")
def change() -> None:
    """Change what is named, and leave everything else as it is."""


@counselor.command("list")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.counselor:list_all")
def list_all() -> None:
    """Everybody, also those who left."""


@counselor.command()
@click.argument("name")
@implemented("dialer.cli.admin.counselor:remove")
def remove() -> None:
    """Take a counselor out of the offers; meetings already made stay."""


@counselor.command()
@click.argument("name")
@implemented("dialer.cli.admin.counselor:back")
def back() -> None:
    """Offer a counselor again who had left."""
