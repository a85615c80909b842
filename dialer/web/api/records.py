"""Leads, calls and the do-not-call list over the API."""

import re
from typing import Annotated, Any
from uuid import UUID

from litestar import delete, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from pydantic import BaseModel, ConfigDict, Field

from dialer.domain.access.roles import READERS, Role
from dialer.domain.calling.call import Outcome
from dialer.domain.calling.cost import WORKSPACE_CURRENCY, Spend
from dialer.domain.numbers.phone import BadPhone, parse_phone
from dialer.services import actions
from dialer.services.audit.access import CALL, LEAD, record_access
from dialer.services.do_not_call.add import add_numbers
from dialer.services.do_not_call.remove import ReasonNeededError, remove_number
from dialer.store.calls import call_detail, call_history, costs
from dialer.store.campaigns import campaigns
from dialer.store.leads import counselor_access, do_not_call, lead_search
from dialer.store.leads.lead_search import LeadFilter
from dialer.store.tables import LEAD_STATES, Lead
from dialer.web.app_state import InjectedState
from dialer.web.auth.idempotency import Asked, Json
from dialer.web.auth.permissions import require

PAGE = 100
AFTER = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)


class Numbers(BaseModel):
    """Numbers to add to the do-not-call list."""

    model_config = ConfigDict(extra="forbid")
    phones: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=1000)]
    reason: Annotated[str, Field(max_length=500)] = ""
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "IN"


@get("/api/leads", opt=require(READERS), tags=["leads"])
async def list_leads(
    app_state: InjectedState,
    campaign: FromQuery[str | None] = None,
    stands: Annotated[str | None, QueryParameter(name="state")] = None,
    outcome: FromQuery[str | None] = None,
    phone: FromQuery[str | None] = None,
    name: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
) -> Json:
    """A page of leads in campaigns: `{leads, next}`; pass `next` as `after` for the next page."""
    if stands is not None and stands not in LEAD_STATES:
        raise ClientException(f"`state` must be one of {', '.join(LEAD_STATES)}", status_code=422)
    if outcome is not None and outcome not in {each.value for each in Outcome}:
        raise ClientException("This outcome does not exist.", status_code=422)
    key = AFTER.fullmatch(after) if after else None
    if after and key is None:
        raise ClientException("`after` must be the `next` of an earlier response.", status_code=422)
    async with app_state.sessions() as session:
        found = await campaigns.named(session, campaign) if campaign else None
        if campaign and found is None:
            raise NotFoundException(f"There is no campaign {campaign!r}.")
        wanted = LeadFilter(
            campaign_id=found.id if found else None,
            state=stands or "",
            outcome=outcome or "",
            phone=_e164(phone) if phone else "",
            name=(name or "")[:100],
        )
        rows = await lead_search.page(session, wanted, (int(key[1]), int(key[2])) if key else None, PAGE + 1)
    more = rows[PAGE - 1].key if len(rows) > PAGE else None
    return {"leads": [_listed(each) for each in rows[:PAGE]], "next": f"{more[0]}-{more[1]}" if more else None}


@get("/api/leads/{lead_id:int}", opt=require(READERS | {Role.COUNSELOR}), tags=["leads"])
async def show_lead(lead_id: FromPath[int], request: Asked, app_state: InjectedState) -> Json:
    """One lead: its state in each campaign, its calls, what the student said, the uploaded row.

    A counselor sees only leads who have a meeting with them.
    """
    async with app_state.sessions.begin() as session:
        lead = await session.get(Lead, lead_id) if lead_id < 2**63 else None
        theirs = request.user.role is not Role.COUNSELOR or (
            lead is not None and await counselor_access.can_see_lead(session, request.user.counselor_id, lead.id)
        )
        if lead is None or not theirs:
            raise NotFoundException("This lead does not exist.")
        await record_access(session, request.user, LEAD, lead_id=lead.id)
        return {
            "lead_id": lead.id,
            "phone": lead.phone,
            "name": lead.name,
            "zones": lead.zones,
            "campaigns": [_listed(each) for each in await lead_search.places_of(session, lead_id)],
            "calls": [
                {
                    "call_id": str(each.call_id),
                    "campaign": each.campaign,
                    "n": each.n,
                    "at": each.at.isoformat(),
                    "state": each.state,
                    "outcome": each.outcome,
                    "duration_s": each.duration_s,
                }
                for each in await call_history.calls_of(session, lead_id)
            ],
            "said": [
                {"field": each.field, "value": each.value} for each in await lead_search.said_of(session, lead_id)
            ],
            "row": await lead_search.own_cells(session, lead_id),
            "do_not_call": [each.scope for each in await lead_search.no_calls_for(session, lead.phone)],
        }


@get("/api/calls/{call_id:uuid}", opt=require(READERS | {Role.COUNSELOR}), tags=["calls"])
async def show_call(call_id: FromPath[UUID], request: Asked, app_state: InjectedState) -> Json:
    """One call: outcome and reason, times, cost, every turn and tool call, captured fields with their evidence.

    `disclosure` is the locked first sentence, and `disclosed_at_ms` where in the call it was heard to its end. Null means
    not disclosed, or not known where `disclosure` is null too.

    A counselor sees only calls of leads who have a meeting with them.
    """
    async with app_state.sessions.begin() as session:
        talk = await call_detail.of_call(session, call_id)
        money = await costs.of_call(session, talk.campaign, call_id) if talk else Spend()
        theirs = request.user.role is not Role.COUNSELOR or (
            talk is not None and await counselor_access.can_see_lead(session, request.user.counselor_id, talk.lead.id)
        )
        if talk is None or not theirs:
            raise NotFoundException("This call does not exist.")
        await record_access(session, request.user, CALL, call_id=str(call_id))
    call = talk.call
    return {
        "call_id": str(call.id),
        "campaign": talk.campaign.name,
        "lead_id": talk.lead.id,
        "phone": call.phone,
        "n": call.n,
        "state": call.state,
        "outcome": call.outcome,
        "reason": call.reason,
        "carrier": call.carrier,
        "script": talk.script.name,
        "script_version": talk.script.version,
        "voices": call.voices,
        "started": _moment(call.created_at),
        "answered": _moment(call.answered_at),
        "ended": _moment(call.ended_at),
        "latency_p50_ms": call.latency_p50_ms,
        "disclosure": call.disclosure,
        "disclosed_at_ms": call.disclosed_ms,
        "cost": {
            "carrier": _money(call.carrier_cost),
            "voice": _money(call.voice_cost),
            "currency": WORKSPACE_CURRENCY,
            "held": _money(money.held),
            "billed": _money(call.carrier_price),
            "billed_in": call.currency,
        },
        "turns": [
            {"who": each.speaker, "words": each.text, "at_ms": each.stream_ms, "heard_ms": each.heard_ms}
            for each in talk.turns
        ],
        "tools": [{"name": each.name, "arguments": each.arguments, "result": each.result} for each in talk.tools],
        "said": [{"field": each.field, "value": each.value} for each in talk.values],
    }


@get("/api/do-not-call/{number:str}", opt=require(READERS), tags=["do not call"])
async def check_number(number: FromPath[str], app_state: InjectedState) -> Json:
    """Whether a number is on a do-not-call list, since when and why: `{phone, listed, entries}`."""
    phone = _e164(number)
    async with app_state.sessions() as session:
        return await do_not_call.reasons(session, phone)


@post("/api/do-not-call", opt=require(actions.DNC_ADD), status_code=200, tags=["do not call"])
async def list_numbers(request: Asked, data: JSONBody[Numbers], app_state: InjectedState) -> Json:
    """Add numbers to do-not-call and cancel calls about to start. All or none: if one cannot be read, none is added."""
    phones = [_e164(each, data.country) for each in data.phones]
    async with app_state.sessions.begin() as session:
        done = await add_numbers(session, request.user, phones, app_state.clock.now(), reason=data.reason, source="api")
    return {"added": done.added, "given": done.given}


@delete("/api/do-not-call/{number:str}", opt=require(actions.DNC_REMOVE), status_code=200, tags=["do not call"])
async def take_off(
    number: FromPath[str], request: Asked, app_state: InjectedState, reason: FromQuery[str] = ""
) -> Json:
    """Remove a number from every do-not-call list; administrators only. An opt-out made in a call needs a `reason`."""
    phone = _e164(number)
    try:
        async with app_state.sessions.begin() as session:
            removed = await remove_number(session, request.user, phone, reason)
    except ReasonNeededError as error:
        raise ClientException(str(error), status_code=422) from error
    return {"phone": phone, "removed": removed}


def _e164(number: str, country: str = "IN") -> str:
    """The number, read as a marketer writes it. Raises ClientException."""
    phone = parse_phone(number, country)
    if isinstance(phone, BadPhone):
        raise ClientException(f"{number!r}: {phone.says}", status_code=422)
    return phone.e164


def _listed(each: lead_search.LeadRow) -> dict[str, Any]:
    return {
        "lead_id": each.lead_id,
        "campaign": each.campaign,
        "phone": each.phone,
        "name": each.name,
        "zone": each.zone,
        "state": each.state,
        "attempts": each.attempts,
        "outcome": each.outcome,
        "next_at": _moment(each.next_at),
        "why": each.why,
    }


def _moment(at: Any) -> str | None:
    return at.isoformat() if at is not None else None


def _money(cost: Any) -> str | None:
    return str(cost) if cost is not None else None


API = [list_leads, show_lead, show_call, check_number, list_numbers, take_off]
