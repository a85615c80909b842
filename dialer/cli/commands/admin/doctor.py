"""`dialer doctor`: what is set, what answers, and what to do about the rest."""

import click

from dialer.cli.lazy import implemented


@click.command()
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.doctor:doctor")
def doctor() -> None:
    """Check settings, servers, carriers and voices; exit 1 if anything is wrong."""
