"""Leads in campaigns: found, locked, finished."""

from collections.abc import Collection
from typing import TypeAlias

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Campaign, Enrollment, Lead

WAITING = ("ready", "waiting")
EnrolledLead: TypeAlias = tuple[Enrollment, Lead]


async def exists(session: AsyncSession, campaign_id: int) -> bool:
    """Whether a campaign has any lead."""
    mine = select(Enrollment.id).where(Enrollment.campaign_id == campaign_id).limit(1)
    return await session.scalar(mine) is not None


async def is_any_waiting(session: AsyncSession, campaign_id: int) -> bool:
    """Whether a campaign has a lead to call; answered from the index of due leads, however many are done."""
    mine = select(Enrollment.id).where(Enrollment.campaign_id == campaign_id, Enrollment.state.in_(WAITING)).limit(1)
    return await session.scalar(mine) is not None


async def is_any_unfinished(session: AsyncSession, campaign_id: int) -> bool:
    """Whether a campaign has a lead that is not done."""
    mine = select(Enrollment.id).where(Enrollment.campaign_id == campaign_id, Enrollment.state != "done").limit(1)
    return await session.scalar(mine) is not None


async def list_of_phone(
    session: AsyncSession, phone: str, campaign_name: str | None = None
) -> list[tuple[Campaign, Enrollment, Lead]]:
    """The lead with this number in every campaign that has it, or in the one named; by campaign."""
    query = (
        select(Campaign, Enrollment, Lead)
        .join(Enrollment, Enrollment.campaign_id == Campaign.id)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .where(Lead.phone == phone)
        .order_by(Campaign.id)
    )
    if campaign_name is not None:
        query = query.where(Campaign.name == campaign_name)
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def find_first(session: AsyncSession, campaign_id: int, lead_id: int | None = None) -> EnrolledLead | None:
    """The oldest lead of a campaign, or the one with this id."""
    query = (
        select(Enrollment, Lead)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .where(Enrollment.campaign_id == campaign_id)
        .order_by(Enrollment.lead_id)
        .limit(1)
    )
    if lead_id is not None:
        query = query.where(Lead.id == lead_id)
    row = (await session.execute(query)).first()
    return (row[0], row[1]) if row else None


async def list_waiting(session: AsyncSession, campaign_id: int, limit: int) -> list[EnrolledLead]:
    """The first leads of a campaign that are to be called, in the order in which they were enrolled."""
    query = (
        select(Enrollment, Lead)
        .join(Lead, Lead.id == Enrollment.lead_id)
        .where(Enrollment.campaign_id == campaign_id, Enrollment.state.in_(WAITING))
        .order_by(Enrollment.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def sample_waiting(session: AsyncSession, campaign_id: int, limit: int) -> tuple[int, list[EnrolledLead]]:
    """How many leads of a campaign are to be called, and at most `limit` of them, spread evenly over their ids."""
    waits = (Enrollment.campaign_id == campaign_id, Enrollment.state.in_(WAITING))
    span = select(func.count(), func.min(Enrollment.lead_id), func.max(Enrollment.lead_id)).where(*waits)
    waiting, first, last = (await session.execute(span)).one()
    query = select(Enrollment, Lead).join(Lead, Lead.id == Enrollment.lead_id).where(*waits)
    if waiting > limit:
        step = max(1, (last - first) // limit)
        query = query.where(Enrollment.lead_id.in_(range(first, last + 1, step)))
    return waiting, [(row[0], row[1]) for row in await session.execute(query.limit(limit))]


async def lock(session: AsyncSession, campaign_id: int, lead_id: int) -> Enrollment | None:
    """A lead's enrollment in a campaign, locked until the transaction ends."""
    query = select(Enrollment).where(Enrollment.campaign_id == campaign_id, Enrollment.lead_id == lead_id)
    return (await session.scalars(query.with_for_update())).one_or_none()


async def finish_phones(session: AsyncSession, phones: Collection[str], campaign_id: int | None, why: str) -> None:
    """Mark the waiting leads with these numbers as done, in one campaign or in all."""
    leads = select(Lead.id).where(Lead.phone.in_(phones))
    finish = (
        update(Enrollment)
        .where(Enrollment.lead_id.in_(leads), Enrollment.state.in_(WAITING))
        .values(state="done", why=why)
    )
    await session.execute(finish.where(Enrollment.campaign_id == campaign_id) if campaign_id else finish)
