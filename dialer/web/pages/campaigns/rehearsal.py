"""A rehearsal asked for from a campaign's steps; what came of the last one stands in the step."""

from typing import Annotated

from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect
from pydantic import BaseModel, Field

from dialer.services import actions
from dialer.services.campaigns.rehearsal import MAX_LEADS, request_rehearsal
from dialer.web.app_state import InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.campaigns.campaigns import get_campaign_or_404
from dialer.web.pages.forms import Asked, FormError, actor, read
from dialer.web.render import redirect


class Wanted(BaseModel):
    """How many of the leads at most."""

    leads: Annotated[int, Field(ge=1, le=MAX_LEADS)] = 60


@post(
    "/campaigns/{campaign_id:int}/rehearse",
    include_in_schema=False,
    status_code=200,
    opt=require(actions.CAMPAIGN_REHEARSE),
)
async def rehearse(campaign_id: FromPath[int], request: Asked, app_state: InjectedState) -> Redirect:
    """Have the campaign rehearsed by a worker; one that is under way already is shown instead."""
    said = await read(request, Wanted)
    wanted = Wanted() if isinstance(said, FormError) else said
    async with app_state.sessions.begin() as session:
        campaign = await get_campaign_or_404(session, campaign_id)
        job_id = await request_rehearsal(session, actor(request), campaign, wanted.leads)
    return redirect(f"/jobs/{job_id}")


PAGES = [rehearse]
