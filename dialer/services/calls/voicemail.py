"""Who answered, by the carrier's detection or by the words: a person is talked to, a machine as the campaign says."""

from dataclasses import dataclass
from uuid import UUID

from dialer.domain.calling.call import OVER, Outcome
from dialer.store.calls import calls
from dialer.store.sessions import Session
from dialer.store.tables import Campaign


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call: a machine answered."""

    carrier: str
    sid: str


@dataclass(frozen=True, slots=True)
class LeaveMessage:
    """Speak to the machine, then end the call."""

    carrier: str
    sid: str
    words: str


async def detect_voicemail(session: Session, call_id: UUID, answered_by: str) -> HangUp | LeaveMessage | None:
    """Note the verdict; what is to be done about it, None for a person (and for `unknown`, which counts as one)."""
    call = await calls.locked(session, call_id)
    if call is None:
        return None
    call.answered_by = answered_by
    await session.flush()
    if not answered_by.startswith(("machine", "fax")) or call.state in OVER or call.carrier_sid is None:
        return None
    campaign = await session.get_one(Campaign, call.campaign_id)
    if campaign.machine == "off":
        return None
    if call.reported is None:
        call.reported = Outcome.VOICEMAIL
        call.reason = f"voicemail detected ({answered_by})"
    await session.flush()
    if campaign.machine == "leave_message" and answered_by.startswith("machine_end") and campaign.machine_message:
        return LeaveMessage(call.carrier, call.carrier_sid, campaign.machine_message)
    return HangUp(call.carrier, call.carrier_sid)


async def detect_voicemail_in_words(session: Session, call_id: UUID, words: str) -> None:
    """What was said on the line is a machine's: the call counts as voicemail, unless more is known of it already."""
    call = await calls.locked(session, call_id)
    if call is None or call.state in OVER or call.reported is not None:
        return
    call.reported = Outcome.VOICEMAIL
    call.reason = f"voicemail detected: {words[:100]!r}"
    await session.flush()
