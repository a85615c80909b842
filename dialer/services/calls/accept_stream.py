"""Somebody answered: the last fence before a word is said, and what AVA needs to know.

A stream is taken only with the one-time token of a call that is live; everything else is hung up (reliability.md R8).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dialer.domain.calling.call import Outcome
from dialer.services.calls.context import CallContext
from dialer.store.calls import streams
from dialer.store.leads import do_not_call, imports
from dialer.store.meetings import bookings
from dialer.store.sessions import Session
from dialer.store.system import database_clock
from dialer.store.tables import Call, Campaign, Enrollment, Lead, Script

MISSED = "They missed a meeting on"


@dataclass(frozen=True, slots=True)
class StreamRejected:
    """Hang up, and why."""

    says: str


@dataclass(frozen=True, slots=True)
class AcceptedCall:
    """A call to be talked: who it is, by which script, with the marketer's row."""

    talk: CallContext
    script: Script
    row: Mapping[str, str]
    time_limit_s: int
    carrier: str
    leaves_message: bool
    """A machine is to be spoken to, by the carrier: the line is kept for it."""
    records: bool = True
    """The talk is recorded, and AVA says so."""


async def accept_stream(
    session: Session, token: str, carrier_sid: str, now: datetime, *, carrier: str | None = None
) -> AcceptedCall | StreamRejected:
    """Take the stream that shows this token, once; where it came as a carrier's, only a call of that carrier."""
    call_id = await streams.accept(session, token, carrier_sid, now, carrier=carrier)
    if call_id is None:
        return StreamRejected("its token is not that of a live call, or was used before")
    call = await session.get_one(Call, call_id)
    if await do_not_call.listed(session, [call.phone], call.campaign_id):
        call.stream_closed_at = (
            database_clock.transaction_time()
        )  # nobody of ours is on the line: the carrier's word ends this call
        return StreamRejected("the number is on the do-not-call list")
    in_campaign = await session.get_one(Enrollment, call.campaign_lead_id)
    lead = await session.get_one(Lead, in_campaign.lead_id)
    campaign = await session.get_one(Campaign, call.campaign_id)
    script = await session.get_one(Script, call.script_id)
    zone = lead.zones[0] if lead.zones else "UTC"
    talk = CallContext(call.id, call.campaign_id, in_campaign.id, call.phone, lead.name, zone, language=script.language)
    return AcceptedCall(
        talk,
        script,
        await lead_columns_of(session, in_campaign) | await _missed(session, in_campaign, zone),
        campaign.time_limit_s,
        carrier=call.carrier,
        leaves_message=campaign.machine == "leave_message" and bool(campaign.machine_message),
        records=campaign.recording,
    )


async def _missed(session: Session, in_campaign: Enrollment, zone: str) -> dict[str, str]:
    """The meeting that a student did not come to, where that is why they are called again."""
    if in_campaign.last_outcome is not Outcome.BOOKED:
        return {}
    starts = await bookings.last_missed(session, in_campaign.id)
    return {MISSED: f"{starts.astimezone(ZoneInfo(zone)):%A %d %B, %H:%M}"} if starts else {}


async def lead_columns_of(session: Session, in_campaign: Enrollment) -> dict[str, str]:
    """The marketer's own row of a lead, by column, in the common wording where a cell has one ("Canada" for "Canda").

    Empty for a lead that came from no list.
    """
    if in_campaign.import_id is None or in_campaign.import_n is None:
        return {}
    row = await imports.find_row(session, in_campaign.import_id, in_campaign.import_n)
    if row is None:
        return {}
    header, cells, mapping, reads = row
    common = {mapping[field]: said for field, said in (reads or {}).items() if field in mapping}
    return {**dict(zip(header, cells, strict=False)), **common}
