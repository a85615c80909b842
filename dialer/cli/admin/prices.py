"""`dialer prices list|set|remove`: what voices cost, by which calls are priced."""

import json
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.domain.calling.cost import MILLION, MONEY
from dialer.services.prices import PriceError, remove_price, set_price
from dialer.settings import Settings
from dialer.store.campaigns import prices as stored
from dialer.wiring.stores import Store

MAX_LISTED = Decimal(1_000_000_000)


def show(model: str | None, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            return [
                {
                    "model": each.model,
                    "kind": each.kind,
                    "per_million": f"{each.per_million.normalize():f}",
                    "since": each.since.isoformat(),
                    "source": each.source,
                }
                for each in await stored.list_all(session, model)
            ]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found))
        return
    if not found:
        click.echo(f"no prices{f' for {model}' if model else ''}; set one: dialer prices set MODEL KIND PRICE")
    for each in found:
        click.echo("{model:24} {kind:22} {per_million:>10}  since {since}  {source}".format(**each))


def put(model: str, kind: str, per_million: str, since: datetime | None, source: str) -> None:
    try:
        price = Decimal(per_million)
    except InvalidOperation:
        price = Decimal(-1)
    if not price.is_finite() or not 0 <= price < MAX_LISTED:
        raise click.UsageError(f"{per_million!r} is not a price; enter USD per million, such as 32.00")

    async def work(settings: Settings, store: Store) -> tuple[date, int]:
        day = since.date() if since else store.clock.now().date()
        async with store.sessions.begin() as session:
            return day, await set_price(session, operator(), model, kind, price, day, source)

    try:
        day, priced = with_store(work)
    except PriceError as error:
        raise CommandError(str(error)) from error
    also = f": {MILLION / price:.2f} {model.upper()} to the dollar" if kind == MONEY and price else ""
    also += f"; calls that are priced by it: {priced}" if priced else ""
    click.echo(f"{model}: a million of {kind} costs {price} USD from {day} on{also}")


def remove(model: str, kind: str, since: datetime) -> None:
    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            await remove_price(session, operator(), model, kind, since.date())

    try:
        with_store(work)
    except PriceError as error:
        raise CommandError(str(error)) from error
    click.echo(f"{model}: the price of {kind} from {since.date()} was removed")
