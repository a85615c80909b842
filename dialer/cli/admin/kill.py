"""`dialer kill on|off|status`: stop every placing at once, everywhere."""

import json
from typing import Any

import click

from dialer.cli.context import with_store
from dialer.cli.operator import operator
from dialer.services.kill_switches import release_kill_switch, throw_kill_switch
from dialer.settings import Settings
from dialer.store.campaigns import kill_switches
from dialer.wiring.stores import Store


def _scope(carrier: str | None) -> str:
    return kill_switches.carrier_scope(carrier) if carrier else kill_switches.ALL


def activate(why: str, carrier: str | None) -> None:
    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            await throw_kill_switch(session, operator(), _scope(carrier), why)

    with_store(work)
    click.echo(f"kill switch on for {_scope(carrier)}: no new calls from now on")


def release(why: str, carrier: str | None) -> None:
    async def work(settings: Settings, store: Store) -> bool:
        async with store.sessions.begin() as session:
            return await release_kill_switch(session, operator(), _scope(carrier), why)

    click.echo(f"kill switch off for {_scope(carrier)}" if with_store(work) else f"it was not on for {_scope(carrier)}")


def status(as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            return [
                {"scope": each.scope, "why": each.reason, "by": each.set_by, "at": each.set_at.isoformat()}
                for each in await kill_switches.list_active(session)
            ]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found))
        return
    for each in found:
        click.echo(f"on for {each['scope']} since {each['at']}: {each['why']} ({each['by']})")
    if not found:
        click.echo("off")
