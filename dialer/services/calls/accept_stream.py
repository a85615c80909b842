"""Somebody answered: the last fence before a word is said, and what AVA needs to know.

A stream is taken only with the one-time token of a call that is live; everything else is hung up (reliability.md R8).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, true, update

from dialer.domain.calling.call import AT_CARRIER, Outcome, State
from dialer.services.calls.context import CallContext
from dialer.store.calls import calls
from dialer.store.leads import do_not_call
from dialer.store.meetings import bookings
from dialer.store.sessions import Session
from dialer.store.tables import Call, Campaign, Enrollment, ImportRow, Lead, LeadImport, Script

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
    taken = await session.execute(
        update(Call)
        .where(
            Call.token_hash == calls.token_hash(token),
            Call.stream_opened_at.is_(None),
            Call.state.in_(AT_CARRIER),
            (Call.carrier_sid == carrier_sid) | Call.carrier_sid.is_(None),
            true() if carrier is None else Call.carrier == carrier,
        )
        .values(
            state=State.TALKING,
            stream_opened_at=func.now(),
            heard_at=func.now(),
            carrier_sid=carrier_sid,
            answered_at=func.coalesce(Call.answered_at, now),
        )
        .returning(Call.id)
    )
    row = taken.first()
    if row is None:
        return StreamRejected("its token is not that of a live call, or was used before")
    call = await session.get_one(Call, row[0])
    if await do_not_call.listed(session, [call.phone], call.campaign_id):
        call.stream_closed_at = func.now()  # nobody of ours is on the line: the carrier's word ends this call
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
    """The meeting that a student did not come to, where that is why they are rung again."""
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
    found = await session.execute(
        select(LeadImport.header, ImportRow.cells, LeadImport.mapping, ImportRow.reads)
        .join(ImportRow, ImportRow.import_id == LeadImport.id)
        .where(ImportRow.import_id == in_campaign.import_id, ImportRow.n == in_campaign.import_n)
    )
    row = found.first()
    if row is None:
        return {}
    header, cells, mapping, reads = row
    common = {mapping[field]: said for field, said in (reads or {}).items() if field in mapping}
    return {**dict(zip(header, cells, strict=False)), **common}


async def still_in_progress(session: Session, call_ids: list[UUID]) -> None:
    """The bridge's sign of life for its calls."""
    await session.execute(update(Call).where(Call.id.in_(call_ids)).values(heard_at=func.now()))
