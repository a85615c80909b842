"""Signing in and out: a password, where wanted a code, a lock after too many wrong ones, and sessions that end.

The cookie holds a random key, the database its hash. Each sign-in makes a new key, whatever the browser sent before
(security.md §4.1.1). Times are the database's.
"""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dialer.domain.access.roles import Role, Scope
from dialer.services.accounts.totp import Sealer, hash_recovery_code, verify_code
from dialer.services.actor import Actor
from dialer.store.sessions import Session
from dialer.store.system import accounts, api_tokens, audit, database_clock, sign_in_failures, sign_ins
from dialer.store.tables import Account, SignIn

MAX_FAILURES = 5
FIRST_WAIT, MAX_WAIT = timedelta(minutes=1), timedelta(minutes=15)
"""After MAX_FAILURES wrong passwords: doubled with each further one."""
ONE_TIME_VALID_FOR = timedelta(days=3)
"""How long the printed password of the first administrator works."""
MAX_HASHED_AT_ONCE = 4
"""Passwords verified at the same time: each takes a tenth of a second of a core and 64 MB."""
IDLE_TIMEOUT = timedelta(minutes=30)
MAX_SESSION_AGE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
TOKEN_PREFIX = "dlr_"  # noqa: S105 - how a token of the API begins, so that a leaked one is known for what it is
WRONG = "Wrong email or password"
TOO_MANY = "Too many failed attempts"
_hasher = PasswordHasher()
_NOBODY = _hasher.hash(secrets.token_hex())
"""Verified where there is no such account, so that the time tells nothing."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody is in; `key` goes into the cookie."""

    key: str
    caller: Actor


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """Why not; `wants_code` where only the code of the second factor is missing or wrong."""

    says: str
    wants_code: bool = False


def hash_key(key: str) -> str:
    """How a key is stored."""
    return hashlib.sha256(key.encode()).hexdigest()


def hash_password(password: str) -> str:
    """Argon2id, with its own salt."""
    return _hasher.hash(password)


async def sign_in(
    session: Session, email: str, password: str, code: str, sealer: Sealer, *, address: str = "", browser: str = ""
) -> SignedIn | SignInRefused:
    """Sign somebody in, or count the failure. The caller commits either way.

    Failures count by email address and network, so no stranger locks anybody out, and an address without an account is
    answered alike. The password is hashed before the account's row is locked.
    """
    email = email.strip().lower()
    now, key = await database_clock.read(session), sign_in_failures.key_of(email, address)
    until = await sign_in_failures.blocked_until(session, key)
    if until is not None and until > now:
        return SignInRefused(f"{TOO_MANY}. Try again in {_minutes(until - now)}.")
    account = await accounts.find_by_email(session, email)
    known = account.password_hash if account is not None and account.password_hash else _NOBODY
    right = await is_password(known, password)
    if account is None or not account.active or not account.password_hash or not right:
        return await _failed(session, email, key, now, SignInRefused(WRONG))
    if account.must_change and account.created_at < now - ONE_TIME_VALID_FOR:
        return SignInRefused(f"This one-time password has expired. Run: dialer account password {account.email}")
    account = await accounts.find_by_email(session, email, lock=True)
    assert account is not None
    assert account.password_hash is not None
    if account.totp_secret is not None:
        if not code.strip():
            return SignInRefused("give the code of your authenticator", wants_code=True)
        if not await _takes_code(session, account, sealer, code, now):
            refused = SignInRefused("that code is not right, or was used", wants_code=True)
            return await _failed(session, email, key, now, refused)
    await sign_in_failures.clear(session, key)
    if _hasher.check_needs_rehash(account.password_hash):
        account.password_hash = _hasher.hash(password)
    key = secrets.token_urlsafe(32)
    session.add(SignIn(key_hash=hash_key(key), account_id=account.id, address=address[:64], browser=browser[:200]))
    await sign_ins.delete_expired(session, seen_before=now - IDLE_TIMEOUT, began_before=now - MAX_SESSION_AGE)
    await audit.record(session, account.email, "signed in", {"address": address[:64]})
    await session.flush()
    return SignedIn(key, _caller(account, key_hash=hash_key(key)))


async def _takes_code(session: Session, account: Account, sealer: Sealer, code: str, now: datetime) -> bool:
    """Whether the code is the authenticator's, or a recovery code that was not used; it is used up by this."""
    step = verify_code(sealer.unseal(account.totp_secret or ""), code, now, after=account.totp_used)
    if step is not None:
        account.totp_used = step
        return True
    hashed = hash_recovery_code(code)
    if hashed not in account.recovery_codes:
        return False
    account.recovery_codes = [other for other in account.recovery_codes if other != hashed]
    await audit.record(session, account.email, "recovery code used", {"left": len(account.recovery_codes)})
    return True


async def session_actor(session: Session, key: str) -> Actor | None:
    """Whose browser's key this is; None for one that nobody was given, that is over, or of somebody who left."""
    row = await sign_ins.find(session, hash_key(key))
    if row is None:
        return None
    signed, account, now = row
    if signed.seen_at < now - IDLE_TIMEOUT or signed.began_at < now - MAX_SESSION_AGE:
        return None
    if signed.seen_at < now - TOUCH_EVERY:
        await sign_ins.touch(session, signed.key_hash, now)
    return _caller(account, key_hash=signed.key_hash)


async def token_actor(session: Session, token: str) -> Actor | None:
    """Whose token of the API this is; None for one that is unknown, revoked, over, or of somebody who left."""
    now = await database_clock.read(session)
    row = await api_tokens.find(session, hash_key(token))
    if row is None or (row[0].expires_at is not None and row[0].expires_at <= now):
        return None
    known, account = row
    if known.used_at is None or known.used_at < now - TOUCH_EVERY:
        await api_tokens.touch(session, known.id, now)
    return _caller(account, scopes=frozenset(Scope(each) for each in known.scopes))


async def sign_out(session: Session, caller: Actor) -> None:
    """This browser is out."""
    await sign_ins.delete_one(session, caller.key_hash)


async def sign_out_everywhere(session: Session, account_id: int, *, but: str = "") -> None:
    """All browsers of somebody are out, but that with the key hash `but`."""
    await sign_ins.delete_of_account(session, account_id, but=but)


async def _failed(session: Session, email: str, key: str, now: datetime, answer: SignInRefused) -> SignInRefused:
    failures = await sign_in_failures.count(session, key, now)
    if failures >= MAX_FAILURES:
        wait = min(MAX_WAIT, FIRST_WAIT * 2 ** min(failures - MAX_FAILURES, 10))
        await sign_in_failures.block(session, key, now + wait)
        if failures == MAX_FAILURES and await accounts.find_by_email(session, email) is not None:
            await audit.record(session, email, "sign-in slowed down", {"failures": failures})
    await session.flush()
    return answer


async def is_password(known: str | None, password: str) -> bool:
    """Whether a password is the one whose hash is known; it takes a tenth of a second, in a thread."""
    return known is not None and await asyncio.to_thread(_verified, known, password)


def _verified(known: str, password: str) -> bool:
    try:
        return _hasher.verify(known, password)
    except (VerificationError, InvalidHashError):
        return False


def _minutes(left: timedelta) -> str:
    minutes = max(1, round(left.total_seconds() / 60))
    return f"{minutes} minute{'s' if minutes > 1 else ''}"


def _caller(account: Account, *, scopes: frozenset[Scope] = frozenset(Scope), key_hash: str = "") -> Actor:
    return Actor(
        account.id,
        account.email,
        Role(account.role),
        account.counselor_id,
        scopes,
        key_hash,
        account.must_change,
        has_second_factor=not key_hash or account.totp_secret is not None,
    )
