"""`dialer limits show|set`: limits of the whole installation on calls and spend."""

import json
from decimal import Decimal

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.services.workspace_limits import Limits, LimitsError, read_limits, set_limits
from dialer.settings import Settings
from dialer.wiring.stores import Store


def show(as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> Limits:
        async with store.sessions() as session:
            return await read_limits(session)

    _show(with_store(work), as_json)


def change(
    calls_per_number_day: int | None, spend_day: Decimal | None, single_calls_day: int | None, as_json: bool
) -> None:
    async def work(settings: Settings, store: Store) -> Limits:
        try:
            async with store.sessions.begin() as session:
                return await set_limits(
                    session,
                    operator(),
                    calls_per_number_day=calls_per_number_day,
                    spend_day=spend_day,
                    single_calls_day=single_calls_day,
                )
        except LimitsError as error:
            raise CommandError(str(error)) from error

    _show(with_store(work), as_json)


def _show(limits: Limits, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(limits.as_dict()))
        return
    click.echo(
        f"in 24 hours: {limits.calls_per_number_day} calls to one number, {limits.spend_day:.2f} USD, "
        f"{limits.single_calls_day} single calls"
    )
