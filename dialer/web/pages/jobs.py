"""Long work on its page: how far it is, a way to stop it, and where to go when it is done."""

from pathlib import Path
from uuid import UUID

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Template

from dialer.domain.access.roles import READERS, RUNNERS
from dialer.store.campaigns import campaigns
from dialer.store.system import jobs
from dialer.store.tables import Job
from dialer.web.app_state import Parts, WebParts
from dialer.web.auth.permissions import may
from dialer.web.pages.forms import Asked
from dialer.web.pages.home import TALLIES
from dialer.web.render import go, shown


@get("/jobs/{job_id:int}", include_in_schema=False, opt=may(READERS))
async def job_page(job_id: FromPath[int], request: Asked, parts: WebParts) -> Template | Redirect:
    """How far long work is; when it is done, on to what came of it."""
    async with parts.sessions() as session:
        job = await session.get(Job, job_id)
    if job is None:
        raise NotFoundException("there is no such work")
    if job.state == "done" and (to := _leads_to(job)):
        parts.kept.forget(TALLIES)
        if "hx-request" not in request.headers:
            return go(to)
        page = shown("lists/job.html", "/campaigns", job=job)
        page.headers["HX-Redirect"] = to  # the page is to move on, not this part of it
        return page
    back = await _mapping_page(parts, job) if job.kind == "import" and job.state in ("failed", "cancelled") else None
    return shown("lists/job.html", "/campaigns", job=job, back=back)


async def _mapping_page(parts: Parts, job: Job) -> str | None:
    """Where the columns of an uploaded list are mapped."""
    async with parts.sessions() as session:
        campaign = await campaigns.named(session, job.asked["campaign"])
    file = Path(job.asked["file"])
    return f"/campaigns/{campaign.id}/lists/{UUID(file.parent.name)}" if campaign and file.parent.name else None


def _leads_to(job: Job) -> str | None:
    result = job.result or {}
    if job.kind == "rehearse":
        return f"/campaigns/{job.asked['campaign_id']}/set-up/rehearse"
    return f"/imports/{result['import_id']}" if "import_id" in result else None


@post("/jobs/{job_id:int}/cancel", include_in_schema=False, status_code=200, opt=may(RUNNERS))
async def cancel(job_id: FromPath[int], parts: WebParts) -> Redirect:
    """Have long work stopped; nothing of it is left."""
    async with parts.sessions.begin() as session:
        if await jobs.cancel(session, job_id) is None:
            raise NotFoundException("there is no such work")
    return go(f"/jobs/{job_id}")


PAGES = [job_page, cancel]
