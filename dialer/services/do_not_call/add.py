"""Add numbers to do-not-call by hand, all of them or none."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dialer.domain.access.roles import Role
from dialer.services import actions
from dialer.services.actor import Actor, ForbiddenError
from dialer.services.audit.record import record
from dialer.services.do_not_call.suppress import suppress
from dialer.store.leads import counselor_access, do_not_call
from dialer.store.sessions import Session


@dataclass(frozen=True, slots=True)
class AddedNumbers:
    """How many of the given numbers are new on the list, how many leads have one, and the audit entry that says so."""

    added: int
    given: int
    leads: int
    entry_id: int


async def add_numbers(
    session: Session,
    actor: Actor,
    phones: Iterable[str],
    now: datetime,
    *,
    reason: str,
    source: str = "by hand",
    scope: str = do_not_call.ACCOUNT,
) -> AddedNumbers:
    """Add numbers (E.164) and cancel the calls that were about to be placed to them.

    Raises:
        ForbiddenError: `actor` may not do this.
    """
    actor.require(actions.DNC_ADD)
    given = sorted(set(phones))
    if actor.role is Role.COUNSELOR:
        met = await counselor_access.met_phones(session, actor.counselor_id, given)
        if set(given) - met:
            raise ForbiddenError("You can add only the numbers of students who have a meeting with you.")
    done = await suppress(session, given, scope=scope, source=source, reason=reason, by=actor.email, now=now)
    details = {"added": done.added, "given": len(given), "leads": done.leads, "scope": scope}
    return AddedNumbers(done.added, len(given), done.leads, await record(session, actor, actions.DNC_ADD, details))
