"""`dialer prices list|set|remove`: what voices cost, by which calls are priced."""

import click

from dialer.cli.lazy import implemented


@click.group()
def prices() -> None:
    """Manage prices of voice models and currencies, in USD per million units."""


@prices.command("list")
@click.option("--model", help="only this model")
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.prices:show")
def show() -> None:
    """List prices with their first day and source."""


@prices.command("set")
@click.argument("model")
@click.argument("kind")
@click.argument("per_million")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="first day it applies [default: today]")
@click.option("--source", default="set by hand", show_default=True)
@implemented("dialer.cli.admin.prices:put")
def put() -> None:
    """Set the price of a million KIND with MODEL. Earlier calls keep their price.

    A carrier that bills in rupees is counted in dollars by what a million rupees cost: prices set INR money PRICE.
    """


@prices.command("remove")
@click.argument("model")
@click.argument("kind")
@click.argument("since", type=click.DateTime(["%Y-%m-%d"]))
@implemented("dialer.cli.admin.prices:remove")
def remove() -> None:
    """Remove a price; the previous one applies again. Costs of ended calls stay."""
