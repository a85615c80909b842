"""Campaigns: found, made, moved from state to state by conditional updates, and counted."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import LIVE, Outcome
from dialer.domain.calling.retry import Policy, RetryRule
from dialer.domain.compliance.hours import Window
from dialer.store.calls import costs
from dialer.store.campaigns.claim_queue import next_moment, of_its_campaign
from dialer.store.tables import Call, Campaign, CampaignHours, Enrollment, RateBucket, Script

SINGLE_CALLS = "Single calls"
"""The hidden campaign that holds calls placed one at a time. It runs for good and is in no list of campaigns."""
TRANSITIONS = {
    "running": ("draft", "paused", "stopped", "done"),
    "paused": ("running",),
    "stopped": ("draft", "running", "paused", "done"),
    "done": ("running",),
}


def listed() -> ColumnElement[bool]:
    """A condition: the campaign is one that people made, not the hidden one of single calls."""
    return Campaign.name != SINGLE_CALLS


async def script_in_use(session: AsyncSession) -> Script | None:
    """The version that the campaign started last speaks by; None where none has started."""
    query = (
        select(Script)
        .join(Campaign, Campaign.script_id == Script.id)
        .where(listed(), Campaign.started_at.is_not(None))
        .order_by(Campaign.started_at.desc(), Campaign.id.desc())
        .limit(1)
    )
    return (await session.scalars(query)).one_or_none()


async def named(session: AsyncSession, name: str) -> Campaign | None:
    """The campaign of that name."""
    return (await session.scalars(select(Campaign).where(Campaign.name == name))).one_or_none()


async def list_all(session: AsyncSession) -> Sequence[Campaign]:
    """Every campaign but the hidden one of single calls, oldest first."""
    return (await session.scalars(select(Campaign).where(listed()).order_by(Campaign.id))).all()


async def running(session: AsyncSession) -> Sequence[Campaign]:
    """The campaigns that are running; who was served longest ago comes first, so that several share fairly."""
    query = (
        select(Campaign)
        .outerjoin(RateBucket, RateBucket.key == "campaign:" + cast(Campaign.id, Text))
        .where(Campaign.state == "running")
        .order_by(RateBucket.at.nulls_first(), Campaign.id)
    )
    return (await session.scalars(query)).all()


async def lock_shared(session: AsyncSession, campaign_ids: Collection[int]) -> dict[int, Campaign]:
    """Campaigns by id, as they are now: locked against a change of state, shared with others who read it."""
    query = select(Campaign).where(Campaign.id.in_(campaign_ids)).order_by(Campaign.id)
    found = await session.scalars(query.with_for_update(read=True).execution_options(populate_existing=True))
    return {campaign.id: campaign for campaign in found}


async def voices(session: AsyncSession) -> frozenset[str]:
    """The first and second voices that campaigns speak with, or may when they are started."""
    rows = await session.execute(
        select(Script.voice, Script.second_voice)
        .join(Campaign, Campaign.script_id == Script.id)
        .where(Campaign.state.in_(("draft", "running", "paused")))
        .distinct()
    )
    return frozenset(voice for row in rows for voice in row if voice is not None)


async def move(session: AsyncSession, campaign_id: int, state: str, why: str | None = None) -> bool:
    """Move a campaign to a state; False where its state does not allow that (it may be there already)."""
    values: dict[str, Any] = {"state": state, "state_reason": why}
    if state == "running":
        values["started_at"] = func.coalesce(Campaign.started_at, func.now())
        values["resumed_at"] = func.now()
    if state == "stopped":
        values["stopped_at"] = func.now()
    moved = await session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state.in_(TRANSITIONS[state]))
        .values(values)
        .returning(Campaign.id)
    )
    return moved.first() is not None


async def live_calls(session: AsyncSession, campaign_id: int) -> int:
    """How many calls of a campaign are in progress, from intent on."""
    query = select(func.count()).where(Call.campaign_id == campaign_id, Call.state.in_(LIVE))
    return (await session.scalar(query)) or 0


def timing_of(campaign: Campaign) -> dict[str, str]:
    """What decides when a campaign's leads are called, as JSON: a rehearsal under another one says nothing of its times."""
    names = [each.name for each in campaign.__table__.columns if each.name.endswith(("_wait", "_limit"))]
    names += ["window_opens", "window_closes", "window_days", "max_attempts", "calls_per_day"]
    return {name: str(getattr(campaign, name)) for name in sorted(names)}


async def live_and_promised(session: AsyncSession, campaign_id: int) -> tuple[int, int]:
    """How many calls of a campaign are in progress, and how many students wait for a call-back that they were promised."""
    live = select(func.count()).where(Call.campaign_id == campaign_id, Call.state.in_(LIVE))
    waits = (Enrollment.rank == 0, Enrollment.state.in_(("ready", "waiting")))
    promised = select(func.count()).where(Enrollment.campaign_id == campaign_id, *waits)
    row = (await session.execute(select(live.scalar_subquery(), promised.scalar_subquery()))).one()
    return row[0], row[1]


async def counts(session: AsyncSession, campaign_id: int) -> tuple[dict[str, int], dict[str, int]]:
    """How many leads are in each state, and how many have each last outcome."""
    states = await session.execute(
        select(Enrollment.state, func.count()).where(Enrollment.campaign_id == campaign_id).group_by(Enrollment.state)
    )
    outcomes = await session.execute(
        select(Enrollment.last_outcome, func.count())
        .where(Enrollment.campaign_id == campaign_id, Enrollment.last_outcome.is_not(None))
        .group_by(Enrollment.last_outcome)
    )
    return dict(states.all()), {str(outcome): n for outcome, n in outcomes if outcome}


async def next_due(session: AsyncSession, campaign_id: int) -> datetime | None:
    """When the next lead of a campaign may be called."""
    return await session.scalar(
        select(func.min(next_moment()))
        .select_from(Enrollment)
        .outerjoin(CampaignHours, of_its_campaign())
        .where(Enrollment.campaign_id == campaign_id, Enrollment.state.in_(("ready", "waiting")))
    )


async def standing(session: AsyncSession, campaign: Campaign) -> dict[str, Any]:
    """How a campaign is doing, for --json and the API.

    `{name, state, why, leads, states, outcomes, live, spent, held, costs_arriving, next_due}`; money in USD (see costs).
    """
    states, outcomes = await counts(session, campaign.id)
    due = await next_due(session, campaign.id)
    money = await costs.of_campaign(session, campaign)
    return {
        "name": campaign.name,
        "state": campaign.state,
        "why": campaign.state_reason,
        "leads": sum(states.values()),
        "states": states,
        "outcomes": outcomes,
        "live": await live_calls(session, campaign.id),
        "spent": f"{money.spent:.4f}",
        "held": f"{money.held:.4f}",
        "costs_arriving": money.arriving,
        "next_due": due.isoformat() if due else None,
    }


def window_of(campaign: Campaign) -> Window:
    """The hours a campaign chose; the law's still bind."""
    return Window.uniform(campaign.window_opens, campaign.window_closes, campaign.window_days)


def policy_of(campaign: Campaign) -> Policy:
    """A campaign's retry policy."""
    again = {
        outcome: RetryRule(getattr(campaign, f"{outcome.value}_wait"), getattr(campaign, f"{outcome.value}_limit"))
        for outcome in (Outcome.NO_ANSWER, Outcome.BUSY, Outcome.FAILED, Outcome.VOICEMAIL, Outcome.DROPPED)
    }
    return Policy(campaign.max_attempts, again)
