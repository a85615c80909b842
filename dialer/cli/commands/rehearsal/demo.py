"""`dialer demo`: the main job, start to end, against the simulated world."""

from pathlib import Path

import click

from dialer.cli.lazy import implemented


@click.command()
@click.option("--keep", is_flag=True, help="leave it running afterwards, with the address of the Live page")
@click.option(
    "--speed", type=click.FloatRange(0.1, 20), default=4.0, show_default=True, help="pace of the simulated world"
)
@click.option("--leads", type=click.Path(path_type=Path), help="another list than sample_leads.csv")
@implemented("dialer.cli.rehearsal.demo:demo")
def demo() -> None:
    """Ring a sample list in the simulated world, from the upload to the spreadsheets. No keys, about half a minute."""
