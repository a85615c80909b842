"""`dialer bridge`: carriers' audio to voices and back."""

import asyncio
import signal

import click
import uvloop

from dialer.bridge.server import serve
from dialer.cli.beside import with_servers
from dialer.cli.logs import log_as
from dialer.cli.parent import end_with_parent
from dialer.settings import Settings


@click.command()
def bridge() -> None:
    """Carry the audio of calls; as many of these processes as wanted."""
    log_as("bridge")
    end_with_parent()
    with with_servers() as settings:
        uvloop.run(_bridge(settings))


async def _bridge(settings: Settings) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with serve(settings):
        await stop.wait()
