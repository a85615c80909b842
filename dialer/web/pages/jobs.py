"""Long work on its page: how far it is, a way to stop it, and where to go when it is done."""

from pathlib import Path
from uuid import UUID

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect, Template

from dialer.domain.access.roles import READERS
from dialer.services import actions
from dialer.services.jobs import cancel_job
from dialer.store.campaigns import campaigns
from dialer.store.tables import Job
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked, actor
from dialer.web.pages.home import TALLIES
from dialer.web.render import redirect, render_page


@get("/jobs/{job_id:int}", include_in_schema=False, opt=require(READERS))
async def job_page(job_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """How far long work is; when it is done, on to what came of it."""
    async with app_state.sessions() as session:
        job = await session.get(Job, job_id)
    if job is None:
        raise NotFoundException("This job does not exist.")
    if job.state == "done" and (to := _leads_to(job)):
        app_state.stats_cache.forget(TALLIES)
        if "hx-request" not in request.headers:
            return redirect(to)
        page = render_page("lists/job.html", "/campaigns", job=job)
        page.headers["HX-Redirect"] = to  # the page is to move on, not this part of it
        return page
    back = (
        await _mapping_page(app_state, job) if job.kind == "import" and job.state in ("failed", "cancelled") else None
    )
    return render_page("lists/job.html", "/campaigns", job=job, back=back)


async def _mapping_page(app_state: AppState, job: Job) -> str | None:
    """Where the columns of an uploaded list are mapped."""
    async with app_state.sessions() as session:
        campaign = await campaigns.named(session, job.arguments["campaign"])
    file = Path(job.arguments["file"])
    return f"/campaigns/{campaign.id}/lists/{UUID(file.parent.name)}" if campaign and file.parent.name else None


def _leads_to(job: Job) -> str | None:
    result = job.result or {}
    if job.kind == "rehearse":
        return f"/campaigns/{job.arguments['campaign_id']}/set-up/rehearse"
    return f"/imports/{result['import_id']}" if "import_id" in result else None


@post("/jobs/{job_id:int}/cancel", include_in_schema=False, status_code=200, opt=require(actions.JOB_CANCEL))
async def cancel(job_id: FromPath[int], request: Asked, app_state: InjectedState) -> Redirect:
    """Have long work stopped; nothing of it is left."""
    async with app_state.sessions.begin() as session:
        if await cancel_job(session, actor(request), job_id) is None:
            raise NotFoundException("This job does not exist.")
    return redirect(f"/jobs/{job_id}")


PAGES = [job_page, cancel]
