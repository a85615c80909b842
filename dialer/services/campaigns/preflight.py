"""Nobody is rung before the campaign's voice was tried since it was set running: what would fail for all is found first.

A voice that can never speak as things are (a wrong key, an unknown model, no money) pauses the campaign; one that is not
reached is tried again; where the second voice speaks, the campaign goes on with it. The reason stands on the campaign.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select, update

from dialer.store.campaigns import campaigns
from dialer.store.sessions import Session, Sessions
from dialer.store.tables import Campaign, Script
from dialer.voices.preflight import PreflightResult

GOOD_FOR = timedelta(minutes=10)
RETRY_AFTER = timedelta(seconds=60)
NO_ANSWER = timedelta(seconds=20)
"""Whoever was to try a voice and said nothing for so long is gone: somebody else is asked."""
Try = Callable[[Script, str, str | None], Awaitable[PreflightResult]]
"""Tries a voice by its name with a script and a model (None: its own)."""


async def unchecked(session: Session) -> Sequence[int]:
    """The running campaigns that are not to be served yet, by id."""
    return (await session.scalars(select(Campaign.id).where(_is_unchecked()))).all()


async def request_preflights(session: Session) -> Sequence[int]:
    """Those of them whose voice is to be tried now; each is named once a minute. A script tried just now counts for all."""
    tried = select(Campaign.script_id).where(Campaign.voice_checked_at > func.now() - GOOD_FOR, Campaign.why.is_(None))
    await session.execute(
        update(Campaign)
        .where(_is_unchecked(), Campaign.script_id.in_(tried))
        .values(voice_checked_at=func.now(), why=None)
        .execution_options(synchronize_session=False)
    )
    silent = Campaign.why.is_(None) & (Campaign.voice_asked_at < func.now() - NO_ANSWER)
    rested = or_(Campaign.voice_asked_at.is_(None), Campaign.voice_asked_at < func.now() - RETRY_AFTER, silent)
    asked = await session.scalars(
        update(Campaign)
        .where(_is_unchecked(), or_(rested, Campaign.voice_asked_at < Campaign.resumed_at))
        .values(voice_asked_at=func.now())
        .returning(Campaign.id)
        .execution_options(synchronize_session=False)
    )
    return asked.all()


async def preflight_voice(sessions: Sessions, campaign_id: int, attempt: Try) -> bool:
    """Try a campaign's voice, and its second one where it fails; whether the campaign may ring. No transaction is held."""
    async with sessions() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        script = await session.get_one(Script, campaign.script_id)
        resumed_at = campaign.resumed_at
    first = await attempt(script, script.voice, script.model)
    why, ok, hopeless = None, first.ok, first.hopeless
    if not first.ok:
        why = f"the voice {script.voice} cannot speak: {first.says}"
        if script.second_voice:
            second = await attempt(script, script.second_voice, None)
            ok, hopeless = second.ok, hopeless and second.hopeless
            says = "speaks instead" if second.ok else f"cannot either: {second.says}"
            why = f"{why}; {script.second_voice} {says}"
    async with sessions.begin() as session:
        mine = (Campaign.id == campaign_id, Campaign.state == "running", Campaign.resumed_at == resumed_at)
        if ok:
            await session.execute(update(Campaign).where(*mine).values(voice_checked_at=func.now(), why=why))
        elif hopeless:
            if await session.scalar(select(Campaign.id).where(*mine).with_for_update()):
                await campaigns.move(session, campaign_id, "paused", f"{why}; put it right, then start again")
        else:
            says = f"{why}; it is tried again every {RETRY_AFTER.total_seconds():.0f} s, and nobody is rung before"
            await session.execute(update(Campaign).where(*mine).values(why=says))
    return ok


def _is_unchecked() -> ColumnElement[bool]:
    never = or_(Campaign.voice_checked_at.is_(None), Campaign.voice_checked_at < Campaign.resumed_at)
    return (Campaign.state == "running") & never
