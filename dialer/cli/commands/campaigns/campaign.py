"""`dialer campaign create|start|pause|stop|status`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

import click

from dialer.cli.commands.options import CARRIERS, MACHINE_CHOICES, SHIPPED
from dialer.cli.lazy import Later, Lazy, implemented


class Rehearse(Lazy):
    """What takes long to load stays unloaded."""

    later: ClassVar[Mapping[str, Later]] = {
        "rehearse": Later(
            "dialer.cli.commands.rehearsal.rehearse",
            "rehearse",
            "Call a campaign's own leads in a simulation: who is called when, who is skipped and why, what AVA says and books.",
        ),
    }


@click.group(cls=Rehearse)
def campaign() -> None:
    """Create, rehearse, start, pause and stop campaigns, and see their status."""


@campaign.command()
@click.argument("name")
@click.option(
    "--script", help=f"script, in its newest version [default: {SHIPPED}, newest version your lists can fill]"
)
@click.option("--carrier", type=click.Choice(CARRIERS), help="use only this carrier [default: by number]")
@click.option("--country", default="IN", show_default=True, help="default country code")
@click.option("--window", metavar="HH:MM-HH:MM", help="calling hours in each lead's time zone [default: 10:00-19:00]")
@click.option("--concurrency", type=click.IntRange(1, 1000), help="simultaneous calls [default: 10]")
@click.option("--per-second", type=click.FloatRange(0.01, 100), help="calls started per second [default: 1]")
@click.option("--max-attempts", type=click.IntRange(1, 20), help="maximum calls per lead [default: 4]")
@click.option("--spend-cap", type=Decimal, help="spend limit in USD")
@click.option("--machine", type=click.Choice(MACHINE_CHOICES), help="when voicemail answers [default: hang_up]")
@click.option("--message", help="voicemail message (with --machine leave_message)")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.campaign:create")
def create() -> None:
    """Create a draft campaign. A name is enough."""


@campaign.command()
@click.argument("name")
@implemented("dialer.cli.campaigns.campaign:start")
def start() -> None:
    """Start calling."""


@campaign.command()
@click.argument("name")
@implemented("dialer.cli.campaigns.campaign:pause")
def pause() -> None:
    """Pause calling. Calls in progress finish."""


@campaign.command()
@click.argument("name")
@click.option("--hang-up", is_flag=True, help="also hang up calls in progress")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.campaign_stop:stop")
def stop() -> None:
    """Stop a campaign for good. Prints a receipt."""


@campaign.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.campaign:status")
def status() -> None:
    """Show the status of one campaign, or of all."""
