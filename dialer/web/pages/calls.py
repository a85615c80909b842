"""Calls: the newest, and one with its sound, its transcript in step, what AVA did, what is known and by which words."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from dialer.domain.access.roles import READERS
from dialer.domain.calling.call import AT_CARRIER
from dialer.services.audit.access import CALL, record_access
from dialer.store.calls import call_detail, call_history, costs, recordings
from dialer.store.calls.call_detail import CallDetail
from dialer.store.campaigns import campaign_queries
from dialer.store.leads.lead_search import PAGE
from dialer.web.app_state import InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked, actor
from dialer.web.pages.leads.leads import OUTCOMES
from dialer.web.pages.urls import with_query
from dialer.web.render import render_page


@get("/calls", include_in_schema=False, opt=require(READERS))
async def all_calls(
    app_state: InjectedState, campaign: FromQuery[str] = "", outcome: FromQuery[str] = "", after: FromQuery[str] = ""
) -> Template:
    """The newest calls, of a campaign or of all, of an outcome or of any."""
    campaign_id = int(campaign) if re.fullmatch(r"\d{1,18}", campaign, re.ASCII) else None
    wanted = outcome if outcome in OUTCOMES else ""
    given = {"campaign": campaign, "outcome": wanted}
    async with app_state.sessions() as session:
        rows = await call_history.newest_calls(session, campaign_id, _key(after), PAGE + 1, wanted)
        names = await campaign_queries.names(session)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    following = f"{last.at.isoformat()}~{last.call_id}" if last else ""
    return render_page(
        "calls/all.html",
        "/calls",
        calls=rows[:PAGE],
        names=names,
        given=given,
        outcomes=OUTCOMES,
        next_page=with_query("/calls", {**given, "after": following}) if last else None,
        first_page=with_query("/calls", given) if after else None,
    )


def _key(text: str) -> tuple[datetime, UUID] | None:
    at, _, call_id = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(call_id)) if moment.tzinfo else None
    except ValueError:
        return None


@get("/calls/{call_id:uuid}", include_in_schema=False, opt=require(READERS))
async def one_call(call_id: FromPath[UUID], request: Asked, app_state: InjectedState) -> Template:
    """One call."""
    async with app_state.sessions.begin() as session:
        talk = await call_detail.of_call(session, call_id)
        if talk is None:
            raise NotFoundException("This call does not exist.")
        await record_access(session, actor(request), CALL, call_id=str(call_id))
        money = await costs.of_call(session, talk.campaign, call_id)
        no_sound = None if talk.call.recording else await recordings.why_none(session, talk.call)
    return render_page(
        "calls/one.html",
        "/calls",
        talk=talk,
        call=talk.call,
        money=money,
        lines=_lines(talk),
        no_sound=no_sound,
        evidence={turn.item: turn for turn in talk.turns},
        is_live=talk.call.state in AT_CARRIER,
    )


def _lines(talk: CallDetail) -> list[dict[str, Any]]:
    """Turns and tool calls in one column: a tool stands behind the last turn that began before it."""
    lines: list[dict[str, Any]] = [{"turn": each, "at": each.at} for each in talk.turns]
    for tool in talk.tools:
        place = next((n for n, line in enumerate(lines) if "turn" in line and line["at"] > tool.at), len(lines))
        lines.insert(place, {"tool": tool, "at": tool.at})
    return lines


PAGES = [all_calls, one_call]
