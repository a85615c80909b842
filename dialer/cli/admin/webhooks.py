"""`dialer hook add|list|remove`: other systems that are told of bookings and outcomes."""

import json
from typing import Any

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.services.webhook_endpoints import EndpointError, add_endpoint, remove_endpoint
from dialer.settings import Settings
from dialer.store.system import webhooks_out
from dialer.wiring.stores import Store


def add(url: str, events: tuple[str, ...], as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        async with store.sessions.begin() as session:
            made = await add_endpoint(session, operator(), url, events, allowed_hosts=settings.hook_hosts)
            return {"hook_id": made.id, "url": url, "events": made.events, "secret": made.secret}

    try:
        made = with_store(work)
    except EndpointError as error:
        raise CommandError(str(error)) from error
    click.echo(json.dumps(made) if as_json else f"hook {made['hook_id']}: {url}; secret, shown once: {made['secret']}")


def show(as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            states = await webhooks_out.count_deliveries(session)
            return [
                {
                    "hook_id": each.id,
                    "url": each.url,
                    "events": each.events,
                    "active": each.active,
                    **{state: states.get((each.id, state), 0) for state in ("delivered", "waiting", "given_up")},
                }
                for each in await webhooks_out.list_endpoints(session)
            ]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found))
        return
    for each in found:
        told = ", ".join(f"{state} {each[state]}" for state in ("delivered", "waiting", "given_up"))
        click.echo(f"{each['hook_id']:>4}  {each['url']}  {', '.join(each['events'])}  {told}")


def remove(hook_id: int) -> None:
    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            await remove_endpoint(session, operator(), hook_id)

    try:
        with_store(work)
    except EndpointError as error:
        raise CommandError(f"{error} See: dialer hook list") from error
    click.echo(f"webhook {hook_id} removed")
