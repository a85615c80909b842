"""Two-factor authentication switched on and off by the account's owner, who confirms it with their password."""

from dialer.services.accounts.manage import AccountError, confirm_password
from dialer.services.accounts.totp import Sealer, hash_recovery_code, new_recovery_codes, verify_code
from dialer.store.sessions import Session
from dialer.store.system import audit, database_clock

WRONG_CODE = "That code is wrong or has been used. Enter the current code from your authenticator app."


async def enable_totp(
    session: Session, account_id: int, sealer: Sealer, *, sealed: str, code: str, password: str
) -> list[str]:
    """Switch it on with the sealed secret, once the authenticator shows its code; return the recovery codes, shown once.

    Raises:
        AccountError: the password or the code is wrong, or it is on already.
    """
    account = await confirm_password(session, account_id, password)
    if account.totp_secret is not None:
        raise AccountError("Two-factor authentication is already on. Turn it off first to use another device.")
    step = verify_code(sealer.unseal(sealed), code, await database_clock.read(session), after=None)
    if step is None:
        raise AccountError(WRONG_CODE)
    account.totp_secret, account.totp_used = sealed, step
    codes = new_recovery_codes()
    account.recovery_codes = [hash_recovery_code(one) for one in codes]
    await audit.record(session, account.email, "second factor on", {})
    return codes


async def disable_totp(session: Session, account_id: int, sealer: Sealer, *, code: str, password: str) -> None:
    """Switch it off. Raises AccountError where the password or the code is wrong."""
    account = await confirm_password(session, account_id, password)
    secret = sealer.unseal(account.totp_secret or "")
    if verify_code(secret, code, await database_clock.read(session), after=account.totp_used) is None:
        raise AccountError(WRONG_CODE)
    account.totp_secret = account.totp_used = None
    account.recovery_codes = []
    await audit.record(session, account.email, "second factor off", {})
