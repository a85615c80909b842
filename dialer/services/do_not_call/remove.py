"""Remove a number from do-not-call, which only an administrator can."""

from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.store.leads import do_not_call
from dialer.store.sessions import Session


async def remove_number(session: Session, actor: Actor, phone: str) -> int:
    """Remove a number from every do-not-call list.

    Args:
        phone: E.164.

    Returns:
        How many entries there were.

    Raises:
        ForbiddenError: `actor` may not do this.
    """
    actor.require(actions.DNC_REMOVE)
    removed = await do_not_call.remove(session, phone)
    await record(session, actor, actions.DNC_REMOVE, {"phone": phone, "entries": removed})
    return removed
