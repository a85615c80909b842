"""`dialer world`: the simulated outside world as a process, for the demo, for tests and for rehearsal."""

import click

from dialer.cli.lazy import implemented
from dialer.simulator.settings import WorldSettings

WORLD = WorldSettings()


@click.command(hidden=True)
@click.option("--port", default=0, help="carrier port; 0 for a free one")
@click.option("--realtime-port", default=0, help="realtime voice port")
@click.option("--account-sid", default=WORLD.account_sid)
@click.option("--auth-token", default=WORLD.auth_token)
@click.option("--openai-key", default=WORLD.openai_key)
@click.option("--from-number", "from_numbers", multiple=True, default=list(WORLD.from_numbers))
@click.option("--speed", default=1.0, help="speed factor")
@click.option("--calls-per-second", default=1.0)
@implemented("dialer.cli.rehearsal.world:world")
def world() -> None:
    """Run the simulated world. The first line on stdout is a JSON object with its URLs."""
