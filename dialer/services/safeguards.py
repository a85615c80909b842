"""The safeguards that marketing can set and only an administrator can lift: do-not-call entries and the kill switch.

A page, the API and a command call the same function: the permission and the audit entry are inside it.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.access.roles import ADMINS, OPERATORS
from dialer.services.accounts.sign_in import Caller
from dialer.store.campaigns import kill_switches
from dialer.store.leads import do_not_call
from dialer.store.system import audit


async def remove_number(session: AsyncSession, caller: Caller, phone: str) -> int:
    """Remove a number from every do-not-call list.

    Args:
        phone: E.164.

    Returns:
        How many entries there were.

    Raises:
        ForbiddenError: the caller is not an administrator.
    """
    caller.require(ADMINS, "remove a number from do-not-call")
    removed = await do_not_call.remove(session, phone)
    await audit.record(session, caller.email, "number taken off", {"phone": phone, "entries": removed})
    return removed


async def throw_kill_switch(session: AsyncSession, caller: Caller, scope: str, why: str) -> None:
    """Stop every new call in this scope. Raises ForbiddenError for who does not run campaigns."""
    caller.require(OPERATORS, "stop calls")
    await kill_switches.activate(session, scope, why, caller.email)
    await audit.record(session, caller.email, "kill switch thrown", {"scope": scope, "why": why})


async def release_kill_switch(session: AsyncSession, caller: Caller, scope: str) -> bool:
    """Let calls be placed again; False where the switch was not on. Raises ForbiddenError for non-administrators."""
    caller.require(ADMINS, "release the kill switch")
    released = await kill_switches.release(session, scope)
    if released:
        await audit.record(session, caller.email, "kill switch released", {"scope": scope})
    return released
