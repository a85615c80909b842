"""The first start makes an administrator, and says their one-time password once."""

import asyncio

import click

from dialer.flows.keep_accounts import FIRST, first_account
from dialer.settings import Settings
from dialer.wiring.stores import open_store


def say_first_account(settings: Settings) -> None:
    """Make the administrator of a new database and print their password; nothing where there is an account already."""
    password = asyncio.run(_made(settings))
    if password is not None:
        click.echo(f"sign in as {FIRST} with {password}  (said this once; you choose another one then)")


async def _made(settings: Settings) -> str | None:
    async with open_store(settings, pool_size=1) as store, store.sessions.begin() as session:
        return await first_account(session)
