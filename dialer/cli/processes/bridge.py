"""`dialer bridge`: carriers' audio to voices and back."""

import asyncio
import gc
import signal

import uvloop

from dialer.bridge.server import serve
from dialer.cli.context import with_servers
from dialer.cli.logs import log_as
from dialer.isolated.parent import end_with_parent
from dialer.settings import Settings

YOUNG = 5_000
"""So many objects may be made before waste is looked for: a tenth of the CPU less than at the usual 700."""


def bridge() -> None:
    log_as("bridge")
    end_with_parent()
    with with_servers() as settings:
        uvloop.run(_bridge(settings))


async def _bridge(settings: Settings) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with serve(settings):
        _spare_the_collector()
        await stop.wait()


def _spare_the_collector() -> None:
    """What was imported stays: it is not searched for waste again and again while frames wait, and the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
