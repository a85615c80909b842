"""Accounts: the first administrator, invitations, roles, passwords, tokens of the API. Each change is in the audit trail."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.roles import Role, Scope
from dialer.flows.sign_in import TOKEN_MARK, hash_of, hash_password, is_password, sign_out_everywhere
from dialer.store import audit
from dialer.store.tables import Account, ApiToken, Counselor, Invitation

FIRST = "admin@localhost"
SHORTEST = 12
LONGEST = 200
INVITED_FOR = timedelta(days=3)
LOCK = 0xACC0


class AccountError(ValueError):
    """What cannot be done with an account; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation: `key` stands in its link."""

    email: str
    key: str
    expires_at: datetime


async def first_account(session: AsyncSession) -> str | None:
    """The administrator of a new database: their one-time password, once; None where there is an account already."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    if await session.scalar(select(Account.id).limit(1)) is not None:
        return None
    password = secrets.token_urlsafe(12)
    session.add(Account(email=FIRST, role=Role.ADMIN.value, password_hash=hash_password(password), must_change=True))
    await audit.note(session, "the first start", "account made", {"email": FIRST, "role": "admin"})
    await session.flush()
    return password


async def invite(session: AsyncSession, email: str, role: Role, *, by: str, counselor_id: int | None = None) -> Invited:
    """Make an account, or send somebody who has one a new way in; the old password stays until the link is used.

    Raises:
        AccountError: no e-mail address, or a counselor's account without a counselor.
    """
    email = _address(email)
    if role is Role.COUNSELOR:
        if counselor_id is None or await session.get(Counselor, counselor_id) is None:
            raise AccountError("say which counselor this is: dialer counselor list")
    else:
        counselor_id = None
    account = (await session.scalars(select(Account).where(Account.email == email))).one_or_none()
    if account is None:
        account = Account(email=email, role=role.value, counselor_id=counselor_id)
        session.add(account)
        await session.flush()
    elif (account.role, account.counselor_id) != (role.value, counselor_id) or not account.active:
        raise AccountError(f"{email} has an account as {account.role}{'' if account.active else ', switched off'}")
    await session.execute(
        update(Invitation)
        .where(Invitation.account_id == account.id, Invitation.used_at.is_(None))
        .values(used_at=func.now())
    )
    key = secrets.token_urlsafe(32)
    expires_at: datetime = (await session.execute(select(func.now() + INVITED_FOR))).scalar_one()
    session.add(Invitation(key_hash=hash_of(key), account_id=account.id, by=by, expires_at=expires_at))
    await audit.note(session, by, "account invited", {"email": email, "role": role.value})
    await session.flush()
    return Invited(email, key, expires_at)


async def invited(session: AsyncSession, key: str) -> str | None:
    """Whose invitation this is: the address; None for one that is unknown, used or over."""
    row = await _invitation(session, key)
    return row[1].email if row is not None else None


async def accept(session: AsyncSession, key: str, password: str) -> str:
    """Choose a password by an invitation; the address of the account. All its browsers are signed out.

    Raises:
        AccountError: the invitation is no good, or the password.
    """
    row = await _invitation(session, key, lock=True)
    if row is None:
        raise AccountError("this invitation was used, or is over; ask for a new one")
    invitation, account = row
    _refuse_weak(password, account.email)
    account.password_hash, account.must_change = hash_password(password), False
    account.failures, account.locked_until = 0, None
    invitation.used_at = (await session.execute(select(func.now()))).scalar_one()
    await sign_out_everywhere(session, account.id)
    await audit.note(session, account.email, "password chosen", {"by": "invitation"})
    return account.email


async def change_password(
    session: AsyncSession, account_id: int, present: str, password: str, *, keep: str = ""
) -> None:
    """Another password; every browser but that with the key hash `keep` is signed out.

    The present one is asked for, so that an unattended browser gives nobody the account; one that was given once and is
    to be changed was shown a moment ago, and is not.

    Raises:
        AccountError: the present password is not right, or the new one is no good.
    """
    account = await session.get_one(Account, account_id)
    if not account.must_change and not await is_password(account.password_hash, present):
        raise AccountError("The present password is not right; nothing was changed.")
    _refuse_weak(password, account.email)
    account.password_hash, account.must_change = hash_password(password), False
    await sign_out_everywhere(session, account_id, but=keep)
    await audit.note(session, account.email, "password chosen", {"by": "themselves"})


async def change_role(session: AsyncSession, account_id: int, role: Role | None, *, active: bool, by: str) -> None:
    """Give an account another role (None: it keeps its own), or switch it off or on; its browsers are signed out.

    Raises:
        AccountError: nobody would be left to administer.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    account = await session.get(Account, account_id)
    if account is None:
        raise AccountError("there is no such account")
    others = await session.scalar(
        select(func.count()).where(Account.role == Role.ADMIN.value, Account.active, Account.id != account_id)
    )
    stays = active and (role or Role(account.role)) is Role.ADMIN
    if not stays and not others:
        raise AccountError("this is the last administrator: make another one first")
    if role is Role.COUNSELOR and account.counselor_id is None:
        raise AccountError("invite a counselor as one: the account has to know which one it is")
    before = {"role": account.role, "active": account.active}
    account.role, account.active = (role or Role(account.role)).value, active
    await sign_out_everywhere(session, account_id)
    after = {"role": account.role, "active": account.active}
    await audit.note(session, by, "account changed", {"email": account.email, "before": before, "after": after})


async def add_token(
    session: AsyncSession, account_id: int, name: str, scopes: Collection[Scope], *, by: str, days: int | None = None
) -> str:
    """A token of the API: said now and never again. Raises AccountError for a name that is taken or empty."""
    name = name.strip()[:100]
    if not name or not scopes:
        raise AccountError("a token needs a name and at least one scope")
    taken = select(ApiToken.id).where(ApiToken.account_id == account_id, ApiToken.name == name)
    if await session.scalar(taken) is not None:
        raise AccountError(f"there is a token {name!r} already; choose another name")
    token = f"{TOKEN_MARK}{secrets.token_urlsafe(32)}"
    expires = (await session.execute(select(func.now() + timedelta(days=days)))).scalar_one() if days else None
    words = sorted(each.value for each in scopes)
    session.add(ApiToken(account_id=account_id, name=name, key_hash=hash_of(token), scopes=words, expires_at=expires))
    await audit.note(session, by, "token made", {"name": name, "scopes": words})
    await session.flush()
    return token


async def revoke_token(session: AsyncSession, account_id: int, name: str, *, by: str) -> bool:
    """Take a token back; False where there is none of that name."""
    gone = await session.execute(
        update(ApiToken)
        .where(ApiToken.account_id == account_id, ApiToken.name == name, ApiToken.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiToken.id)
    )
    if gone.first() is None:
        return False
    await audit.note(session, by, "token revoked", {"name": name})
    return True


async def _invitation(session: AsyncSession, key: str, *, lock: bool = False) -> tuple[Invitation, Account] | None:
    query = (
        select(Invitation, Account)
        .join(Account, Account.id == Invitation.account_id)
        .where(
            Invitation.key_hash == hash_of(key),
            Invitation.used_at.is_(None),
            Invitation.expires_at > func.now(),
            Account.active,
        )
    )
    row = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else (row[0], row[1])


def _address(email: str) -> str:
    email = email.strip().lower()
    name, at, host = email.partition("@")
    if not (name and at and host) or len(email) > LONGEST or any(each.isspace() for each in email):
        raise AccountError(f"{email!r} is no e-mail address")
    return email


def _refuse_weak(password: str, email: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccountError(f"a password has {SHORTEST} to {LONGEST} characters")
    if len(set(password)) < 5 or email.partition("@")[0] in password.lower():
        raise AccountError("this password is too easy to guess; take some words that have nothing to do with you")
