"""`dialer hook add|list|remove`: other systems that are told of bookings and outcomes."""

import json
import secrets
from getpass import getuser
from typing import Any

import click
from sqlalchemy import func, select

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.domain.access.webhook_url import EVENTS, refusal
from dialer.settings import Settings
from dialer.store.system import audit
from dialer.store.tables import WebhookDelivery, WebhookEndpoint
from dialer.wiring.stores import Store


def add(url: str, events: tuple[str, ...], as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        if says := refusal(url, settings.hook_hosts):
            raise CommandError(f"{url}: {says}")
        async with store.sessions.begin() as session:
            by = f"cli:{getuser()}"
            made = WebhookEndpoint(url=url, secret=secrets.token_hex(32), events=list(events or EVENTS), made_by=by)
            session.add(made)
            await session.flush()
            await audit.record(session, by, "hook added", {"hook": made.id, "url": url, "events": made.events})
            return {"hook_id": made.id, "url": url, "events": made.events, "secret": made.secret}

    made = with_store(work)
    click.echo(json.dumps(made) if as_json else f"hook {made['hook_id']}: {url}; secret, shown once: {made['secret']}")


def show(as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            counted = select(WebhookDelivery.hook_id, WebhookDelivery.state, func.count()).group_by(
                WebhookDelivery.hook_id, WebhookDelivery.state
            )
            states = {(each, state): many for each, state, many in await session.execute(counted)}
            return [
                {
                    "hook_id": each.id,
                    "url": each.url,
                    "events": each.events,
                    "active": each.active,
                    **{state: states.get((each.id, state), 0) for state in ("delivered", "waiting", "given_up")},
                }
                for each in await session.scalars(select(WebhookEndpoint).order_by(WebhookEndpoint.id))
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
            found = await session.get(WebhookEndpoint, hook_id)
            if found is None:
                raise CommandError(f"there is no hook {hook_id}; see: dialer hook list")
            await session.delete(found)
            await audit.record(session, f"cli:{getuser()}", "hook removed", {"hook": hook_id, "url": found.url})

    with_store(work)
    click.echo(f"hook {hook_id} is removed")
