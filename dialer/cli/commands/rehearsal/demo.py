"""`dialer demo`: the main job, start to end, against the simulated world."""

from pathlib import Path

import click

from dialer.cli.lazy import implemented


@click.command()
@click.option("--keep", is_flag=True, help="keep it running and print the Live page's URL")
@click.option("--speed", type=click.FloatRange(0.1, 20), default=4.0, show_default=True, help="speed of the simulation")
@click.option("--leads", type=click.Path(path_type=Path), help="use this list instead of sample_leads.csv")
@implemented("dialer.cli.rehearsal.demo:demo")
def demo() -> None:
    """Call a sample list in a simulation, from upload to spreadsheet. Needs no keys; takes about half a minute."""
