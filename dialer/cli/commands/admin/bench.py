"""`dialer bench NAME`: what things cost on this machine, beside a yardstick measured in the same run."""

import click

from dialer.cli.lazy import implemented

BENCHES = ("bridge", "import", "export", "claim", "dial", "webhook", "cascade", "slots", "pages", "start")


@click.command()
@click.argument("name", type=click.Choice(BENCHES))
@click.option("--json", "as_json", is_flag=True, help="print one object: {bench, figures, yardsticks, ratios}")
@click.option("--full", is_flag=True, help="also run the long form (bridge: ten minutes of calls)")
@implemented("dialer.cli.admin.bench:bench")
def bench() -> None:
    """Measure bridge, import, export, claim, dial, webhook, cascade, slots, pages or start on its own servers; takes minutes."""
