"""`dialer counselor add|set|off|feed|agreement|list|remove|back`: who can be met, when, and what they made of it."""

import click

from dialer.cli.commands.admin.counselor_times import agreement, feed, off
from dialer.cli.commands.options import LIMITS
from dialer.cli.lazy import implemented


@click.group()
def counselor() -> None:
    """Manage counselors, their hours and time off."""


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
    """Add a counselor with weekly hours in their time zone."""


@counselor.command("set")
@click.argument("name")
@click.option("--email", help="email address for invitations; leave empty for none")
@click.option("--name", "new_name", help="new name")
@click.option("--phone", help="leave empty for none")
@click.option("--zone", help="IANA time zone, such as Europe/London")
@click.option("--days", help="with --hours, such as mon-fri")
@click.option("--hours", help="hours for --days [default: all their working days], such as 10:00-13:00,14:00-18:00")
@click.option("--slot", type=click.IntRange(*LIMITS["slot_minutes"]), help="meeting length in minutes")
@click.option("--notice", type=click.IntRange(*LIMITS["notice_minutes"]), help="minimum notice in minutes")
@click.option(
    "--buffer-before", type=click.IntRange(*LIMITS["buffer_before_minutes"]), help="buffer before a meeting in minutes"
)
@click.option(
    "--buffer-after", type=click.IntRange(*LIMITS["buffer_after_minutes"]), help="buffer after a meeting in minutes"
)
@click.option("--max-per-day", type=click.IntRange(*LIMITS["max_per_day"]), help="meetings per day; 0 for no limit")
@click.option("--countries", help="comma-separated; empty for all")
@click.option("--courses", help="comma-separated; empty for all")
@click.option("--languages", help="such as en,hi; empty for all")
@click.option("--holidays", help="a calendar of public holidays, such as IN or US-CA; leave empty for none")
@click.option("--calendar", help="the secret iCalendar address of their own calendar; leave empty for none")
@click.option("--transfers/--no-transfers", default=None, help="whether AVA transfers students to them")
@implemented("dialer.cli.admin.counselor:change")
def change() -> None:
    """Change only the given options."""


@counselor.command("list")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.counselor:list_all")
def list_all() -> None:
    """List counselors, including deactivated ones."""


@counselor.command()
@click.argument("name")
@implemented("dialer.cli.admin.counselor:remove")
def remove() -> None:
    """Deactivate a counselor. Their booked meetings stay."""


@counselor.command()
@click.argument("name")
@implemented("dialer.cli.admin.counselor:back")
def back() -> None:
    """Activate a counselor again."""
