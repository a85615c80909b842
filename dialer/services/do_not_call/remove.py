"""Remove a number from do-not-call, which only an administrator can."""

from dialer.domain.numbers.phone import mask
from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import keyed_hash, record
from dialer.store.leads import do_not_call
from dialer.store.sessions import Session

SPOKEN = "call"
"""The source of an entry that the person asked for in a call."""


class ReasonNeededError(ValueError):
    """The person asked in a call not to be called: removing that needs a reason."""


async def remove_number(session: Session, actor: Actor, phone: str, reason: str = "") -> int:
    """Remove a number from every do-not-call list; the removed entries stay in the audit log as evidence.

    Args:
        phone: E.164.
        reason: why; needed where the person opted out in a call.

    Returns:
        How many entries there were.

    Raises:
        ForbiddenError: `actor` may not do this.
        ReasonNeededError: the person opted out in a call and no reason is given.
    """
    actor.require(actions.DNC_REMOVE)
    entries = await do_not_call.entries(session, phone)
    if any(entry.source == SPOKEN for entry in entries) and not reason.strip():
        raise ReasonNeededError("This person asked in a call not to be called. Say why the number is removed.")
    evidence = [
        {
            "scope": entry.scope,
            "source": entry.source,
            "reason": entry.reason,
            "by": entry.added_by,
            "at": entry.added_at.isoformat(timespec="seconds"),
        }
        for entry in entries
    ]
    removed = await do_not_call.remove(session, phone)
    details = {"phone": mask(phone), "phone_hash": keyed_hash(session, phone), "entries": removed}
    await record(session, actor, actions.DNC_REMOVE, {**details, "reason": reason.strip()[:500], "evidence": evidence})
    return removed
