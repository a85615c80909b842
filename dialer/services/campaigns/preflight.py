"""Nobody is called before the campaign's voice was tried since it was set running: what would fail for all is found first.

A voice that can never speak as things are (a wrong key, an unknown model, no money) pauses the campaign; one that is not
reached is tried again; where the second voice speaks, the campaign goes on with it. The reason stands on the campaign.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from dialer.store.campaigns import campaigns, voice_checks
from dialer.store.sessions import Session, Sessions
from dialer.store.tables import Campaign, Script
from dialer.voices.preflight import PreflightResult

GOOD_FOR = timedelta(minutes=10)
RETRY_AFTER = timedelta(seconds=60)
NO_ANSWER = timedelta(seconds=20)
"""Whoever was to try a voice and said nothing for so long is gone: somebody else is asked."""
Try = Callable[[Script, str, str | None], Awaitable[PreflightResult]]
"""Tries a voice by its name with a script and a model (None: its own)."""


async def request_preflights(session: Session) -> Sequence[int]:
    """Those whose voice is to be tried now, by id; each is named once a minute. A script tried just now counts for all."""
    await voice_checks.copy_recent(session, GOOD_FOR)
    return await voice_checks.claim(session, every=RETRY_AFTER, silent_after=NO_ANSWER)


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
        if ok:
            await voice_checks.record_passed(session, campaign_id, resumed_at, why)
        elif hopeless:
            if await voice_checks.lock_running(session, campaign_id, resumed_at):
                await campaigns.move(session, campaign_id, "paused", f"{why}; fix it, then start again")
        else:
            says = f"{why}; it is checked again every {RETRY_AFTER.total_seconds():.0f} s, and nobody is called before"
            await voice_checks.record_failed(session, campaign_id, resumed_at, says)
    return ok
