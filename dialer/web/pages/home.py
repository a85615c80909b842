"""Home: how everything stands, and what needs a person."""

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from dialer.domain.access.roles import EVERYBODY
from dialer.store.campaigns import campaign_stats
from dialer.store.campaigns.campaign_stats import Tallies
from dialer.store.system import action_items
from dialer.web.app_state import Parts, WebParts
from dialer.web.auth.permissions import may
from dialer.web.pages.forms import Asked
from dialer.web.render import shown

TALLIES = "tallies"


async def all_tallies(parts: Parts) -> Tallies:
    """Every campaign's sums, a moment old at most where they are quickly made."""

    async def make() -> Tallies:
        async with parts.sessions() as session:
            return await campaign_stats.every(session)

    return await parts.kept.get(TALLIES, make)


@get("/", include_in_schema=False, opt=may(EVERYBODY))
async def home(request: Asked, parts: WebParts, done: FromQuery[str | None] = None) -> Template | Redirect:
    """The first page; a counselor's is their week."""
    if request.user.only is not None:
        return Redirect("/bookings", status_code=303)
    sums = await all_tallies(parts)
    async with parts.sessions() as session:
        campaigns = await action_items.newest_campaigns(session)
        live = await action_items.live_calls(session)
        needs = await action_items.needs(session, parts.clock.now())
    return shown(
        "home.html",
        "/",
        done=done,
        campaigns=campaigns,
        sums=sums,
        whole=campaign_stats.together(sums),
        live=live,
        needs=needs,
        cap=sum((each.spend_cap or 0 for each in campaigns if each.state == "running"), start=0),
    )


PAGES = [home]
