"""`dialer call NUMBER`."""

import click

from dialer.bus import live_feed
from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.services.dialing.call_now import CallRefused, CallRequested, call_now
from dialer.settings import Settings
from dialer.wiring.carriers import make_carriers
from dialer.wiring.stores import Store, make_redis


def call(number: str, campaign: str | None, name: str) -> None:
    async def work(settings: Settings, store: Store) -> CallRequested | CallRefused:
        carriers, redis = make_carriers(settings), make_redis(settings)
        try:
            async with store.sessions.begin() as session:
                asked = await call_now(
                    session, operator(), carriers, number, store.clock.now(), campaign_name=campaign, name=name
                )
            if isinstance(asked, CallRequested):
                await live_feed.request_call(redis, asked.call_id)
            return asked
        finally:
            await redis.aclose()
            for carrier in carriers.values():
                await carrier.close()

    asked = with_store(work)
    if isinstance(asked, CallRefused):
        raise CommandError(asked.says)
    click.echo(f"Call initiated to {asked.phone} ({asked.call_id})")
