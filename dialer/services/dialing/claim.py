"""A campaign's run: started, paused, stopped; and at each tick, who is to be called next."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from dialer.domain.calling.pacing import Bucket, can_start
from dialer.domain.calling.reserve import reserve_for
from dialer.domain.compliance.gate import Eligibility
from dialer.domain.compliance.hours import HORIZON
from dialer.domain.compliance.time_zone_groups import HoursGroup, OpenHoursCache, group_of, when_there
from dialer.services.dialing.eligibility import CallerId, Capacity, Carriers, capacity_of, evaluate_leads, record
from dialer.services.dialing.routing import RouteCapacity, caller_ids_of, rates_of
from dialer.store.calls import calls, incidents
from dialer.store.campaigns import campaigns, claim_queue, kill_switches, rate_buckets
from dialer.store.leads import enrollments
from dialer.store.sessions import Session, Sessions, autocommit
from dialer.store.tables import Campaign, Enrollment, Lead

BATCH = 100
MAX_BATCHES = 20
CLAIM_EVERY = timedelta(minutes=10)
CLOSINGS = OpenHoursCache()
ANYONE = HoursGroup("", (), ())
# A refusal by one of these does not pass with time: the lead is finished, and the reason stands on it.
FOR_GOOD = frozenset({"do_not_call", "consent", "destination", "zone", "attempts"})


Groups = Mapping[int, HoursGroup]
"""Groups of leads that may be called now, by their id."""
Eligible = tuple[Enrollment, Lead, Eligibility, CallerId]
"""A lead whom every rule lets be called, and the line to do it over."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Calls of one campaign that are meant to be placed now, one after the other."""

    calls: tuple[UUID, ...]
    per_second: float


async def claim_due(session: Session, carriers: Carriers, now: datetime, held: Collection[int] = ()) -> list[Claimed]:
    """Write the intent for every call that may start now, in every running campaign; refused leads learn why.

    Campaigns share a carrier's pace fairly: who was served longest ago goes first, and nobody takes more than a share
    while others wait. Two ticks at once draw from the same buckets, one after the other. The campaigns that are `held`
    (by id) are left alone.
    """
    worth = {
        each.campaign_id: groups
        for each in await claim_queue.open_campaigns(session, now)
        if (groups := await _open(session, each, now))
    }
    if not worth:
        return []
    running = [
        campaign for campaign in await campaigns.running(session) if campaign.id in worth and campaign.id not in held
    ]
    claimed: list[Claimed] = []
    thrown = await kill_switches.active(session)
    if kill_switches.why_halted(thrown, None) is not None:
        return []
    for place, campaign in enumerate(running):
        buckets = await rate_buckets.fill(session, rates_of(caller_ids_of(carriers, campaign), campaign, running))
        places = RouteCapacity(carriers, campaign, buckets, running[place:], thrown)
        batch = await _claim(session, campaign, buckets, places, worth[campaign.id], now)
        if batch:
            claimed.append(Claimed(tuple(batch), campaign.per_second))
    return claimed


async def worth_claiming(sessions: Sessions, now: datetime) -> bool:
    """Whether a tick has anything to do: in the night, one question and no transaction, however many leads wait."""
    async with sessions() as session:
        await autocommit(session)
        looks = await claim_queue.open_campaigns(session, now)
    return any(open_ids or closed for open_ids, closed in (_parted(each, now) for each in looks))


async def _open(session: Session, look: claim_queue.OpenCampaign, now: datetime) -> Groups:
    """The groups of a campaign that may be called now; of a closed one it is written down, once, when it opens."""
    open_ids, closed = _parted(look, now)
    await claim_queue.record_opening(session, look.campaign_id, closed)
    return open_ids


def _parted(look: claim_queue.OpenCampaign, now: datetime) -> tuple[Groups, dict[int, tuple[datetime, str]]]:
    """The groups that are open, and of the closed ones what is to be written down: when they open, and why not before.

    A campaign with a promise to keep, or with nobody left to ring, is worth a closer look: it has the group 0 at least.
    """
    open_ids = {claim_queue.UNSORTED: ANYONE} if look.promised or not look.groups else {}
    closed: dict[int, tuple[datetime, str]] = {}
    for each in look.groups:
        at = CLOSINGS.opens(each.group, look.own, now) if each.hours_id != claim_queue.UNSORTED else now
        if at == now:
            open_ids[each.hours_id] = each.group
        elif each.noted is None or each.noted <= now or at not in (None, each.noted):
            says = f"outside calling hours in {', '.join(each.group.zones)}; next calling hours {when_there(at, each.group.zones)}"
            closed[each.hours_id] = (at or now + HORIZON, says)
    return open_ids, closed


async def _claim(
    session: Session,
    campaign: Campaign,
    buckets: Mapping[str, Bucket],
    places: RouteCapacity,
    groups: Groups,
    now: datetime,
) -> list[UUID]:
    if places.lines and not places.left:
        return []
    tokens = buckets[f"campaign:{campaign.id}"].tokens
    room = await capacity_of(session, campaign, tokens, now)
    if room.day_left < campaign.cost_reserve:
        says = "the workspace's limit on spend in 24 hours is reached; calls go on as soon as it allows"
        await incidents.record(session, "spend limit", f"{now:%Y-%m-%d}", says)
        return []
    if campaign.spend_cap is not None and room.money.committed + campaign.cost_reserve > campaign.spend_cap:
        # What is held for calls that are over may come to less: their costs are waited for.
        if not room.live_calls and room.money.spent + campaign.cost_reserve > campaign.spend_cap:
            await campaigns.move(
                session, campaign.id, "paused", f"the spend cap of {campaign.spend_cap:.2f} is reached"
            )
        return []
    may = min(can_start(tokens, room.live_calls, campaign.concurrency), room.bridges.free)
    most = min(may, places.left if places.lines else BATCH)
    if most < 1:  # without a bridge nobody could be talked to: nothing is claimed
        return []
    willing = await _find_eligible(session, campaign, places, groups, now, room, most)
    left = room.day_left
    if campaign.spend_cap is not None:
        left = min(left, campaign.spend_cap - room.money.committed)
    willing = _affordable(campaign, willing, left)
    placed = await create_attempts(session, campaign, willing, now)
    if placed:
        drawn = Counter(key for line in placed.values() for key in line.buckets)
        await rate_buckets.draw(session, buckets, {f"campaign:{campaign.id}": len(placed), **drawn})
    elif not willing:
        await _finish_if_done(session, campaign)
    return list(placed)


def _affordable(campaign: Campaign, willing: list[Eligible], left: Decimal) -> list[Eligible]:
    """Return the first of these leads whose reserves together fit in what is left (USD)."""
    fitting = []
    for one in willing:
        left -= reserve_for(one[1].phone, campaign.time_limit_s, campaign.cost_reserve)
        if left < 0:
            break
        fitting.append(one)
    return fitting


async def _find_eligible(
    session: Session,
    campaign: Campaign,
    places: RouteCapacity,
    groups: Groups,
    now: datetime,
    room: Capacity,
    most: int,
) -> list[Eligible]:
    """Who may be called now, at most so many, in order; who is refused learns why.

    Leads whose line is full are left as they are, and looked past for those of another line.
    """
    willing: list[Eligible] = []
    seen: set[int] = set()
    for turn in range(MAX_BATCHES):
        # As many as there is room for; only where rules refuse some of them, more at a time.
        limit = BATCH if turn else min(BATCH, most)
        served = [hours_id for hours_id, group in groups.items() if places.may_serve(group)]
        found = await claim_queue.due(session, campaign.id, served, now, limit, seen)
        await claim_queue.sort(
            session, {one.id: _group(lead) for one, lead in found if one.hours_id == claim_queue.UNSORTED}
        )
        lined = [(one, lead, places.line_for(lead.phone)) for one, lead in found]
        rows = [(one, lead, line) for one, lead, line in lined if line is None or places.has(line)]
        seen.update(one.id for one, _, line in lined if line is not None)
        people, lines = [(one, lead) for one, lead, _ in rows], [line for _, _, line in rows]
        verdicts = await evaluate_leads(session, campaign, people, lines, now, room)
        for (in_campaign, lead, line), verdict in zip(rows, verdicts, strict=True):
            if not verdict.may_ring or line is None:
                _refuse(in_campaign, verdict, now)
            elif len(willing) < most and places.has(line):
                places.take(line)
                willing.append((in_campaign, lead, verdict, line))
        await session.flush()
        if len(found) < limit or len(willing) >= most or (places.lines and not places.left):
            break
    return willing


def _group(lead: Lead) -> HoursGroup:
    return group_of(lead.phone, lead.state, lead.zones)


async def create_attempts(
    session: Session, campaign: Campaign, willing: list[Eligible], now: datetime
) -> dict[UUID, CallerId]:
    """Write the intent to ring each of these leads; the calls, in order. A phone with a live call is left out."""
    if not willing:
        return {}
    numbers = await calls.last_attempts(session, [in_campaign.id for in_campaign, _, _, _ in willing])
    intents = {uuid4(): each for each in willing}
    written = await calls.create(
        session,
        [
            {
                "id": call_id,
                "campaign_id": campaign.id,
                "campaign_lead_id": in_campaign.id,
                "script_id": campaign.script_id,
                "phone": lead.phone,
                "n": numbers.get(in_campaign.id, 0) + 1,
                "carrier": line.carrier.name,
                "from_number": line.from_number,
                "reserve": reserve_for(lead.phone, campaign.time_limit_s, campaign.cost_reserve),
                "gate": record(verdict, now, promised=in_campaign.rank == 0),
                "created_at": now,
            }
            for call_id, (in_campaign, lead, verdict, line) in intents.items()
        ],
    )
    for call_id in written:
        in_campaign = intents[call_id][0]
        in_campaign.state, in_campaign.attempts, in_campaign.why = "calling", in_campaign.attempts + 1, None
    return {call_id: line for call_id, (_, _, _, line) in intents.items() if call_id in written}


def _refuse(in_campaign: Enrollment, verdict: Eligibility, now: datetime) -> None:
    refusal = verdict.refusal
    assert refusal is not None
    in_campaign.why = refusal.says
    if verdict.next_at is not None:
        in_campaign.next_attempt_at = verdict.next_at
    elif any(not answer.ok and answer.rule in FOR_GOOD for answer in verdict.answers):
        in_campaign.state = "done"
    else:
        in_campaign.next_attempt_at = now + CLAIM_EVERY


async def _finish_if_done(session: Session, campaign: Campaign) -> None:
    if campaign.name == campaigns.SINGLE_CALLS:  # the next call may be asked for at any moment
        return
    if await enrollments.is_any_waiting(session, campaign.id):
        return
    if await campaigns.live_calls(session, campaign.id):
        return
    stuck = await enrollments.is_any_unfinished(session, campaign.id)
    if not stuck and await enrollments.exists(session, campaign.id):
        campaign.state, campaign.state_reason = "done", None
