"""Gather what the gate looks at, for many leads in a fixed number of queries, and ask it."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from dialer.carriers.port import Carrier, CarrierAccount
from dialer.domain.calling.cost import Spend
from dialer.domain.calling.reserve import reserve_for
from dialer.domain.compliance.gate import WEEK, Eligibility, EligibilityFacts, RuleResult, evaluate
from dialer.domain.compliance.rules import rules_for
from dialer.services.workspace_limits import MAX_CALLS_PER_NUMBER_DAY
from dialer.store.calls import bridges, calls, costs
from dialer.store.calls.bridges import Bridges
from dialer.store.campaigns import campaigns, capacity, kill_switches
from dialer.store.leads import do_not_call
from dialer.store.sessions import Session
from dialer.store.tables import Campaign, Enrollment, Lead

Carriers = Mapping[str, Carrier]
"""The carriers with credentials, by name and preference: no other is ever routed to."""
Accounts = Mapping[str, CarrierAccount]
"""The same, for what only asks how calls are routed."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallerId:
    """What a call goes out through: a carrier, and the number of ours that is shown."""

    carrier: CarrierAccount
    from_number: str

    @property
    def buckets(self) -> tuple[str, str]:
        """The keys of the buckets that its calls draw from."""
        return f"carrier:{self.carrier.name}", f"number:{self.from_number}"


NOTHING_SPENT = Spend()
NO_LIMIT = Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Capacity:
    """What is left of a campaign's concurrency, pace and money."""

    live_calls: int
    tokens: float
    money: Spend
    bridges: Bridges
    day: Spend = NOTHING_SPENT
    """The money of the last 24 hours, over all campaigns."""
    day_cap: Decimal = NO_LIMIT
    """USD that may be committed in 24 hours, over all campaigns."""
    number_cap: int = MAX_CALLS_PER_NUMBER_DAY
    """Calls to one number in 24 hours, over all campaigns."""

    @property
    def day_left(self) -> Decimal:
        """USD that may still be committed in these 24 hours, over all campaigns."""
        return self.day_cap - self.day.committed


async def capacity_of(
    session: Session, campaign: Campaign, tokens: float, now: datetime, *, its_own: bool = False
) -> Capacity:
    """The room now; `its_own` for a call whose place is taken already: one call and one reserve are not counted."""
    used = await capacity.usage(session, campaign.id, now)
    money = await costs.of_campaign(session, campaign) if campaign.spend_cap is not None else Spend()
    mine = 1 if its_own else 0
    there = await bridges.available(session)
    return Capacity(
        used.live_calls - mine,
        tokens,
        replace(money, held=money.held - campaign.cost_reserve * mine),
        Bridges(there.up, there.free + mine),
        replace(used.day, held=used.day.held - campaign.cost_reserve * mine),
        used.spend_day,
        used.calls_per_number_day,
    )


async def evaluate_leads(
    session: Session,
    campaign: Campaign,
    rows: Sequence[tuple[Enrollment, Lead]],
    lines: Sequence[CallerId | None],
    now: datetime,
    room: Capacity,
    *,
    but: Collection[UUID] = (),
) -> list[Eligibility]:
    """The gate's verdict for each lead, in order, over the line of each.

    `but` are the leads' own calls, about to be placed: they do not count.
    """
    if not rows:
        return []
    phones = [lead.phone for _, lead in rows]
    thrown = await kill_switches.active(session)
    listed, registered = await do_not_call.standing(session, phones, campaign.id)
    ages = tuple((each, now - at) for each, at in (await do_not_call.registries(session)).items())
    live = await calls.live_phones(session, phones, but)
    rung = await calls.called_since(session, phones, now - WEEK, but)
    window = campaigns.window_of(campaign)

    def judge(in_campaign: Enrollment, lead: Lead, line: CallerId | None) -> Eligibility:
        name = line.carrier.name if line else None
        return evaluate(
            EligibilityFacts(
                now=now,
                phone=lead.phone,
                campaign_state=campaign.state,
                campaign_why=campaign.state_reason,
                halted=kill_switches.why_halted(thrown, name),
                listed=listed.get(lead.phone, ()),
                registered=registered.get(lead.phone, ()),
                registry_ages=ages,
                consent=lead.consent,
                consent_source=lead.consent_source,
                zones=tuple(lead.zones),
                rules=rules_for(lead.phone, lead.state),
                own_window=window,
                carrier=name,
                carrier_on_loopback=bool(line and line.carrier.on_loopback),
                live=lead.phone in live,
                lead_state=in_campaign.state,
                last_outcome=in_campaign.last_outcome,
                next_attempt_at=in_campaign.next_attempt_at,
                promised=in_campaign.rank == 0,
                attempts=in_campaign.attempts - (1 if but else 0),
                max_attempts=campaign.max_attempts,
                rung=rung.get(lead.phone, ()),
                calls_per_day=campaign.calls_per_day,
                cool_down=campaign.cool_down,
                live_calls=room.live_calls,
                concurrency=campaign.concurrency,
                bridges_up=room.bridges.up,
                bridges_free=room.bridges.free,
                tokens=room.tokens,
                spent=room.money.spent,
                held=room.money.held,
                reserve=campaign.cost_reserve
                if but  # its own reserve stands in what is held
                else reserve_for(lead.phone, campaign.time_limit_s, campaign.cost_reserve),
                spend_cap=campaign.spend_cap,
                number_cap=room.number_cap,
                day_committed=room.day.committed,
                day_cap=room.day_cap,
            )
        )

    return [_safely(judge, in_campaign, lead, line) for (in_campaign, lead), line in zip(rows, lines, strict=True)]


def _safely(
    judge: Callable[[Enrollment, Lead, CallerId | None], Eligibility],
    in_campaign: Enrollment,
    lead: Lead,
    line: CallerId | None,
) -> Eligibility:
    """A lead whose row cannot be judged is refused; it must not keep all others from being called (F12)."""
    try:
        return judge(in_campaign, lead, line)
    except (LookupError, ValueError, TypeError, ArithmeticError) as error:
        log.exception("a lead cannot be judged: campaign_lead %s", in_campaign.id)
        return Eligibility((RuleResult("lead", False, f"cannot be judged: {error}; look at its row"),), None)


def record(verdict: Eligibility, now: datetime, *, promised: bool = False) -> dict[str, object]:
    """The verdict as it is stored with a call and shown to people: `{at, may_ring, promised, rules, next_at}`."""
    return {
        "promised": promised,
        "at": now.isoformat(),
        "may_ring": verdict.may_ring,
        "rules": [{"rule": each.rule, "ok": each.ok, "says": each.says} for each in verdict.answers],
        "next_at": verdict.next_at.isoformat() if verdict.next_at else None,
    }
