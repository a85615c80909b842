"""`dialer campaign create|start|pause|stop|status`."""

import json
from collections.abc import Iterator, Mapping
from datetime import time
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import click
from sqlalchemy import select

from dialer.ava.blanks import blanks
from dialer.cli.beside import with_store
from dialer.cli.failing import CommandError
from dialer.cli.lazy import Lazy
from dialer.control import Command, ask
from dialer.flows.create_campaign import create_campaign
from dialer.flows.keep_scripts import SHIPPED
from dialer.flows.stop_campaign import Receipt, stop_campaign
from dialer.settings import Settings
from dialer.store import campaigns
from dialer.store.exports import lead_columns
from dialer.store.tables import MACHINE_CHOICES, Campaign, Script
from dialer.wiring.carriers import PROFILES, has_credentials, make_carriers
from dialer.wiring.stores import Store, make_redis


class Later(Lazy):
    """What most of the others would wait for in vain."""

    later: ClassVar[Mapping[str, tuple[str, str]]] = {"rehearse": ("dialer.cli.rehearse", "rehearse")}


@click.group(cls=Later)
def campaign() -> None:
    """Make campaigns, rehearse them, start and stop them, see how they stand."""


def _window(text: str | None) -> tuple[time, time] | None:
    if text is None:
        return None
    try:
        opens, closes = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError as error:
        raise click.UsageError(f"--window wants HH:MM-HH:MM, not {text!r}") from error
    if opens >= closes:
        raise click.UsageError(f"--window must open before it closes, not {text!r}")
    return opens, closes


@campaign.command()
@click.argument("name")
@click.option("--script", default=SHIPPED, show_default=True, help="what AVA says")
@click.option("--carrier", type=click.Choice(list(PROFILES)), help="ring through this carrier only [by the number]")
@click.option("--country", default="IN", show_default=True, help="where numbers without a country code are from")
@click.option("--window", metavar="HH:MM-HH:MM", help="when to ring, in each lead's own zone [10:00-19:00]")
@click.option("--concurrency", type=click.IntRange(1, 1000), help="calls at once [10]")
@click.option("--per-second", type=click.FloatRange(0.01, 100), help="calls started per second [1]")
@click.option("--max-attempts", type=click.IntRange(1, 20), help="calls per lead at most [4]")
@click.option("--spend-cap", type=Decimal, help="stop before more than this is spent")
@click.option("--machine", type=click.Choice(MACHINE_CHOICES), help="when a machine answers [hang_up]")
@click.option("--message", help="what to say to a machine; for --machine leave_message")
@click.option("--json", "as_json", is_flag=True)
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
    """Make a campaign; a name is enough."""
    span = _window(window)
    if machine == "leave_message" and not message:
        raise click.UsageError("--machine leave_message wants --message TEXT")
    if carrier is not None and machine == "leave_message" and not PROFILES[carrier].leaves_messages:
        raise CommandError(f"{carrier} cannot speak to a machine; choose --machine hang_up, or another --carrier")

    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        async with store.sessions.begin() as session:
            made = await create_campaign(
                session,
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
    click.echo(f"campaign {name!r} made; next: dialer leads import FILE --campaign {name!r}")
    for note in made.get("notes", ()):
        click.echo(f"note: {note}")


def _told(settings: Settings, made: Campaign) -> Iterator[str]:
    """What the campaign wants done with machines, and one of its carriers cannot do."""
    usable = [made.carrier] if made.carrier else [name for name, has in has_credentials(settings).items() if has]
    for name in usable:
        profile = PROFILES[name]
        if made.machine == "leave_message" and not profile.leaves_messages:
            yield f"{name} cannot speak to a machine: a call over it is hung up on instead"
        if made.machine != "off" and not profile.detects_machines:
            yield f"{name} does not tell machines from people: AVA goes by what is said"


def _move(name: str, state: str, said: str) -> str:
    async def work(settings: Settings, store: Store) -> str:
        async with store.sessions.begin() as session:
            found = await _named(session, name)
            if state == "running":
                await _refuse_blanks(session, found)
            if await campaigns.move(session, found.id, state):
                return f"campaign {name!r} {said}"
            if found.state == state:
                return f"campaign {name!r} is {state} already"
            raise CommandError(f"campaign {name!r} is {found.state}; it cannot become {state}")

    return with_store(work)


@campaign.command()
@click.argument("name")
def start(name: str) -> None:
    """Start ringing; twice does nothing more."""
    click.echo(_move(name, "running", "started"))


@campaign.command()
@click.argument("name")
def pause(name: str) -> None:
    """Place no new call; calls in progress finish."""
    click.echo(_move(name, "paused", "paused; calls in progress finish"))


@campaign.command()
@click.argument("name")
@click.option("--hang-up", is_flag=True, help="also end the calls in progress")
@click.option("--json", "as_json", is_flag=True)
def stop(name: str, hang_up: bool, as_json: bool) -> None:
    """End the campaign, with a receipt."""

    async def work(settings: Settings, store: Store) -> Receipt:
        carriers, redis = make_carriers(settings), make_redis(settings)

        async def by_bridge(call_id: UUID) -> bool:
            reply = await ask(redis, Command(call_id=call_id, do="hang_up", at_once=True, who="cli"))
            return reply is not None and reply.ok

        try:
            async with store.sessions.begin() as session:
                found = await _named(session, name)
            return await stop_campaign(
                store.sessions, found.id, carriers, store.clock.now(), hang_up=hang_up, by_bridge=by_bridge
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


@campaign.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True)
def status(name: str | None, as_json: bool) -> None:
    """How a campaign stands, or all of them."""

    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            if name is not None:
                return [await campaigns.standing(session, await _named(session, name))]
            return [
                await campaigns.standing(session, each)
                for each in await session.scalars(select(Campaign).where(campaigns.listed()).order_by(Campaign.id))
            ]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found[0] if name is not None else found))
        return
    for each in found or [{}]:
        click.echo(_line(each) if each else "no campaign yet; make one: dialer campaign create NAME")


async def _refuse_blanks(session: Any, campaign: Campaign) -> None:
    """Refuse to start where AVA would read out a "$word" that no list of the campaign fills."""
    if missing := await blanks(session, campaign):
        script = await session.get_one(Script, campaign.script_id)
        names = ", ".join(f"${name}" for name in missing)
        had = ", ".join(await lead_columns(session, campaign.name)) or "none"
        raise CommandError(
            f"the script {script.name!r} names {names}, which no lead of {campaign.name!r} has; the lists' columns: {had}"
        )


async def _named(session: Any, name: str) -> Campaign:
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
