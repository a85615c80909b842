"""`dialer campaign stop`: apart from its like, for it talks to carriers."""

import json
from uuid import UUID

import click

from dialer.bus.call_control import Command, request
from dialer.cli.campaigns.campaign import named
from dialer.cli.context import with_store
from dialer.cli.operator import operator
from dialer.services.campaigns.stop import Receipt, stop_campaign
from dialer.settings import Settings
from dialer.wiring.carriers import make_carriers
from dialer.wiring.stores import Store, make_redis


def stop(name: str, hang_up: bool, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> Receipt:
        carriers, redis = make_carriers(settings), make_redis(settings)

        async def by_bridge(call_id: UUID) -> bool:
            reply = await request(redis, Command(call_id=call_id, do="hang_up", at_once=True, who="cli"))
            return reply is not None and reply.ok

        try:
            async with store.sessions.begin() as session:
                found = await named(session, name)
            return await stop_campaign(
                store.sessions, operator(), found.id, carriers, store.clock.now(), hang_up=hang_up, by_bridge=by_bridge
            )
        finally:
            await redis.aclose()
            for carrier in carriers.values():
                await carrier.close()

    receipt = with_store(work)
    if as_json:
        click.echo(json.dumps({"campaign": name, **receipt.as_dict()}))
    else:
        click.echo(f"campaign {name!r} stopped: {receipt.line()}")
