"""Call one number on request, under every rule that binds a campaign."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from dialer.domain.numbers.phone import BadPhone, mask, parse_phone
from dialer.domain.numbers.zones import Zones, zone_of
from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import keyed_hash, record
from dialer.services.campaigns.create import create_campaign
from dialer.services.campaigns.start import missing_business
from dialer.services.dialing.claim import create_attempts
from dialer.services.dialing.eligibility import Carriers, capacity_of, evaluate_leads
from dialer.services.dialing.routing import caller_id_for, rates_of
from dialer.services.scripts import for_single_calls
from dialer.services.workspace_limits import read_limits
from dialer.store.calls import limits
from dialer.store.campaigns import campaigns, rate_buckets
from dialer.store.campaigns.campaigns import SINGLE_CALLS
from dialer.store.leads import enrollments, leads
from dialer.store.sessions import Session
from dialer.store.tables import Campaign, Enrollment, Lead

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CallRequested:
    """The intent is written; a worker places it."""

    call_id: UUID
    phone: str


@dataclass(frozen=True, slots=True)
class CallRefused:
    """Not called, and why."""

    says: str


async def call_now(
    session: Session,
    actor: Actor,
    carriers: Carriers,
    number: str,
    now: datetime,
    *,
    campaign_name: str | None,
    name: str,
) -> CallRequested | CallRefused:
    """Request a call to a number now, in the campaign named, or in the hidden one for single calls. Raises ForbiddenError."""
    actor.require(actions.CALL_START)
    if campaign_name is None:
        campaign = await _single_calls(session, actor)
    elif (named := await campaigns.named(session, campaign_name)) is not None:
        campaign = named
    else:
        return CallRefused(f"there is no campaign {campaign_name!r}; see: dialer campaign status")
    if (unnamed := await missing_business(session, campaign)) is not None:
        return CallRefused(unnamed)
    limit = (await read_limits(session)).single_calls_day
    if await limits.count_single(session, now - DAY) >= limit:
        return CallRefused(f"{limit} single calls were placed in the last 24 hours, which is the workspace's limit")
    phone = parse_phone(number, campaign.country)
    if isinstance(phone, BadPhone):
        return CallRefused(f"{number!r}: {phone.says}")
    # A number that is refused is left as it was: nobody asked for it to be called in the morning.
    async with session.begin_nested() as enrolled:
        asked = await _mean(session, carriers, campaign, phone.e164, name, now)
        if isinstance(asked, CallRefused):
            await enrolled.rollback()
    details = {
        "phone": mask(phone.e164),
        "phone_hash": keyed_hash(session, phone.e164),
        "campaign": campaign.name,
        "refused": isinstance(asked, CallRefused),
    }
    await record(session, actor, actions.CALL_START, details)
    return asked


async def _single_calls(session: Session, actor: Actor) -> Campaign:
    """The hidden campaign of single calls, running, with the script version that campaigns use.

    It is made on first use, and set running again where its leads were done.

    A pause or a stop is left in place: somebody, or a circuit breaker, decided it.
    """
    campaign = await campaigns.named(session, SINGLE_CALLS)
    if campaign is None:
        campaign = await create_campaign(session, actor, SINGLE_CALLS, hidden=True)
    campaign.script_id = (await for_single_calls(session)).id
    if campaign.state in ("draft", "done"):
        await campaigns.move(session, campaign.id, "running")
        await session.refresh(campaign)
    return campaign


async def _mean(
    session: Session, carriers: Carriers, campaign: Campaign, e164: str, name: str, now: datetime
) -> CallRequested | CallRefused:
    in_campaign, lead = await _enrol(session, campaign, e164, name)
    line = caller_id_for(carriers, campaign, e164)
    buckets = await rate_buckets.fill(session, rates_of([line] if line else [], campaign, [campaign]))
    room = await capacity_of(session, campaign, min(bucket.tokens for bucket in buckets.values()), now)
    (verdict,) = await evaluate_leads(session, campaign, [(in_campaign, lead)], [line], now, room)
    if verdict.refusal is not None or line is None:
        says = verdict.refusal.says if verdict.refusal else "no carrier"
        return CallRefused(f"{e164} cannot be called now: {says}")
    if not room.bridges.up:
        return CallRefused(f"{e164} was not called: no bridge is running to take the call. Start one with: dialer up")
    placed = await create_attempts(session, campaign, [(in_campaign, lead, verdict, line)], now)
    if not placed:
        return CallRefused(f"{e164} is being called already")
    await rate_buckets.draw(session, buckets, dict.fromkeys(buckets, 1))
    return CallRequested(next(iter(placed)), e164)


async def _enrol(session: Session, campaign: Campaign, e164: str, name: str) -> tuple[Enrollment, Lead]:
    """The lead in the campaign, made where missing; one that was finished is opened again, for somebody asks for it."""
    lead = await leads.find_by_phone(session, e164)
    if lead is None:
        zones = zone_of(e164, None)
        known = zones.names if isinstance(zones, Zones) else ()
        lead = Lead(phone=e164, name=name, zones=list(known))
        session.add(lead)
        await session.flush()
    in_campaign = await enrollments.lock(session, campaign.id, lead.id)
    if in_campaign is None:
        in_campaign = Enrollment(campaign_id=campaign.id, lead_id=lead.id)
        session.add(in_campaign)
        await session.flush()
        await session.refresh(in_campaign)
    elif in_campaign.state in ("done", "waiting"):
        in_campaign.state, in_campaign.next_attempt_at = "ready", LONG_AGO
        if campaign.name == SINGLE_CALLS:  # each single call starts anew; the caps on calls a day and week still bind
            in_campaign.attempts = 0
        await session.flush()
    return in_campaign, lead
