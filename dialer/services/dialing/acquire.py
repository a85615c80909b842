"""Calls that were meant become ours to ask for: one compare-and-set each, and the gate once more (reliability.md R4).

Everything happens in the caller's transaction, for a whole batch at once. Who comes second gets nothing.
"""

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import urlencode
from uuid import UUID

from dialer.carriers.port import CallRequest, Carrier
from dialer.domain.calling.call import State
from dialer.services.calls.finish import cancel_call
from dialer.services.dialing.eligibility import CallerId, Carriers, capacity_of, evaluate_leads, record
from dialer.store.calls import calls, incidents
from dialer.store.campaigns import campaigns, kill_switches
from dialer.store.sessions import Session
from dialer.store.tables import Call, Campaign, Enrollment, Lead

MAX_STARTS = 3
SET_ASIDE = f"set aside: {MAX_STARTS} workers ended when they began with this call"


@dataclass(frozen=True, slots=True)
class CallbackUrls:
    """Where a carrier finds us."""

    public_url: str
    media_url: str

    def url(self, kind: str, carrier: str, token: str, *, in_path: bool = False) -> str:
        """The call's own address for a kind of webhook; the token tells the call before its sid is known."""
        base = f"{self.public_url}/carriers/{carrier}/{kind}"
        return f"{base}/{token}" if in_path else f"{base}?{urlencode({'token': token})}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Not asked: somebody else has the call, or a rule refuses it by now."""

    says: str


@dataclass(frozen=True, slots=True)
class Acquired:
    """Ours to ask for, once."""

    carrier: Carrier
    order: CallRequest


async def begin_with(session: Session, call_ids: Sequence[UUID]) -> tuple[list[UUID], list[UUID]]:
    """Note, before anything is tried, that a worker begins with these calls; to be committed at once.

    First those that nobody began with before, to be taken together; then those that somebody did and never took: each
    of these is to be begun with alone (`begin_again`), for one of them may be what ended that worker.
    """
    fresh, before = await calls.begin(session, call_ids)
    return [each for each in call_ids if each in fresh], [each for each in call_ids if each in before]


async def begin_again(session: Session, call_id: UUID, now: datetime) -> bool:
    """Note the same for one call; False where it ended three workers by now and is set aside, with its lead."""
    times = await calls.begin_again(session, call_id)
    if times > MAX_STARTS:
        await _set_aside(session, call_id, now)
    return 0 < times <= MAX_STARTS


async def _set_aside(session: Session, call_id: UUID, now: datetime) -> None:
    call = await calls.locked(session, call_id)
    if call is None or call.state is not State.INTENT:
        return
    await cancel_call(session, call, SET_ASIDE, now, now)
    in_campaign = await session.get_one(Enrollment, call.campaign_lead_id)
    in_campaign.state, in_campaign.why = "done", SET_ASIDE
    await incidents.record(session, "set_aside", str(call_id), SET_ASIDE, call_id=call_id)


async def acquire_calls(
    session: Session,
    call_ids: Sequence[UUID],
    carriers: Carriers,
    addresses: CallbackUrls,
    now: datetime,
    token: Callable[[], str] = lambda: secrets.token_urlsafe(16),
) -> dict[UUID, Acquired | Skipped]:
    """Take those of the calls that are still meant; what the gate refuses by now is taken back."""
    # Shared with other takings, not with `kill on`: once that is committed, nobody comes past this line.
    await kill_switches.share(session)
    tokens = {call_id: token() for call_id in call_ids}
    mine = await calls.start_placing(session, tokens)
    found: dict[UUID, Acquired | Skipped] = {
        each: Skipped("another worker has it") for each in call_ids if each not in mine
    }
    for campaign, rows in await _by_campaign(session, mine):
        found |= await _judge(session, campaign, rows, carriers, addresses, now, tokens)
    await session.flush()
    return {call_id: found[call_id] for call_id in call_ids if call_id in found}


Rows = list[tuple[Call, Enrollment, Lead]]


async def _by_campaign(session: Session, call_ids: Collection[UUID]) -> list[tuple[Campaign, Rows]]:
    if not call_ids:
        return []
    rows = await calls.list_with_leads(session, call_ids)
    # Shared with other placings, not with a pause: once a pause is committed, nobody comes past this line.
    locked = await campaigns.lock_shared(session, {call.campaign_id for call, _, _ in rows})
    by_route = groupby(rows, key=lambda row: (row[0].campaign_id, row[0].carrier))
    return [(locked[campaign_id], list(group)) for (campaign_id, _), group in by_route]


async def _judge(
    session: Session,
    campaign: Campaign,
    rows: Rows,
    carriers: Carriers,
    addresses: CallbackUrls,
    now: datetime,
    tokens: dict[UUID, str],
) -> dict[UUID, Acquired | Skipped]:
    carrier = carriers.get(rows[0][0].carrier)
    mine = [call.id for call, _, _ in rows]
    room = await capacity_of(session, campaign, 1.0, now, its_own=True)
    people = [(in_campaign, lead) for _, in_campaign, lead in rows]
    lines = [CallerId(carrier, call.from_number) if carrier else None for call, _, _ in rows]
    verdicts = await evaluate_leads(session, campaign, people, lines, now, room, but=mine)
    found: dict[UUID, Acquired | Skipped] = {}
    for (call, in_campaign, _), verdict in zip(rows, verdicts, strict=True):
        refusal = verdict.refusal
        if refusal is not None or carrier is None:
            says = refusal.says if refusal else f"{call.carrier} has no credentials"
            await cancel_call(session, call, says, verdict.next_at, now)
            found[call.id] = Skipped(says)
            continue
        call.created_at = now  # caps count from the moment of asking, not of meaning to ask
        call.gate = record(verdict, now, promised=in_campaign.rank == 0)
        found[call.id] = Acquired(carrier, _order(call, campaign, carrier, addresses, tokens[call.id]))
    return found


def _order(call: Call, campaign: Campaign, carrier: Carrier, addresses: CallbackUrls, token: str) -> CallRequest:
    capabilities = carrier.capabilities
    asks_of_machines = campaign.machine != "off" and capabilities.detects_voicemail
    return CallRequest(
        call_id=call.id,
        token=token,
        to=call.phone,
        from_number=call.from_number,
        ring_timeout_s=campaign.ring_timeout_s,
        time_limit_s=campaign.time_limit_s,
        media_url=f"{addresses.media_url}{capabilities.media_path}",
        status_url=addresses.url("status", carrier.name, token, in_path=not capabilities.signs_webhooks),
        machine_url=addresses.url("machine", carrier.name, token) if asks_of_machines else None,
        await_beep=campaign.machine == "leave_message" and capabilities.can_leave_messages,
    )


async def release(session: Session, order: CallRequest, why: str) -> None:
    """Nothing was sent for this call: if it is still ours, it goes back to be taken again."""
    await calls.release(session, order.call_id, order.token, why)
