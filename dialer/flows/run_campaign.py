"""A campaign's run: started, paused, stopped; and at each tick, who is to be rung next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.carriers.port import Carrier
from dialer.domain.gate import Verdict
from dialer.domain.hours import HORIZON
from dialer.domain.hours_group import Closings, HoursGroup, group_of, when_there
from dialer.domain.pacing import may_start
from dialer.flows.ask_gate import Carriers, ask_about, record, room_of, route
from dialer.store import calls, campaigns, due, kill_switches, pace
from dialer.store.sessions import Sessions
from dialer.store.tables import Call, Campaign, CampaignLead, Lead

BATCH = 100
MOST_BATCHES = 20
ASK_AGAIN = timedelta(minutes=10)
CLOSINGS = Closings()
# A refusal by one of these does not pass with time: the lead is finished, and the reason stands on it.
FOR_GOOD = frozenset({"do_not_call", "consent", "destination", "zone", "attempts"})


@dataclass(frozen=True, slots=True)
class Share:
    """The buckets that a campaign draws from, by their rates in calls per second, and how many campaigns still wait."""

    rates: Mapping[str, float]
    others: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """Calls of one campaign that are meant to be placed now, one after the other."""

    calls: tuple[UUID, ...]
    per_second: float


async def claim_due(session: AsyncSession, carriers: Carriers, now: datetime) -> list[Claimed]:
    """Write the intent for every call that may start now, in every running campaign; refused leads learn why.

    Campaigns share a carrier's pace fairly: who was served longest ago goes first, and nobody takes more than a share
    while others wait. Two ticks at once draw from the same buckets, one after the other.
    """
    worth = {
        each.campaign_id: groups for each in await due.look(session, now) if (groups := await _open(session, each, now))
    }
    if not worth:
        return []
    running = [campaign for campaign in await campaigns.running(session) if campaign.id in worth]
    claimed: list[Claimed] = []
    for place, campaign in enumerate(running):
        carrier = route(carriers, campaign)
        share = Share(_rates(running, campaign, carrier, carriers), len(running) - place)
        batch = await _claim(session, campaign, carrier, now, share, worth[campaign.id])
        if batch:
            claimed.append(Claimed(tuple(batch), campaign.per_second))
    return claimed


async def worth_claiming(sessions: Sessions, now: datetime) -> bool:
    """Whether a tick has anything to do: in the night, one question and no transaction, however many leads wait."""
    async with sessions() as session:
        await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        looks = await due.look(session, now)
    return any(open_ids or closed for open_ids, closed in (_parted(each, now) for each in looks))


async def _open(session: AsyncSession, look: due.Look, now: datetime) -> list[int]:
    """The groups of a campaign that may be rung now; of a closed one it is written down, once, when it opens."""
    open_ids, closed = _parted(look, now)
    await due.note(session, look.campaign_id, closed)
    return open_ids


def _parted(look: due.Look, now: datetime) -> tuple[list[int], dict[int, tuple[datetime, str]]]:
    """The groups that are open, and of the closed ones what is to be written down: when they open, and why not before.

    A campaign with a promise to keep, or with nobody left to ring, is worth a closer look: it has the group 0 at least.
    """
    open_ids = {due.UNSORTED} if look.promised or not look.groups else set()
    closed: dict[int, tuple[datetime, str]] = {}
    for each in look.groups:
        at = CLOSINGS.opens(each.group, look.own, now) if each.hours_id != due.UNSORTED else now
        if at == now:
            open_ids.add(each.hours_id)
        elif each.noted is None or each.noted <= now or at not in (None, each.noted):
            says = (
                f"outside calling hours in {', '.join(each.group.zones)}; they open {when_there(at, each.group.zones)}"
            )
            closed[each.hours_id] = (at or now + HORIZON, says)
    return sorted(open_ids), closed


def _rates(
    running: Sequence[Campaign], campaign: Campaign, carrier: Carrier | None, carriers: Carriers
) -> dict[str, float]:
    """The buckets that a campaign's calls draw from, with their rates in calls per second.

    A carrier account starts one call a second unless its owner says otherwise, by the carrier's own setting or by a
    campaign that is told to go faster (twilio.md §6: above its rate Twilio queues silently, and rings late).
    """
    rates = {f"campaign:{campaign.id}": campaign.per_second}
    if carrier is not None:
        told = [each.per_second for each in running if route(carriers, each) is carrier]
        account = carrier.calls_per_second or max(1.0, *told)
        rates[f"carrier:{carrier.name}"] = rates[f"number:{carrier.from_number}"] = account
    return rates


async def _claim(
    session: AsyncSession,
    campaign: Campaign,
    carrier: Carrier | None,
    now: datetime,
    share: Share,
    groups: Sequence[int],
) -> list[UUID]:
    if await kill_switches.why_halted(session, carrier.name if carrier else None) is not None:
        return []
    buckets = await pace.fill(session, share.rates)
    tokens = min(bucket.tokens for bucket in buckets.values())
    shared = [bucket.tokens for key, bucket in buckets.items() if not key.startswith("campaign:")]
    fair = ceil(min(shared, default=0.0) // 1 / share.others)
    room = await room_of(session, campaign, tokens)
    if campaign.spend_cap is not None and room.spent + campaign.cost_reserve > campaign.spend_cap:
        if not room.live_calls:
            await campaigns.move(
                session, campaign.id, "paused", f"the spend cap of {campaign.spend_cap:.2f} is reached"
            )
        return []
    may = min(may_start(tokens, room.live_calls, campaign.concurrency), room.bridges.free)
    places = min(may, fair if carrier else BATCH)
    if places < 1:  # without a bridge nobody could be talked to: nothing is claimed
        return []
    willing: list[tuple[CampaignLead, Lead, Verdict]] = []
    for turn in range(MOST_BATCHES):
        # As many as there is room for; only where rules refuse some of them, more at a time.
        limit = BATCH if turn else min(BATCH, places)
        rows = await due.due(session, campaign.id, groups, now, limit, {each.id for each, _, _ in willing})
        await due.sort(session, {one.id: _group(lead) for one, lead in rows if one.hours_id == due.UNSORTED})
        verdicts = await ask_about(session, campaign, rows, carrier, now, room)
        for (in_campaign, lead), verdict in zip(rows, verdicts, strict=True):
            if not verdict.may_ring:
                _refuse(in_campaign, verdict, now)
            elif len(willing) < places:
                willing.append((in_campaign, lead, verdict))
        await session.flush()
        if len(rows) < limit or len(willing) >= places:
            break
    if campaign.spend_cap is not None:
        willing = willing[: max(0, int((campaign.spend_cap - room.spent) // campaign.cost_reserve))]
    placed = await intend(session, campaign, carrier, willing, now)
    if placed:
        await pace.draw(session, buckets, len(placed))
    elif not willing:
        await _finish_if_done(session, campaign)
    return placed


def _group(lead: Lead) -> HoursGroup:
    return group_of(lead.phone, lead.state, lead.zones)


async def intend(
    session: AsyncSession,
    campaign: Campaign,
    carrier: Carrier | None,
    willing: list[tuple[CampaignLead, Lead, Verdict]],
    now: datetime,
) -> list[UUID]:
    """Write the intent to ring each of these leads; the calls, in order. A phone with a live call is left out."""
    if not willing or carrier is None:
        return []
    last = await session.execute(
        select(Call.campaign_lead_id, func.max(Call.n))
        .where(Call.campaign_lead_id.in_([in_campaign.id for in_campaign, _, _ in willing]))
        .group_by(Call.campaign_lead_id)
    )
    numbers = dict(last.all())
    intents = {uuid4(): (in_campaign, lead, verdict) for in_campaign, lead, verdict in willing}
    written = await calls.intend(
        session,
        [
            {
                "id": call_id,
                "campaign_id": campaign.id,
                "campaign_lead_id": in_campaign.id,
                "script_id": campaign.script_id,
                "phone": lead.phone,
                "n": numbers.get(in_campaign.id, 0) + 1,
                "carrier": carrier.name,
                "from_number": carrier.from_number,
                "gate": record(verdict, now, promised=in_campaign.rank == 0),
                "created_at": now,
            }
            for call_id, (in_campaign, lead, verdict) in intents.items()
        ],
    )
    for call_id in written:
        in_campaign = intents[call_id][0]
        in_campaign.state, in_campaign.attempts, in_campaign.why = "calling", in_campaign.attempts + 1, None
    return [call_id for call_id in intents if call_id in written]


def _refuse(in_campaign: CampaignLead, verdict: Verdict, now: datetime) -> None:
    refusal = verdict.refusal
    assert refusal is not None
    in_campaign.why = refusal.says
    if verdict.next_at is not None:
        in_campaign.next_attempt_at = verdict.next_at
    elif any(not answer.ok and answer.rule in FOR_GOOD for answer in verdict.answers):
        in_campaign.state = "done"
    else:
        in_campaign.next_attempt_at = now + ASK_AGAIN


async def _finish_if_done(session: AsyncSession, campaign: Campaign) -> None:
    mine = select(CampaignLead.id).where(CampaignLead.campaign_id == campaign.id).limit(1)
    # Asked so that the index of those who are due answers, however many are done.
    if await session.scalar(mine.where(CampaignLead.state.in_(("ready", "waiting")))) is not None:
        return
    if await campaigns.live_calls(session, campaign.id):
        return
    stuck = await session.scalar(mine.where(CampaignLead.state != "done"))
    if stuck is None and await session.scalar(mine) is not None:
        campaign.state, campaign.why = "done", None
