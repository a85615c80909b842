"""Failed sign-ins, by the email address that was typed and the network it came from: what is blocked, and until when.

Not by account: a stranger elsewhere cannot lock anybody out, and an address without an account is blocked just the same.
"""

import hashlib
import ipaddress
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import SignInFailure

FORGET_AFTER = timedelta(days=1)


def key_of(email: str, address: str) -> str:
    """Return the key of an email address from a network: /24 for IPv4, /64 for IPv6."""
    try:
        ip = ipaddress.ip_address(address)
        network = str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 64}", strict=False))
    except ValueError:
        network = ""
    return hashlib.sha256(f"{email}\n{network}".encode()).hexdigest()


async def blocked_until(session: AsyncSession, key: str) -> datetime | None:
    """Return until when this key is blocked; None where nothing failed lately."""
    row = await session.get(SignInFailure, key)
    return row.blocked_until if row is not None else None


async def count(session: AsyncSession, key: str, now: datetime) -> int:
    """Count one more failure; return how many there are."""
    await session.execute(delete(SignInFailure).where(SignInFailure.last_at < now - FORGET_AFTER))
    row = insert(SignInFailure).values(key=key, failures=1, last_at=now)
    more = row.on_conflict_do_update(
        index_elements=["key"], set_={"failures": SignInFailure.failures + 1, "last_at": now}
    )
    return int((await session.execute(more.returning(SignInFailure.failures))).scalar_one())


async def block(session: AsyncSession, key: str, until: datetime) -> None:
    """Block the key until then."""
    row = await session.get_one(SignInFailure, key, populate_existing=True)
    row.blocked_until = until
    await session.flush()


async def clear(session: AsyncSession, key: str) -> None:
    """Forget the failures of a key that signed in."""
    await session.execute(delete(SignInFailure).where(SignInFailure.key == key))
