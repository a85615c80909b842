"""`dialer prove`: hold our attempts against the carrier's own list, and say each promise with its count."""

import click

from dialer.cli.lazy import implemented


@click.command("prove")
@click.option(
    "--hours", type=click.FloatRange(0.01, 24 * 400), default=24.0, show_default=True, help="hours to look back"
)
@click.option("--json", "as_json", is_flag=True)
@implemented("dialer.cli.admin.prove:prove_command")
def prove_command() -> None:
    """Check that nobody was called twice, after an opt-out or outside calling hours; exit 1 on any violation."""
