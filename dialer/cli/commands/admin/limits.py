"""`dialer limits show|set`: limits of the whole installation on calls and spend."""

from decimal import Decimal

import click

from dialer.cli.lazy import implemented

AS_JSON = click.option("--json", "as_json", is_flag=True)


@click.group()
def limits() -> None:
    """Show or change the limits of the whole installation in 24 hours."""


@limits.command()
@AS_JSON
@implemented("dialer.cli.admin.limits:show")
def show() -> None:
    """Show the limits."""


@limits.command("set")
@click.option("--calls-per-number", "calls_per_number_day", type=int, help="calls to one number, 1 to 20")
@click.option("--spend", "spend_day", type=Decimal, help="USD, spent and held")
@click.option("--single-calls", "single_calls_day", type=int, help="calls asked for one by one")
@AS_JSON
@implemented("dialer.cli.admin.limits:change")
def change() -> None:
    """Change the limits that are given; the others stay."""
