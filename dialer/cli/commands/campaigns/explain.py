"""`dialer explain NUMBER`: can this lead be called now, and if not, why and when."""

import click

from dialer.cli.lazy import implemented


@click.command()
@click.argument("number")
@click.option("--campaign", help="in this campaign; without it, in every campaign that has the lead")
@click.option("--json", "as_json", is_flag=True)
@click.option("--country", default="IN", show_default=True, help="where a number without a country code is from")
@implemented("dialer.cli.campaigns.explain:explain")
def explain() -> None:
    """Show each rule's answer, in order, and when the lead can be called next."""
