"""Leads: found by filters that stand in the address, and each with the whole of its history."""

import re
from typing import Annotated, Any

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Template

from dialer.domain.access.roles import READERS
from dialer.domain.calling.call import Outcome
from dialer.domain.numbers.phone import BadPhone, parse_phone
from dialer.services.audit.access import LEAD, record_access
from dialer.services.calls.explain import explain_number
from dialer.store.calls import call_history
from dialer.store.campaigns import campaign_queries
from dialer.store.leads import lead_search
from dialer.store.leads.lead_search import PAGE, Key, LeadFilter
from dialer.store.tables import LEAD_STATES, Lead
from dialer.web.app_state import InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked, actor
from dialer.web.pages.urls import with_query
from dialer.web.render import render_page

OUTCOMES = tuple(each.value for each in Outcome)


@get("/leads", include_in_schema=False, opt=require(READERS))
async def all_leads(
    app_state: InjectedState,
    campaign: FromQuery[str] = "",
    stands: Annotated[str, QueryParameter(name="state")] = "",
    outcome: FromQuery[str] = "",
    q: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Template:
    """The list; `after` is the key of the line before."""
    wanted = _wanted(campaign, stands, outcome, q.strip()[:100])
    async with app_state.sessions() as session:
        names = await campaign_queries.names(session)
        rows = await lead_search.page(session, wanted, _key(after), PAGE + 1)
    more = rows[PAGE - 1].key if len(rows) > PAGE else None
    given = {"campaign": campaign, "state": stands, "outcome": outcome, "q": q}
    following = f"{more[0]}-{more[1]}" if more else ""
    return render_page(
        "leads/all.html",
        "/leads",
        rows=rows[:PAGE],
        names=names,
        given=given,
        states=LEAD_STATES,
        outcomes=OUTCOMES,
        is_filtered=any(given.values()),
        next_page=with_query("/leads", {**given, "after": following}) if more else None,
        first_page=with_query("/leads", given) if after else None,
        now=app_state.clock.now(),
    )


def _wanted(campaign: str, state: str, outcome: str, q: str) -> LeadFilter:
    """What is looked for; words that no filter knows narrow nothing."""
    digits = re.sub(r"[\s().-]", "", q)
    phone = name = ""
    if re.fullmatch(r"\+?\d{3,15}", digits, re.ASCII):
        known = parse_phone(digits, "IN")
        phone = digits if digits.startswith("+") else f"+{digits}"
        if not isinstance(known, BadPhone):
            phone = known.e164
    else:
        name = q.strip()
    return LeadFilter(
        campaign_id=int(campaign) if campaign.isdecimal() and len(campaign) < 18 else None,
        state=state if state in LEAD_STATES else "",
        outcome=outcome if outcome in OUTCOMES else "",
        phone=phone,
        name=name,
    )


def _key(text: str) -> Key | None:
    found = re.fullmatch(r"(\d{1,18})-(\d{1,18})", text, re.ASCII)
    return (int(found[1]), int(found[2])) if found else None


@get("/leads/{lead_id:int}", include_in_schema=False, opt=require(READERS))
async def one_lead(lead_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template:
    """One lead: where it stands, why (not) now, every call, what it said, the marketer's own row."""
    now = app_state.clock.now()
    async with app_state.sessions.begin() as session:
        lead = await session.get(Lead, lead_id) if lead_id < 2**63 else None
        if lead is None:
            raise NotFoundException("This lead does not exist.")
        await record_access(session, actor(request), LEAD, lead_id=lead.id)
        context: dict[str, Any] = {
            "places": await lead_search.places_of(session, lead_id),
            "calls": await call_history.calls_of(session, lead_id),
            "cells": await lead_search.own_cells(session, lead_id),
            "values": await lead_search.said_of(session, lead_id),
            "meetings": await lead_search.meetings_of(session, lead_id),
            "listed": await lead_search.no_calls_for(session, lead.phone),
        }
    return render_page("leads/one.html", "/leads", lead=lead, now=now, **context)


@get("/leads/{lead_id:int}/why", include_in_schema=False, opt=require(READERS))
async def why(lead_id: FromPath[int], app_state: InjectedState, campaign: FromQuery[int | None] = None) -> Template:
    """Why (not) now: every rule's answer in a campaign that has the lead, the newest if none is named."""
    async with app_state.sessions() as session:
        places = await lead_search.places_of(session, lead_id) if lead_id < 2**63 else []
        chosen = next((each for each in places if campaign in (None, each.campaign_id)), None)
        if chosen is None:
            raise NotFoundException("This lead is in no campaign.")
        now = app_state.clock.now()
        told = await explain_number(session, chosen.phone, chosen.campaign, app_state.carriers, now)
    return render_page("leads/why.html", "/leads", lead=chosen, places=places, told=told)


PAGES = [all_leads, one_lead, why]
