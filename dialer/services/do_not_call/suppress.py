"""Somebody does not want to be called again: listed, and every attempt under way taken back, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from dialer.domain.calling.call import Outcome, State
from dialer.services.calls.finish import cancel_call
from dialer.store.calls import calls
from dialer.store.leads import do_not_call
from dialer.store.sessions import Session
from dialer.store.tables import Call, DoNotCall, Enrollment, Lead


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
    hangs it up (`ringing_but_listed`).
    """
    added = await do_not_call.add(session, phones, scope=scope, source=source, reason=reason, by=by)
    campaign = int(scope.partition(":")[2]) if scope.startswith("campaign:") else None
    intended = select(Call).where(Call.phone.in_(phones), Call.state == State.INTENT)
    if campaign is not None:
        intended = intended.where(Call.campaign_id == campaign)
    for call in (await session.scalars(intended.with_for_update())).all():
        await cancel_call(session, call, "on the do-not-call list", None, now)
    leads = select(Lead.id).where(Lead.phone.in_(phones))
    finish = (
        update(Enrollment)
        .where(Enrollment.lead_id.in_(leads), Enrollment.state.in_(("ready", "waiting")))
        .values(state="done", why="on the do-not-call list")
    )
    await session.execute(finish.where(Enrollment.campaign_id == campaign) if campaign else finish)
    concerned = select(func.count()).select_from(Lead).where(Lead.phone.in_(phones))
    return Suppressed(added, await session.scalar(concerned) or 0)


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


async def ringing_but_listed(session: Session) -> list[tuple[str, str]]:
    """Calls at a carrier whose phone was listed meanwhile and who did not ask for it in this very call: (carrier, sid)."""
    query = (
        select(Call.carrier, Call.carrier_sid)
        .join(DoNotCall, DoNotCall.phone == Call.phone)
        .where(
            Call.state.in_((State.PLACED, State.RINGING, State.TALKING)),
            Call.carrier_sid.is_not(None),
            Call.reported.is_distinct_from(Outcome.DO_NOT_CALL),
            (DoNotCall.scope == do_not_call.ACCOUNT)
            | (DoNotCall.scope == "campaign:" + calls.cast_text(Call.campaign_id)),
        )
        .distinct()
    )
    return [(carrier, sid) for carrier, sid in (await session.execute(query)) if sid]
