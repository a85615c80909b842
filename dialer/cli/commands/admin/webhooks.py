"""`dialer hook add|list|remove`: other systems that are told of bookings and outcomes."""

import click

from dialer.cli.lazy import implemented
from dialer.domain.access.webhook_url import EVENTS


@click.group()
def hook() -> None:
    """Tell other systems of bookings and outcomes (signed, retried)."""


@hook.command()
@click.argument("url")
@click.option("--event", "events", multiple=True, type=click.Choice(EVENTS), help="what to tell [both]")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.webhooks:add")
def add() -> None:
    """Tell URL from now on; the secret that messages are signed with is shown once."""


@hook.command("list")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.webhooks:show")
def show() -> None:
    """The hooks, and how many messages each was told, waits for, or was given up on."""


@hook.command()
@click.argument("hook_id", type=int)
@implemented("dialer.cli.admin.webhooks:remove")
def remove() -> None:
    """Tell it nothing more."""
