"""Ring one lead, once (reliability.md R3–R6).

The intent is committed before anybody comes here. One compare-and-set decides who asks the carrier; the gate is
asked again in that same transaction; then one request goes out, with no retry. Whatever the carrier answers is
sorted into certain answers and `unknown`, and an unknown call is never asked for again: it is looked up.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.carriers.port import (
    AccountRefused,
    Carrier,
    NumberRefused,
    Order,
    PlaceAnswer,
    Placed,
    TryLater,
    Unknown,
)
from dialer.domain.call import Outcome, State
from dialer.failpoint import failpoint
from dialer.flows.ask_gate import Carriers, ask_about, record, room_of
from dialer.flows.end_call import cancel_call, end_call
from dialer.store import calls, campaigns
from dialer.store.sessions import Sessions
from dialer.store.tables import Call, Campaign, CampaignLead, Lead

SEND_WITHIN_S = 5.0
LATE = "the worker was frozen between taking the call and asking for it"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a carrier finds us."""

    public_url: str
    media_url: str

    def url(self, kind: str, carrier: str, token: str) -> str:
        """The call's own address for a kind of webhook; the token tells the call before its sid is known."""
        return f"{self.public_url}/carriers/{carrier}/{kind}?{urlencode({'token': token})}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Not asked: somebody else has the call, or a rule refuses it by now."""

    says: str


async def place_call(
    sessions: Sessions, call_id: UUID, carriers: Carriers, addresses: Addresses, clock: Callable[[], datetime]
) -> PlaceAnswer | Skipped:
    """Place an intended call; a call in any other state is left alone, so being told twice does nothing."""
    token = secrets.token_urlsafe(16)
    taken_at = time.monotonic()
    async with sessions.begin() as session:
        taken = await _take(session, call_id, token, carriers, addresses, clock())
    failpoint("after_take")
    match taken:
        case Skipped():
            return taken
        case _, order if time.monotonic() - taken_at > SEND_WITHIN_S:
            return await _give_back(sessions, order)
        case carrier, order:
            # A worker told to stop finishes this much: the request that was begun, and what came of it.
            return await asyncio.shield(_ask(sessions, carrier, order, clock))


async def _take(
    session: AsyncSession, call_id: UUID, token: str, carriers: Carriers, addresses: Addresses, now: datetime
) -> Skipped | tuple[Carrier, Order]:
    if not await calls.take(session, call_id, token):
        return Skipped("another worker has it")
    call = await session.get_one(Call, call_id)
    # Shared with other placings, not with a pause: once a pause is committed, nobody comes past this line.
    campaign = await session.get_one(Campaign, call.campaign_id, with_for_update={"read": True})
    in_campaign = await session.get_one(CampaignLead, call.campaign_lead_id)
    lead = await session.get_one(Lead, in_campaign.lead_id)
    carrier = carriers.get(call.carrier)
    room = await room_of(session, campaign, 1.0, but=call_id)
    (verdict,) = await ask_about(session, campaign, [(in_campaign, lead)], carrier, now, room, but=call_id)
    refusal = verdict.refusal
    if refusal is not None or carrier is None:
        says = refusal.says if refusal else f"{call.carrier} has no credentials"
        await cancel_call(session, call, says, verdict.next_at, now)
        return Skipped(says)
    call.created_at = now  # caps count from the moment of asking, not of meaning to ask
    call.gate = record(verdict, now, promised=in_campaign.rank == 0)
    return carrier, Order(
        call_id=call.id,
        token=token,
        to=call.phone,
        from_number=call.from_number,
        ring_timeout_s=campaign.ring_timeout_s,
        time_limit_s=campaign.time_limit_s,
        media_url=f"{addresses.media_url}/media-stream",
        status_url=addresses.url("status", carrier.name, token),
        machine_url=None if campaign.machine == "off" else addresses.url("machine", carrier.name, token),
        await_beep=campaign.machine == "leave_message",
    )


async def _give_back(sessions: Sessions, order: Order) -> Skipped:
    """This process was frozen since it took the call: others may have given it up, so it is too late to ask.

    Nothing was sent. If the call is still ours, it goes back to be taken again.
    """
    async with sessions.begin() as session:
        ours = Call.token_hash == calls.token_hash(order.token)
        await session.execute(
            update(Call)
            .where(Call.id == order.call_id, ours, Call.state == State.PLACING)
            .values(state=State.INTENT, placing_at=None, token_hash=None, reason=LATE)
        )
    return Skipped(LATE)


async def _ask(sessions: Sessions, carrier: Carrier, order: Order, clock: Callable[[], datetime]) -> PlaceAnswer:
    answer = await carrier.place(order)
    failpoint("after_answer")
    async with sessions.begin() as session:
        call = await calls.locked(session, order.call_id)
        assert call is not None
        await _record(session, call, answer, clock())
    failpoint("after_record")
    return answer


async def _record(session: AsyncSession, call: Call, answer: PlaceAnswer, now: datetime) -> None:
    """Write down what the carrier said; a webhook or the stream may have been quicker and is not undone."""
    match answer:
        case Placed(sid):
            call.carrier_sid = call.carrier_sid or sid
            call.placed_at = call.placed_at or now
            await session.flush()
            await calls.move(session, call.id, State.PLACED)
        case Unknown(says):
            await calls.move(session, call.id, State.UNKNOWN, reason=says, unknown_at=func.now())
        case NumberRefused(says):
            if call.state is State.PLACING:
                call.placing_at = None
                await end_call(session, call, Outcome.INVALID_NUMBER, says, now)
        case TryLater(says):
            await calls.move(session, call.id, State.INTENT, reason=says, placing_at=None, token_hash=None)
        case AccountRefused(says):
            if call.state is State.PLACING:
                await cancel_call(session, call, says, now, now)
                await campaigns.move(session, call.campaign_id, "paused", says)
