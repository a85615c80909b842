"""`dialer prices list|set|remove`: what voices cost, by which calls are priced."""

import click

from dialer.cli.lazy import implemented


@click.group()
def prices() -> None:
    """Prices of voice models, and of a carrier's currency, in USD for a million of each kind."""


@prices.command("list")
@click.option("--model", help="of this model only")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.prices:show")
def show() -> None:
    """Show every price with the day it counts from and where it was read."""


@prices.command("set")
@click.argument("model")
@click.argument("kind")
@click.argument("per_million")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="the first day it counts; today where not given")
@click.option("--source", default="set by hand", show_default=True)
@implemented("dialer.cli.admin.prices:put")
def put() -> None:
    """Set what a million of KIND costs with MODEL; calls of earlier days keep their price.

    A carrier that bills in rupees is counted in dollars by what a million rupees cost: prices set INR money PRICE.
    """


@prices.command("remove")
@click.argument("model")
@click.argument("kind")
@click.argument("since", type=click.DateTime(["%Y-%m-%d"]))
@implemented("dialer.cli.admin.prices:remove")
def remove() -> None:
    """Remove a price; the one before it counts again. Costs of calls that have ended stay as they are."""
