"""A rehearsal asked for: one at a time for each campaign, done by a worker in a process of its own."""

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.campaigns import rehearsals
from dialer.store.system import audit, jobs
from dialer.store.tables import Campaign

MAX_LEADS = 500


async def request_rehearsal(session: AsyncSession, campaign: Campaign, leads: int, by: str) -> int:
    """Ask that a campaign be rehearsed with at most so many leads; the job's id, of the one under way where there is."""
    last = await rehearsals.newest(session, campaign.id)
    if last is not None and last.state in ("queued", "running"):
        return last.id
    job_id = await jobs.enqueue(session, "rehearse", {"campaign_id": campaign.id, "leads": leads}, by)
    await audit.record(session, by, "rehearsal asked for", {"campaign": campaign.name, "leads": leads})
    return job_id
