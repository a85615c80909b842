"""Campaigns over the API: `/api/campaigns`."""

from datetime import time
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath, JSONBody
from pydantic import BaseModel, ConfigDict, Field

from dialer.bus import call_control
from dialer.bus.call_control import Command
from dialer.domain.access.roles import READERS
from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.campaigns.create import NameTakenError, create_campaign
from dialer.services.campaigns.pause import CannotPauseError, pause_campaign
from dialer.services.campaigns.rehearsal import MAX_LEADS, request_rehearsal
from dialer.services.campaigns.start import CannotStartError, start_campaign
from dialer.services.campaigns.stop import stop_campaign
from dialer.services.campaigns.update import CannotUpdateError, update_campaign
from dialer.services.scripts import UnknownScriptError, newest
from dialer.store.campaigns import campaign_queries, campaigns
from dialer.store.sessions import Session
from dialer.store.tables import Campaign
from dialer.web.app_state import InjectedState
from dialer.web.auth.idempotency import Asked, Json, run_once
from dialer.web.auth.permissions import require

Name = Annotated[str, Field(min_length=1, max_length=200)]
MACHINE = Literal["off", "hang_up", "leave_message"]


class Policy(BaseModel):
    """What is chosen of a campaign; what is not given stays as it is, or is the default."""

    model_config = ConfigDict(extra="forbid")
    script: Name | None = None
    carrier: Literal["twilio", "exotel"] | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    window_opens: time | None = None
    window_closes: time | None = None
    window_days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7)] | None = None
    concurrency: Annotated[int, Field(ge=1, le=1000)] | None = None
    per_second: Annotated[float, Field(ge=0.01, le=100)] | None = None
    calls_per_day: Annotated[int, Field(ge=1, le=10)] | None = None
    max_attempts: Annotated[int, Field(ge=1, le=20)] | None = None
    spend_cap: Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=2)] | None = None
    machine: MACHINE | None = None
    machine_message: Annotated[str, Field(max_length=1000)] | None = None
    recording: bool | None = None


class New(Policy):
    """A campaign to be made: a name is enough."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/\x00-\x1f]+$", examples=["Spring 2027"])]


class End(BaseModel):
    """How it is stopped."""

    model_config = ConfigDict(extra="forbid")
    hang_up: bool = False


class Rehearsed(BaseModel):
    """A rehearsal: with how many of its leads at most, spread evenly over a longer list."""

    model_config = ConfigDict(extra="forbid")
    leads: Annotated[int, Field(ge=1, le=MAX_LEADS)] = 60


@get("/api/campaigns", opt=require(READERS), tags=["campaigns"])
async def list_campaigns(app_state: InjectedState) -> list[Json]:
    """Every campaign with its counts."""
    async with app_state.sessions() as session:
        return [await described(session, each) for each in await campaign_queries.list_all(session)]


@get("/api/campaigns/{name:str}", opt=require(READERS), tags=["campaigns"])
async def show_campaign(name: FromPath[str], app_state: InjectedState) -> Json:
    """One campaign: state and reason, policy, leads by state and outcome, calls in progress."""
    async with app_state.sessions() as session:
        return await described(session, await get_campaign_or_404(session, name))


@post("/api/campaigns", opt=require(actions.CAMPAIGN_CREATE), tags=["campaigns"])
async def make_campaign(request: Asked, data: JSONBody[New], app_state: InjectedState) -> Response[Json]:
    """Create a draft. With an `Idempotency-Key` it is created once, however often the request is sent."""

    async def do() -> Json:
        try:
            async with app_state.sessions.begin() as session:
                made = await create_campaign(session, request.user, data.name)
                await _apply(session, request.user, made, data)
                return await described(session, made)
        except NameTakenError as error:
            raise HTTPException(str(error), status_code=409) from error

    return await run_once(request, app_state, do, status=201)


@patch("/api/campaigns/{name:str}", opt=require(actions.CAMPAIGN_UPDATE), tags=["campaigns"])
async def alter_campaign(name: FromPath[str], request: Asked, data: JSONBody[Policy], app_state: InjectedState) -> Json:
    """Change its policy; calls placed from then on follow it."""
    async with app_state.sessions.begin() as session:
        campaign = await get_campaign_or_404(session, name)
        await _apply(session, request.user, campaign, data)
        return await described(session, campaign)


@post("/api/campaigns/{name:str}/start", opt=require(actions.CAMPAIGN_START), status_code=200, tags=["campaigns"])
async def start(name: FromPath[str], request: Asked, app_state: InjectedState) -> Response[Json]:
    """Start calling; a campaign that is already running continues."""

    async def do() -> Json:
        try:
            async with app_state.sessions.begin() as session:
                campaign = await get_campaign_or_404(session, name)
                await start_campaign(session, request.user, campaign)
                await session.refresh(campaign)
                return await described(session, campaign)
        except CannotStartError as error:
            raise HTTPException(str(error), status_code=409) from error

    return await run_once(request, app_state, do)


@post("/api/campaigns/{name:str}/pause", opt=require(actions.CAMPAIGN_PAUSE), status_code=200, tags=["campaigns"])
async def pause(name: FromPath[str], request: Asked, app_state: InjectedState) -> Json:
    """Start no new calls; calls in progress finish."""
    try:
        async with app_state.sessions.begin() as session:
            campaign = await get_campaign_or_404(session, name)
            await pause_campaign(session, request.user, campaign)
            await session.refresh(campaign)
            return await described(session, campaign)
    except CannotPauseError as error:
        raise HTTPException(str(error), status_code=409) from error


@post("/api/campaigns/{name:str}/stop", opt=require(actions.CAMPAIGN_STOP), status_code=200, tags=["campaigns"])
async def stop(name: FromPath[str], request: Asked, data: JSONBody[End], app_state: InjectedState) -> Json:
    """Stop the campaign and return a receipt; `hang_up` also ends the calls in progress."""
    async with app_state.sessions() as session:
        campaign = await get_campaign_or_404(session, name)

    async def by_bridge(call_id: UUID) -> bool:
        wish = Command(call_id=call_id, do="hang_up", at_once=True, who=request.user.email)
        reply = await call_control.request(app_state.redis, wish)
        return reply is not None and reply.ok

    receipt = await stop_campaign(
        app_state.sessions,
        request.user,
        campaign.id,
        app_state.carriers,
        app_state.clock.now(),
        hang_up=data.hang_up,
        by_bridge=by_bridge,
    )
    return {"campaign": name, **receipt.as_dict()}


@post("/api/campaigns/{name:str}/rehearse", opt=require(actions.CAMPAIGN_REHEARSE), status_code=202, tags=["campaigns"])
async def rehearse(name: FromPath[str], request: Asked, data: JSONBody[Rehearsed], app_state: InjectedState) -> Json:
    """Rehearse it in a simulation, run by a worker: `{job_id}` (see /api/jobs), or that of the rehearsal in progress."""
    async with app_state.sessions.begin() as session:
        campaign = await get_campaign_or_404(session, name)
        return {"job_id": await request_rehearsal(session, request.user, campaign, data.leads)}


async def get_campaign_or_404(session: Session, name: str) -> Campaign:
    """The campaign of that name. Raises NotFoundException."""
    found = await campaigns.named(session, name)
    if found is None:
        raise NotFoundException(f"There is no campaign {name!r}.")
    return found


async def described(session: Session, campaign: Campaign) -> Json:
    """A campaign as the API tells it."""
    script = await campaign_queries.script_of(session, campaign)
    cap = campaign.spend_cap
    return {
        **await campaigns.standing(session, campaign),
        "script": script.name,
        "script_version": script.version,
        "carrier": campaign.carrier,
        "country": campaign.country,
        "window_opens": f"{campaign.window_opens:%H:%M}",
        "window_closes": f"{campaign.window_closes:%H:%M}",
        "window_days": campaign.window_days,
        "concurrency": campaign.concurrency,
        "per_second": campaign.per_second,
        "calls_per_day": campaign.calls_per_day,
        "max_attempts": campaign.max_attempts,
        "spend_cap": str(cap) if cap is not None else None,
        "machine": campaign.machine,
        "machine_message": campaign.machine_message,
        "recording": campaign.recording,
    }


async def _apply(session: Session, actor: Actor, campaign: Campaign, policy: Policy) -> None:
    changes: dict[str, Any] = policy.model_dump(exclude_none=True, exclude={"name", "script"})
    try:
        if policy.script is not None:
            changes["script_id"] = (await newest(session, policy.script)).id
        await update_campaign(session, actor, campaign, changes)
    except (CannotUpdateError, UnknownScriptError) as error:
        raise HTTPException(str(error), status_code=422) from error
    await session.refresh(campaign)


API = [list_campaigns, show_campaign, make_campaign, alter_campaign, start, pause, stop, rehearse]
