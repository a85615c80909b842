"""`dialer campaign rehearse NAME`: the campaign's own list, called by the real dialer in a simulated world, on a fast clock."""

import click

from dialer.cli.commands.options import MAX_LEADS
from dialer.cli.lazy import implemented


@click.command()
@click.argument("name")
@click.option("--leads", type=click.IntRange(1, MAX_LEADS), default=60, show_default=True, help="maximum leads")
@click.option("--rounds", type=click.IntRange(1, 10), default=3, show_default=True, help="maximum rounds of calls")
@click.option("--at", "start", help="start time, such as 2026-12-01T11:00+05:30 [default: next calling hours]")
@click.option("--within", type=click.IntRange(10, 3600), default=300, show_default=True, help="time limit in seconds")
@click.option("--json", "as_json", is_flag=True)
@click.option("--steps", is_flag=True, hidden=True, help="how far it is, as lines of JSON")
@implemented("dialer.cli.rehearsal.rehearse:rehearse")
def rehearse() -> None:
    """Call a campaign's own leads in a simulation: who is called when, who is skipped and why, what AVA says and books.

    Nothing is real: no carrier is used, nobody is called, and the campaign does not change.
    """
