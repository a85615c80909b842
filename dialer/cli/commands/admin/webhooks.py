"""`dialer hook add|list|remove`: other systems that are told of bookings and outcomes."""

import click

from dialer.cli.lazy import implemented
from dialer.domain.access.webhook_url import EVENTS


@click.group()
def hook() -> None:
    """Manage outgoing webhooks for bookings and outcomes (signed, retried)."""


@hook.command()
@click.argument("url")
@click.option("--event", "events", multiple=True, type=click.Choice(EVENTS), help="event to send [default: both]")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.webhooks:add")
def add() -> None:
    """Add a webhook. Its signing secret is shown only once."""


@hook.command("list")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.webhooks:show")
def show() -> None:
    """List webhooks with their delivered, waiting and failed messages."""


@hook.command()
@click.argument("hook_id", type=int)
@implemented("dialer.cli.admin.webhooks:remove")
def remove() -> None:
    """Remove a webhook."""
