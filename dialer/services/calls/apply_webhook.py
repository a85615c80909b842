"""A webhook that was kept is applied to its call, and what it asks for is done at the carrier."""

import logging
from dataclasses import dataclass
from datetime import datetime

from dialer.carriers.port import CallStatus, CarrierError, TransferEnded, VoicemailStatus
from dialer.services.calls.record_status import Recorded, record_status
from dialer.services.calls.transfer import record_not_taken
from dialer.services.calls.voicemail import HangUp, LeaveMessage, detect_voicemail
from dialer.services.dialing.eligibility import Carriers
from dialer.store.calls import incidents, webhooks_in
from dialer.store.sessions import Session
from dialer.store.system import database_clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a webhook changed, and what is wanted of the carrier once that is committed."""

    recorded: Recorded | None = None
    wanted: HangUp | LeaveMessage | None = None


async def apply_webhook(session: Session, event_id: int, carriers: Carriers, now: datetime) -> Applied | None:
    """Apply one kept webhook, once; None where another process has it, or has done it."""
    event = await webhooks_in.locked(session, event_id)
    if event is None or event.call_id is None:
        return None
    carrier = carriers.get(event.carrier)
    if carrier is None:
        raise CarrierError(f"{event.carrier} has no credentials, so its webhooks cannot be read", permanent=True)
    applied = Applied()
    match carrier.parse_webhook(event.kind, event.fields):
        case CallStatus() as report:
            applied = Applied(recorded=await record_status(session, event.call_id, report, now))
        case VoicemailStatus(answered_by):
            applied = Applied(wanted=await detect_voicemail(session, event.call_id, answered_by))
        case TransferEnded(talked=talked, says=says):
            if not talked:
                await record_not_taken(session, event.call_id, says)
        case None:
            pass
    event.applied_at = database_clock.transaction_time()
    await session.flush()
    return applied


async def record_failure(session: Session, event_id: int, error: Exception) -> None:
    """Applying it failed: it is tried again later, and after a few times people are told."""
    if await webhooks_in.failed(session, event_id) >= webhooks_in.MAX_TRIES:
        await incidents.record(session, "event", str(event_id), f"a webhook could not be applied: {error}")


async def do_at_carrier(carriers: Carriers, wanted: HangUp | LeaveMessage | None) -> None:
    """Do what a machine's answer asks for; if the carrier is away, the call's own end will come all the same."""
    carrier = carriers.get(wanted.carrier) if wanted else None
    if carrier is None or wanted is None:
        return
    try:
        match wanted:
            case HangUp(sid=sid):
                await carrier.hang_up(sid)
            case LeaveMessage(sid=sid, words=words):
                await carrier.leave_message(sid, words)
    except CarrierError as error:
        log.warning("a machine could not be hung up on: %s", error)
