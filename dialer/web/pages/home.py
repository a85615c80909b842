"""Home: how everything stands, and what needs a person."""

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from dialer.domain.access.roles import EVERYBODY
from dialer.store.campaigns import campaign_stats
from dialer.store.campaigns.campaign_stats import StatsByCampaign
from dialer.store.system import action_items
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked
from dialer.web.render import render_page

TALLIES = "tallies"


async def all_stats(app_state: AppState) -> StatsByCampaign:
    """Every campaign's sums, a moment old at most where they are quickly made."""

    async def make() -> StatsByCampaign:
        async with app_state.sessions() as session:
            return await campaign_stats.every(session)

    return await app_state.stats_cache.get(TALLIES, make)


@get("/", include_in_schema=False, opt=require(EVERYBODY))
async def home(request: Asked, app_state: InjectedState, done: FromQuery[str | None] = None) -> Template | Redirect:
    """The first page; a counselor's is their week."""
    if request.user.only is not None:
        return Redirect("/bookings", status_code=303)
    sums = await all_stats(app_state)
    async with app_state.sessions() as session:
        campaigns = await action_items.newest_campaigns(session)
        live = await action_items.live_calls(session)
        needs = await action_items.action_items(session, app_state.clock.now())
    return render_page(
        "home.html",
        "/",
        done=done,
        campaigns=campaigns,
        sums=sums,
        whole=campaign_stats.total(sums),
        live=live,
        needs=needs,
        cap=sum((each.spend_cap or 0 for each in campaigns if each.state == "running"), start=0),
    )


PAGES = [home]
