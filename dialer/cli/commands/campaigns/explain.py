"""`dialer explain NUMBER`: can this lead be called now, and if not, why and when."""

import click

from dialer.cli.lazy import implemented


@click.command()
@click.argument("number")
@click.option("--campaign", help="only this campaign [default: every campaign of the lead]")
@click.option("--json", "as_json", is_flag=True)
@click.option("--country", default="IN", show_default=True, help="default country code")
@implemented("dialer.cli.campaigns.explain:explain")
def explain() -> None:
    """Show whether a number can be called now, rule by rule, and when it can be next."""
