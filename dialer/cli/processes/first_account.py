"""The first start makes an administrator, and says their one-time password once."""

from dialer.cli.event_loop import run
from dialer.services.accounts.manage import FIRST, first_account
from dialer.settings import Settings
from dialer.wiring.stores import open_store


def make_first_account(settings: Settings) -> str | None:
    """Make the administrator of a new database; what is to be said of it, None where there is an account already."""
    password = run(_made(settings))
    if password is None:
        return None
    return f"sign in as {FIRST} with {password}  (said this once; you choose another one then)"


async def _made(settings: Settings) -> str | None:
    async with open_store(settings, pool_size=1) as store, store.sessions.begin() as session:
        return await first_account(session)
