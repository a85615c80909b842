"""API tokens, by their hashes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Account, ApiToken


async def find(session: AsyncSession, key_hash: str) -> tuple[ApiToken, Account] | None:
    """A token that is not revoked, with its active account; it may have expired."""
    row = (
        await session.execute(
            select(ApiToken, Account)
            .join(Account, Account.id == ApiToken.account_id)
            .where(ApiToken.key_hash == key_hash, Account.active, ApiToken.revoked_at.is_(None))
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def is_name_taken(session: AsyncSession, account_id: int, name: str) -> bool:
    """Whether an account ever had a token of this name."""
    taken = select(ApiToken.id).where(ApiToken.account_id == account_id, ApiToken.name == name)
    return await session.scalar(taken) is not None


async def list_active(session: AsyncSession, account_id: int) -> Sequence[ApiToken]:
    """The tokens of an account that are not revoked, by name."""
    query = select(ApiToken).where(ApiToken.account_id == account_id, ApiToken.revoked_at.is_(None))
    return (await session.scalars(query.order_by(ApiToken.name))).all()


async def touch(session: AsyncSession, token_id: int, at: datetime) -> None:
    """Record when a token was last used."""
    await session.execute(update(ApiToken).where(ApiToken.id == token_id).values(used_at=at))


async def revoke(session: AsyncSession, account_id: int, name: str | None = None) -> int:
    """Revoke an account's token of this name, or all of them; how many were revoked."""
    gone = update(ApiToken).where(ApiToken.account_id == account_id, ApiToken.revoked_at.is_(None))
    if name is not None:
        gone = gone.where(ApiToken.name == name)
    return len((await session.execute(gone.values(revoked_at=func.now()).returning(ApiToken.id))).all())
