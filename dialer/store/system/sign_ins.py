"""Signed-in browsers, by the hashes of their cookies."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Account, SignIn


async def find(session: AsyncSession, key_hash: str) -> tuple[SignIn, Account, datetime] | None:
    """A browser with its active account, and the database's time now; it may have been idle for too long."""
    row = (
        await session.execute(
            select(SignIn, Account, func.clock_timestamp())
            .join(Account, Account.id == SignIn.account_id)
            .where(SignIn.key_hash == key_hash, Account.active)
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


async def list_of_account(session: AsyncSession, account_id: int) -> Sequence[SignIn]:
    """The browsers of an account, the latest used first."""
    query = select(SignIn).where(SignIn.account_id == account_id).order_by(SignIn.seen_at.desc())
    return (await session.scalars(query)).all()


async def touch(session: AsyncSession, key_hash: str, at: datetime) -> None:
    """Record when a browser was last used."""
    await session.execute(update(SignIn).where(SignIn.key_hash == key_hash).values(seen_at=at))


async def delete_one(session: AsyncSession, key_hash: str) -> None:
    """Sign out one browser."""
    await session.execute(delete(SignIn).where(SignIn.key_hash == key_hash))


async def delete_of_account(session: AsyncSession, account_id: int, *, but: str = "") -> None:
    """Sign out every browser of an account except the one with the key hash `but`."""
    await session.execute(delete(SignIn).where(SignIn.account_id == account_id, SignIn.key_hash != but))


async def delete_expired(session: AsyncSession, *, seen_before: datetime, began_before: datetime) -> None:
    """Delete the browsers of all accounts that were last used, or signed in, before these moments."""
    await session.execute(delete(SignIn).where((SignIn.seen_at < seen_before) | (SignIn.began_at < began_before)))
