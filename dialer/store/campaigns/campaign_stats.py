"""Sums over everything, campaign by campaign: how many leads stand where, what became of calls, what they cost.

Each is one statement whatever the number of campaigns; over a million leads it takes a good part of a second, so whoever
shows them often keeps them for a while (web.pages.kept).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import SPOKE, Outcome, State
from dialer.domain.calling.cost import Spend
from dialer.store.calls import costs
from dialer.store.tables import Call, Campaign, Enrollment


@dataclass(slots=True)
class CampaignStats:
    """One campaign, or all of them together."""

    states: Counter[str] = field(default_factory=Counter)
    """Leads by state."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Leads by their last outcome."""
    not_called: int = 0
    """Leads that no call has reached an outcome with, and that none is trying to; `skipped` ones included."""
    skipped: int = 0
    """Leads that are finished without a call: a rule refuses them for good."""
    again: int = 0
    """Leads that were called and are to be called again."""
    calls: int = 0
    spoke: int = 0
    """Calls that a person answered."""
    voicemail: int = 0
    """Calls that a voicemail answered."""
    talked_s: int = 0
    booked: int = 0
    """Calls that ended in a meeting."""
    qualified: int = 0
    money: Spend = field(default_factory=Spend)

    @property
    def leads(self) -> int:
        """How many leads."""
        return self.states.total()

    @property
    def touched(self) -> int:
        """Leads that were called at least once and have an outcome."""
        return self.outcomes.total()

    def add(self, other: "CampaignStats") -> None:
        """Count another one in."""
        self.states.update(other.states)
        self.outcomes.update(other.outcomes)
        for name in (
            "not_called",
            "skipped",
            "again",
            "calls",
            "spoke",
            "voicemail",
            "talked_s",
            "booked",
            "qualified",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.money += other.money


StatsByCampaign = dict[int, CampaignStats]


async def every(session: AsyncSession) -> StatsByCampaign:
    """Every campaign's tally, by its id; one without leads has none."""
    found: StatsByCampaign = {}
    leads = select(Enrollment.campaign_id, Enrollment.state, Enrollment.last_outcome, func.count()).group_by(
        Enrollment.campaign_id, Enrollment.state, Enrollment.last_outcome
    )
    for campaign_id, state, outcome, many in await session.execute(leads):
        tally = found.setdefault(campaign_id, CampaignStats())
        tally.states[state] += many
        if outcome is not None:
            tally.outcomes[outcome.value] += many
            tally.again += many if state in ("ready", "waiting") else 0
        elif state != "calling":
            tally.not_called += many
            tally.skipped += many if state == "done" else 0
    counts = or_(Call.state != State.CANCELLED, Call.outcome.is_not(None))
    counted: dict[str, ColumnElement[Any]] = {
        "calls": func.count().filter(counts),
        "spoke": func.count().filter(Call.outcome.in_(SPOKE)),
        "voicemail": func.count().filter(Call.outcome == Outcome.VOICEMAIL),
        "talked_s": func.coalesce(func.sum(Call.duration_s), 0),
        "booked": func.count().filter(Call.outcome == Outcome.BOOKED),
        "qualified": func.count().filter(Call.outcome.in_((Outcome.BOOKED, Outcome.QUALIFIED))),
    }
    money = (
        func.sum(costs.spent()),
        func.sum(costs.held(Campaign.cost_reserve)),
        func.count().filter(costs.is_arriving()),
    )
    calls = select(Call.campaign_id, *counted.values(), *money).join(Campaign, Campaign.id == Call.campaign_id)
    for campaign_id, *sums in await session.execute(calls.group_by(Call.campaign_id)):
        tally = found.setdefault(campaign_id, CampaignStats())
        for name, value in zip(counted, sums, strict=False):
            setattr(tally, name, value)
        tally.money = Spend(*sums[len(counted) :])
    return found


def total(tallies: StatsByCampaign) -> CampaignStats:
    """All campaigns as one."""
    whole = CampaignStats()
    for each in tallies.values():
        whole.add(each)
    return whole
