"""`dialer bench NAME`: what things cost on this machine, beside a yardstick measured in the same run."""

import asyncio
import importlib
import json
import os
import platform

import click

BENCHES = {
    "import": "importing",
    "export": "exporting",
    "claim": "claim",
    "dial": "dial",
    "webhook": "webhook",
}


@click.command()
@click.argument("name", type=click.Choice(list(BENCHES)))
@click.option("--json", "as_json", is_flag=True, help="One object: {bench, figures, yardsticks, ratios}.")
def bench(name: str, as_json: bool) -> None:
    """Measure import, export, claim, dial or webhook with servers and rows of its own; takes minutes."""
    measure = importlib.import_module(f"dialer.cli.benches.{BENCHES[name]}").measure
    result = asyncio.run(measure(lambda line: click.echo(line, err=True)))
    if as_json:
        click.echo(json.dumps(result.as_dict()))
        return
    click.echo(f"{name}, on {os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}")
    for title, values in (("ours", result.figures), ("yardstick", result.yardsticks), ("ratio", result.ratios)):
        for key, value in values.items():
            click.echo(f"  {title:10} {key:34} {value:12.4g}")
