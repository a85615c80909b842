"""Which running campaigns wait for their voice to be checked, and what came of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Campaign


async def list_unchecked(session: AsyncSession) -> Sequence[int]:
    """The running campaigns whose voice was not checked since they were set running, by id."""
    return (await session.scalars(select(Campaign.id).where(_is_unchecked()))).all()


async def copy_recent(session: AsyncSession, good_for: timedelta) -> None:
    """Count an unchecked campaign as checked where its script passed in another campaign so recently."""
    passed = select(Campaign.script_id).where(
        Campaign.voice_checked_at > func.now() - good_for, Campaign.state_reason.is_(None)
    )
    await session.execute(
        update(Campaign)
        .where(_is_unchecked(), Campaign.script_id.in_(passed))
        .values(voice_checked_at=func.now(), state_reason=None)
        .execution_options(synchronize_session=False)
    )


async def claim(session: AsyncSession, *, every: timedelta, silent_after: timedelta) -> Sequence[int]:
    """The unchecked campaigns to check now, by id; each is claimed once in `every`.

    A campaign whose check said nothing for `silent_after` is claimed again before that.
    """
    silent = Campaign.state_reason.is_(None) & (Campaign.voice_asked_at < func.now() - silent_after)
    rested = or_(Campaign.voice_asked_at.is_(None), Campaign.voice_asked_at < func.now() - every, silent)
    claimed = await session.scalars(
        update(Campaign)
        .where(_is_unchecked(), or_(rested, Campaign.voice_asked_at < Campaign.resumed_at))
        .values(voice_asked_at=func.now())
        .returning(Campaign.id)
        .execution_options(synchronize_session=False)
    )
    return claimed.all()


async def lock_running(session: AsyncSession, campaign_id: int, resumed_at: datetime | None) -> bool:
    """Lock a campaign; False where it is no longer running, or was set running again since."""
    query = select(Campaign.id).where(*_is_the_same_run(campaign_id, resumed_at))
    return bool(await session.scalar(query.with_for_update()))


async def record_passed(session: AsyncSession, campaign_id: int, resumed_at: datetime | None, why: str | None) -> None:
    """Record that a campaign's voice speaks, and `why` not the first one; only in the run that was checked."""
    mine = update(Campaign).where(*_is_the_same_run(campaign_id, resumed_at))
    await session.execute(mine.values(voice_checked_at=func.now(), state_reason=why))


async def record_failed(session: AsyncSession, campaign_id: int, resumed_at: datetime | None, why: str) -> None:
    """Record why a campaign's voice does not speak; only in the run that was checked."""
    await session.execute(update(Campaign).where(*_is_the_same_run(campaign_id, resumed_at)).values(state_reason=why))


def _is_the_same_run(campaign_id: int, resumed_at: datetime | None) -> tuple[ColumnElement[bool], ...]:
    return (Campaign.id == campaign_id, Campaign.state == "running", Campaign.resumed_at == resumed_at)


def _is_unchecked() -> ColumnElement[bool]:
    never = or_(Campaign.voice_checked_at.is_(None), Campaign.voice_checked_at < Campaign.resumed_at)
    return (Campaign.state == "running") & never
