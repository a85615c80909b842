"""Home: how everything stands, and what needs a person."""

from litestar import get
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from dialer.domain.roles import EVERYBODY
from dialer.store import attention, tallies
from dialer.store.tallies import Tallies
from dialer.web.doors.may import may
from dialer.web.pages.forms import Asked
from dialer.web.pages.shown import shown
from dialer.web.parts import Parts, WebParts

TALLIES = "tallies"


async def all_tallies(parts: Parts) -> Tallies:
    """Every campaign's sums, a moment old at most where they are quickly made."""

    async def make() -> Tallies:
        async with parts.sessions() as session:
            return await tallies.every(session)

    return await parts.kept.get(TALLIES, make)


@get("/", include_in_schema=False, opt=may(EVERYBODY))
async def home(request: Asked, parts: WebParts, done: FromQuery[str | None] = None) -> Template | Redirect:
    """The first page; a counselor's is their week."""
    if request.user.only is not None:
        return Redirect("/bookings", status_code=303)
    sums = await all_tallies(parts)
    async with parts.sessions() as session:
        campaigns = await attention.newest_campaigns(session)
        live = await attention.live_calls(session)
        needs = await attention.needs(session, parts.clock.now())
    return shown(
        "home.html",
        "/",
        done=done,
        campaigns=campaigns,
        sums=sums,
        whole=tallies.together(sums),
        live=live,
        needs=needs,
        cap=sum((each.spend_cap or 0 for each in campaigns if each.state == "running"), start=0),
    )


PAGES = [home]
