"""`dialer world`: the simulated outside world as a process, for the demo, for tests and for rehearsal."""

import asyncio
import json
import signal

import click

from dialer.cli.logs import log_as
from dialer.isolated.parent import end_with_parent
from dialer.simulator.world import WorldSettings, simulated_world


def world(
    port: int,
    realtime_port: int,
    account_sid: str,
    auth_token: str,
    openai_key: str,
    from_numbers: tuple[str, ...],
    speed: float,
    calls_per_second: float,
) -> None:
    log_as("world")
    end_with_parent()
    settings = WorldSettings(
        port=port,
        realtime_port=realtime_port,
        account_sid=account_sid,
        auth_token=auth_token,
        openai_key=openai_key,
        from_numbers=from_numbers,
        speed=speed,
        calls_per_second=calls_per_second,
    )
    asyncio.run(_run(settings))


async def _run(settings: WorldSettings) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with simulated_world(settings) as running:
        click.echo(
            json.dumps(
                {
                    "twilio_url": running.twilio_url,
                    "exotel_url": running.exotel_url,
                    "realtime_url": running.realtime_url,
                    "gemini_url": running.gemini_url,
                    "anthropic_url": running.anthropic_url,
                    "co_url": running.cohere_url,
                    "hf_url": running.hf_url,
                    "openai_url": running.openai_url,
                    "deepgram_url": running.deepgram_url,
                    "elevenlabs_url": running.elevenlabs_url,
                }
            )
        )
        await stop.wait()
