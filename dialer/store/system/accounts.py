"""Accounts and invitations to them."""

from collections.abc import Sequence

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.access.roles import Role
from dialer.store.tables import Account, Invitation

LOCK = 0xACC0


async def lock(session: AsyncSession) -> None:
    """Let one transaction at a time add the first account or change who is an administrator."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


async def exists(session: AsyncSession) -> bool:
    """Whether there is any account."""
    return await session.scalar(select(Account.id).limit(1)) is not None


async def list_all(session: AsyncSession) -> Sequence[Account]:
    """Every account, by email address."""
    return (await session.scalars(select(Account).order_by(Account.email))).all()


async def find_by_email(session: AsyncSession, email: str, *, lock: bool = False) -> Account | None:
    """The account with this address (lower case), locked until the transaction ends where `lock`."""
    query = select(Account).where(Account.email == email)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def find_role(session: AsyncSession, account_id: int) -> str | None:
    """The role of an account; None for an unknown one."""
    return await session.scalar(select(Account.role).where(Account.id == account_id))


async def count_other_admins(session: AsyncSession, account_id: int) -> int:
    """How many active administrators there are beside this account."""
    query = select(func.count()).where(Account.role == Role.ADMIN.value, Account.active, Account.id != account_id)
    return await session.scalar(query) or 0


async def find_invitation(
    session: AsyncSession, key_hash: str, *, lock: bool = False
) -> tuple[Invitation, Account] | None:
    """An invitation that can be used, with its active account; both locked where `lock`."""
    query = (
        select(Invitation, Account)
        .join(Account, Account.id == Invitation.account_id)
        .where(
            Invitation.key_hash == key_hash,
            Invitation.used_at.is_(None),
            Invitation.expires_at > func.now(),
            Account.active,
        )
    )
    row = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else (row[0], row[1])


async def expire_invitations(session: AsyncSession, account_id: int) -> None:
    """Mark every unused invitation of an account as used."""
    await session.execute(
        update(Invitation)
        .where(Invitation.account_id == account_id, Invitation.used_at.is_(None))
        .values(used_at=func.now())
    )
