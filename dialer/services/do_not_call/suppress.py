"""Somebody does not want to be called again: listed, and every attempt under way taken back, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from dialer.domain.calling.call import Outcome
from dialer.services.calls.finish import cancel_call
from dialer.store.calls import calls
from dialer.store.leads import do_not_call, enrollments, leads
from dialer.store.sessions import Session
from dialer.store.tables import Call


@dataclass(frozen=True, slots=True)
class Suppressed:
    """How many numbers were new on the list, and how many leads have one of the numbers given."""

    added: int
    leads: int


async def suppress(
    session: Session, phones: list[str], *, scope: str, source: str, reason: str, by: str, now: datetime
) -> Suppressed:
    """Add numbers to the do-not-call list and cancel the calls that were about to be placed to them.

    Calls that the carrier already has are returned to no one here: the worker that finds a listed phone ringing
    hangs it up (`stuck_calls.ringing_but_listed`).
    """
    added = await do_not_call.add(session, phones, scope=scope, source=source, reason=reason, by=by)
    campaign = int(scope.partition(":")[2]) if scope.startswith("campaign:") else None
    for call in await calls.lock_intended(session, phones=phones, campaign_id=campaign):
        await cancel_call(session, call, "on the do-not-call list", None, now)
    await enrollments.finish_phones(session, phones, campaign, "on the do-not-call list")
    return Suppressed(added, await leads.count_by_phones(session, phones))


async def opt_out(session: Session, call: Call, words: str, now: datetime) -> None:
    """The person on this call does not want to be called again, in any campaign."""
    call.reported = Outcome.DO_NOT_CALL
    await session.flush()
    await suppress(
        session,
        [call.phone],
        scope=do_not_call.ACCOUNT,
        source="call",
        reason=words[:500],
        by=f"call:{call.id}",
        now=now,
    )
