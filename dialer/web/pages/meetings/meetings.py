"""Meetings as a list, coming and past; a counselor sees their own."""

from litestar import get
from litestar.params import FromQuery
from litestar.response import Template

from dialer.domain.access.roles import EVERYBODY, MEETING_MANAGERS
from dialer.store.meetings import meetings
from dialer.web.app_state import InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked
from dialer.web.render import render_page

HERE = "/bookings/all"
PAGE = 100


@get(HERE, include_in_schema=False, opt=require(EVERYBODY))
async def all_meetings(request: Asked, app_state: InjectedState, when: FromQuery[str] = "coming") -> Template:
    """The meetings that come, soonest first, or those that are over, newest first."""
    past = when == "past"
    own = request.user.only
    now = app_state.clock.now()
    async with app_state.sessions() as session:
        rows = await meetings.listed(session, now, past=past, counselor_id=own, most=PAGE)
    changes = request.user.role in MEETING_MANAGERS
    return render_page(
        "meetings/all.html", HERE, rows=rows, past=past, is_own=own is not None, changes=changes, now=now
    )


PAGES = [all_meetings]
