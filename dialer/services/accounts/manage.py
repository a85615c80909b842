"""Accounts: the first administrator, invitations, roles, passwords, tokens of the API. Each change is in the audit trail."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from dialer.domain.access.roles import Role, Scope
from dialer.domain.access.weak_passwords import is_common
from dialer.services import actions
from dialer.services.accounts.sign_in import TOKEN_PREFIX, hash_key, hash_password, is_password, sign_out_everywhere
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.sessions import Session
from dialer.store.system import accounts, api_tokens, audit, database_clock
from dialer.store.tables import Account, ApiToken, Counselor, Invitation

FIRST = "admin@localhost"
MIN_PASSWORD_CHARS = 12
MAX_PASSWORD_CHARS = 200
INVITED_FOR = timedelta(days=3)


class AccountError(ValueError):
    """What cannot be done with an account; the message is one line that says what to do."""


class NoCounselorError(AccountError):
    """A counselor's account without the counselor that it is for."""


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation: `key` stands in its link."""

    email: str
    key: str
    expires_at: datetime


async def first_account(session: Session) -> str | None:
    """The administrator of a new database: their one-time password, once; None where there is an account already."""
    await accounts.lock(session)
    if await accounts.exists(session):
        return None
    password = secrets.token_urlsafe(12)
    session.add(Account(email=FIRST, role=Role.ADMIN.value, password_hash=hash_password(password), must_change=True))
    await audit.record(session, "the first start", "account made", {"email": FIRST, "role": "admin"})
    await session.flush()
    return password


async def remove_second_factor(session: Session, actor: Actor, account_id: int) -> None:
    """Turn off the two-factor authentication of somebody who lost their authenticator; they are signed out.

    Raises:
        ForbiddenError: `actor` may not do this.
        AccountError: there is no such account, or it has none.
    """
    actor.require(actions.ACCOUNT_SECOND_FACTOR)
    account = await session.get(Account, account_id, with_for_update=True)
    if account is None or account.totp_secret is None:
        raise AccountError("This account has no two-factor authentication.")
    account.totp_secret = account.totp_used = None
    account.recovery_codes = []
    await sign_out_everywhere(session, account_id)
    await record(session, actor, actions.ACCOUNT_SECOND_FACTOR, {"email": account.email})


async def invite(
    session: Session,
    actor: Actor,
    email: str,
    role: Role,
    *,
    counselor_id: int | None = None,
    new_only: bool = False,
) -> Invited:
    """Make an account, or a new sign-in link for an existing one; the old password works until the link is used.

    Raises:
        ForbiddenError: `actor` may not do this.
        NoCounselorError: a counselor's account without a counselor.
        AccountError: not an email address, or an existing account where
            `new_only`: who asks by an API token cannot get a link that changes a password.
    """
    actor.require(actions.ACCOUNT_INVITE)
    email = _address(email)
    if role is Role.COUNSELOR:
        if counselor_id is None or await session.get(Counselor, counselor_id) is None:
            raise NoCounselorError("Choose which counselor this account is for. No invitation was made.")
    else:
        counselor_id = None
    account = await accounts.find_by_email(session, email)
    if account is not None and new_only:
        raise AccountError(f"{email} already has an account; send a new sign-in link from Settings, in a browser")
    if account is None:
        account = Account(email=email, role=role.value, counselor_id=counselor_id)
        session.add(account)
        await session.flush()
    elif (account.role, account.counselor_id) != (role.value, counselor_id) or not account.active:
        raise AccountError(f"{email} has an account as {account.role}{'' if account.active else ', switched off'}")
    await accounts.expire_invitations(session, account.id)
    key = secrets.token_urlsafe(32)
    expires_at = await database_clock.start_of_transaction(session, plus=INVITED_FOR)
    session.add(
        Invitation(key_hash=hash_key(key), account_id=account.id, created_by=actor.email, expires_at=expires_at)
    )
    await record(session, actor, actions.ACCOUNT_INVITE, {"email": email, "role": role.value})
    await session.flush()
    return Invited(email, key, expires_at)


async def find_invitation(session: Session, key: str) -> str | None:
    """Whose invitation this is: the address; None for one that is unknown, used or over."""
    row = await accounts.find_invitation(session, hash_key(key))
    return row[1].email if row is not None else None


async def accept_invitation(session: Session, key: str, password: str) -> str:
    """Choose a password by an invitation; the account's email. Its browsers are signed out, its API tokens revoked.

    Raises:
        AccountError: the invitation is no good, or the password.
    """
    row = await accounts.find_invitation(session, hash_key(key), lock=True)
    if row is None:
        raise AccountError("this invitation was used, or is over; ask for a new one")
    invitation, account = row
    _refuse_weak(password, account.email)
    account.password_hash, account.must_change = hash_password(password), False
    invitation.used_at = await database_clock.start_of_transaction(session)
    await sign_out_everywhere(session, account.id)
    # Whoever had the old password may have made a token.
    revoked = await api_tokens.revoke(session, account.id)
    await audit.record(session, account.email, "password chosen", {"by": "invitation", "tokens_revoked": revoked})
    return account.email


async def confirm_password(session: Session, account_id: int, password: str) -> Account:
    """The account, locked, once its current password was given: an unattended browser gives nobody the account.

    A one-time password that is to be changed was typed a moment ago, and is not asked for again.

    Raises:
        AccountError: the password is wrong.
    """
    account = await session.get_one(Account, account_id, with_for_update=True)
    if not account.must_change and not await is_password(account.password_hash, password):
        raise AccountError("Your current password is wrong. Nothing was changed.")
    return account


async def change_password(session: Session, account_id: int, present: str, password: str, *, keep: str = "") -> int:
    """Set another password; every browser but that with the key hash `keep` is signed out, every API token revoked.

    Returns:
        How many tokens were revoked.

    Raises:
        AccountError: the current password is wrong, or the new one is not accepted.
    """
    account = await confirm_password(session, account_id, present)
    _refuse_weak(password, account.email)
    account.password_hash, account.must_change = hash_password(password), False
    await sign_out_everywhere(session, account_id, but=keep)
    revoked = await api_tokens.revoke(session, account_id)
    await audit.record(session, account.email, "password chosen", {"by": "themselves", "tokens_revoked": revoked})
    return revoked


async def change_role(session: Session, actor: Actor, account_id: int, role: Role | None, *, active: bool) -> None:
    """Give an account another role (None: it keeps its own), or switch it off or on; its browsers are signed out.

    Raises:
        ForbiddenError: `actor` may not do this.
        AccountError: no administrator would be left.
    """
    actor.require(actions.ACCOUNT_UPDATE)
    await accounts.lock(session)
    account = await session.get(Account, account_id)
    if account is None:
        raise AccountError("there is no such account")
    others = await accounts.count_other_admins(session, account_id)
    stays = active and (role or Role(account.role)) is Role.ADMIN
    if not stays and not others:
        raise AccountError("this is the last administrator: make another one first")
    if role is Role.COUNSELOR and account.counselor_id is None:
        raise AccountError("invite a counselor as one: the account has to know which one it is")
    before = {"role": account.role, "active": account.active}
    account.role, account.active = (role or Role(account.role)).value, active
    await sign_out_everywhere(session, account_id)
    after = {"role": account.role, "active": account.active}
    await record(session, actor, actions.ACCOUNT_UPDATE, {"email": account.email, "before": before, "after": after})


async def add_token(
    session: Session, account_id: int, name: str, scopes: Collection[Scope], *, by: str, days: int | None = None
) -> str:
    """Make an API token, shown this once.

    Raises:
        AccountError: the name is taken or empty, or the scope is wider than the account's role.
    """
    name = name.strip()[:100]
    if not name or not scopes:
        raise AccountError("a token needs a name and at least one scope")
    role = await accounts.find_role(session, account_id)
    if Scope.ADMIN in scopes and role != Role.ADMIN:
        raise AccountError("only an administrator's token can have admin access")
    if await api_tokens.is_name_taken(session, account_id, name):
        raise AccountError(f"there is a token {name!r} already; choose another name")
    token = f"{TOKEN_PREFIX}{secrets.token_urlsafe(32)}"
    expires = await database_clock.start_of_transaction(session, plus=timedelta(days=days)) if days else None
    words = sorted(each.value for each in scopes)
    session.add(ApiToken(account_id=account_id, name=name, key_hash=hash_key(token), scopes=words, expires_at=expires))
    await audit.record(session, by, "token made", {"name": name, "scopes": words})
    await session.flush()
    return token


async def revoke_token(session: Session, account_id: int, name: str, *, by: str) -> bool:
    """Take a token back; False where there is none of that name."""
    if not await api_tokens.revoke(session, account_id, name):
        return False
    await audit.record(session, by, "token revoked", {"name": name})
    return True


def _address(email: str) -> str:
    typed, email = email.strip(), email.strip().lower()
    name, at, host = email.partition("@")
    if not (name and at and host) or len(email) > MAX_PASSWORD_CHARS or any(each.isspace() for each in email):
        raise AccountError(f"{typed!r} is not an email address. Enter one like name@example.com.")
    return email


def _refuse_weak(password: str, email: str) -> None:
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise AccountError(f"a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters")
    if len(set(password)) < 5 or email.partition("@")[0] in password.lower() or is_common(password):
        raise AccountError("this password is too easy to guess; take some words that have nothing to do with you")
