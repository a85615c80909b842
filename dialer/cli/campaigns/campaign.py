"""`dialer campaign create|start|pause|stop|status`."""

import json
from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from typing import Any

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.services.campaigns.create import create_campaign
from dialer.services.campaigns.pause import CannotPauseError, pause_campaign
from dialer.services.campaigns.start import CannotStartError, start_campaign
from dialer.settings import Settings
from dialer.store.campaigns import campaigns
from dialer.store.tables import Campaign
from dialer.wiring.accounts import CAPABILITIES, has_credentials
from dialer.wiring.stores import Store


def _window(text: str | None) -> tuple[time, time] | None:
    if text is None:
        return None
    try:
        opens, closes = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError as error:
        raise click.UsageError(f"--window needs HH:MM-HH:MM, not {text!r}") from error
    if opens >= closes:
        raise click.UsageError(f"--window must start before it ends, not {text!r}")
    return opens, closes


def create(
    name: str,
    script: str,
    carrier: str | None,
    country: str,
    window: str | None,
    concurrency: int | None,
    per_second: float | None,
    max_attempts: int | None,
    spend_cap: Decimal | None,
    machine: str | None,
    message: str | None,
    as_json: bool,
) -> None:
    span = _window(window)
    if machine == "leave_message" and not message:
        raise click.UsageError("--machine leave_message needs --message TEXT")
    if carrier is not None and machine == "leave_message" and not CAPABILITIES[carrier].can_leave_messages:
        raise CommandError(f"{carrier} cannot leave voicemail messages; use --machine hang_up or another --carrier")

    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        async with store.sessions.begin() as session:
            made = await create_campaign(
                session,
                operator(),
                name,
                script=script,
                carrier=carrier,
                country=country.upper(),
                window=span,
                concurrency=concurrency,
                per_second=per_second,
                max_attempts=max_attempts,
                spend_cap=spend_cap,
                machine=machine,
                machine_message=message,
            )
            notes = list(_told(settings, made))
            return {"name": made.name, "state": made.state, **({"notes": notes} if notes else {})}

    made = with_store(work)
    if as_json:
        click.echo(json.dumps(made))
        return
    click.echo(f"campaign {name!r} created; next: dialer leads import FILE --campaign {name!r}")
    for note in made.get("notes", ()):
        click.echo(f"note: {note}")


def _told(settings: Settings, made: Campaign) -> Iterator[str]:
    """What the campaign wants done with machines, and one of its carriers cannot do."""
    usable = [made.carrier] if made.carrier else [name for name, has in has_credentials(settings).items() if has]
    for name in usable:
        capabilities = CAPABILITIES[name]
        if made.machine == "leave_message" and not capabilities.can_leave_messages:
            yield f"{name} cannot leave voicemail messages: it hangs up instead"
        if made.machine != "off" and not capabilities.detects_voicemail:
            yield f"{name} does not detect voicemail: AVA listens for it instead"


def start(name: str) -> None:
    async def work(settings: Settings, store: Store) -> bool:
        async with store.sessions.begin() as session:
            return await start_campaign(session, operator(), await named(session, name))

    try:
        click.echo(f"campaign {name!r} {'started' if with_store(work) else 'is running already'}")
    except CannotStartError as error:
        raise CommandError(f"campaign {name!r}: {error}") from error


def pause(name: str) -> None:
    async def work(settings: Settings, store: Store) -> bool:
        async with store.sessions.begin() as session:
            return await pause_campaign(session, operator(), await named(session, name))

    try:
        done = "paused; calls in progress finish" if with_store(work) else "is paused already"
        click.echo(f"campaign {name!r} {done}")
    except CannotPauseError as error:
        raise CommandError(f"campaign {name!r}: {error}") from error


def status(name: str | None, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            if name is not None:
                return [await campaigns.standing(session, await named(session, name))]
            return [await campaigns.standing(session, each) for each in await campaigns.list_all(session)]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found[0] if name is not None else found))
        return
    for each in found or [{}]:
        click.echo(_line(each) if each else "no campaign yet; create one: dialer campaign create NAME")


async def named(session: Any, name: str) -> Campaign:
    found = await campaigns.named(session, name)
    if found is None:
        raise CommandError(f"there is no campaign {name!r}; see: dialer campaign status")
    return found


def _line(each: dict[str, Any]) -> str:
    states = ", ".join(f"{state} {count}" for state, count in each["states"].items()) or "no leads"
    outcomes = ", ".join(f"{outcome.replace('_', ' ')} {count}" for outcome, count in each["outcomes"].items())
    why = f" ({each['why']})" if each["why"] else ""
    money = f"spent {float(each['spent']):.2f} USD, held {float(each['held']):.2f}"
    if each["costs_arriving"]:
        money += f" (costs are still arriving for {each['costs_arriving']} calls)"
    live = f"live {each['live']}; {money}"
    return f"{each['name']}: {each['state']}{why}; {states}; {live}{f'; {outcomes}' if outcomes else ''}"
