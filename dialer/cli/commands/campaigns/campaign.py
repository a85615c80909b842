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
            "Call a campaign's own leads in a simulated world: who is called when, who is skipped and why, what AVA says and books.",
        ),
    }


@click.group(cls=Rehearse)
def campaign() -> None:
    """Make campaigns, rehearse them, start and stop them, see how they stand."""


@campaign.command()
@click.argument("name")
@click.option(
    "--script", help=f"what AVA says, in its newest version [{SHIPPED}, in the newest that imported lists can fill]"
)
@click.option("--carrier", type=click.Choice(CARRIERS), help="ring through this carrier only [by the number]")
@click.option("--country", default="IN", show_default=True, help="where numbers without a country code are from")
@click.option("--window", metavar="HH:MM-HH:MM", help="when to ring, in each lead's own zone [10:00-19:00]")
@click.option("--concurrency", type=click.IntRange(1, 1000), help="calls at once [10]")
@click.option("--per-second", type=click.FloatRange(0.01, 100), help="calls started per second [1]")
@click.option("--max-attempts", type=click.IntRange(1, 20), help="calls per lead at most [4]")
@click.option("--spend-cap", type=Decimal, help="stop before more than this is spent")
@click.option("--machine", type=click.Choice(MACHINE_CHOICES), help="when a machine answers [hang_up]")
@click.option("--message", help="what to say to a machine; for --machine leave_message")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.campaign:create")
def create() -> None:
    """Make a campaign; a name is enough."""


@campaign.command()
@click.argument("name")
@implemented("dialer.cli.campaigns.campaign:start")
def start() -> None:
    """Start ringing; twice does nothing more."""


@campaign.command()
@click.argument("name")
@implemented("dialer.cli.campaigns.campaign:pause")
def pause() -> None:
    """Place no new call; calls in progress finish."""


@campaign.command()
@click.argument("name")
@click.option("--hang-up", is_flag=True, help="also end the calls in progress")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.campaign_stop:stop")
def stop() -> None:
    """End the campaign, with a receipt."""


@campaign.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.campaigns.campaign:status")
def status() -> None:
    """How a campaign stands, or all of them."""
