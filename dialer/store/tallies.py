"""Sums over everything, campaign by campaign: how many leads stand where, what became of calls, what they cost.

Each is one statement whatever the number of campaigns; over a million leads it takes a good part of a second, so whoever
shows them often keeps them for a while (web.pages.kept).
"""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.call import LIVE, State
from dialer.store.tables import Call, Campaign, CampaignLead

ZERO = Decimal(0)


@dataclass(slots=True)
class Tally:
    """One campaign, or all of them together."""

    states: Counter[str] = field(default_factory=Counter)
    """Leads by state."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Leads by their last outcome."""
    calls: int = 0
    reached: int = 0
    """Calls in which somebody picked up."""
    talked_s: int = 0
    booked: int = 0
    """Calls that ended in a meeting."""
    qualified: int = 0
    spent: Decimal = ZERO
    """Known costs, and the reserve of every call whose cost is not known yet (as the spend cap counts them)."""

    @property
    def leads(self) -> int:
        """How many leads."""
        return self.states.total()

    @property
    def touched(self) -> int:
        """Leads that were rung at least once and have an outcome."""
        return self.outcomes.total()

    def add(self, other: "Tally") -> None:
        """Count another one in."""
        self.states.update(other.states)
        self.outcomes.update(other.outcomes)
        for name in ("calls", "reached", "talked_s", "booked", "qualified"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.spent += other.spent


Tallies = dict[int, Tally]


async def every(session: AsyncSession) -> Tallies:
    """Every campaign's tally, by its id; one without leads has none."""
    found: Tallies = {}
    leads = select(CampaignLead.campaign_id, CampaignLead.state, CampaignLead.last_outcome, func.count()).group_by(
        CampaignLead.campaign_id, CampaignLead.state, CampaignLead.last_outcome
    )
    for campaign_id, state, outcome, many in await session.execute(leads):
        tally = found.setdefault(campaign_id, Tally())
        tally.states[state] += many
        if outcome is not None:
            tally.outcomes[outcome.value] += many
    known = func.coalesce(Call.carrier_cost, 0) + func.coalesce(Call.voice_cost, 0)
    cost = case(
        (Call.carrier_cost.is_not(None), known),
        (Call.state.in_(LIVE), func.greatest(known, Campaign.cost_reserve)),
        (
            and_(Call.state != State.CANCELLED, Call.placing_at.is_not(None)),
            func.greatest(known, Campaign.cost_reserve),
        ),
        else_=0,
    )
    calls = (
        select(
            Call.campaign_id,
            func.count(),
            func.count(Call.answered_at),
            func.coalesce(func.sum(Call.duration_s), 0),
            func.count().filter(Call.outcome == "booked"),
            func.count().filter(Call.outcome.in_(("booked", "qualified"))),
            func.sum(cost),
        )
        .join(Campaign, Campaign.id == Call.campaign_id)
        .where(or_(Call.state != State.CANCELLED, Call.outcome.is_not(None)))
        .group_by(Call.campaign_id)
    )
    for campaign_id, many, reached, talked, booked, qualified, spent in await session.execute(calls):
        tally = found.setdefault(campaign_id, Tally())
        tally.calls, tally.reached, tally.talked_s = many, reached, talked
        tally.booked, tally.qualified, tally.spent = booked, qualified, spent or ZERO
    return found


def together(tallies: Tallies) -> Tally:
    """All campaigns as one."""
    whole = Tally()
    for each in tallies.values():
        whole.add(each)
    return whole
