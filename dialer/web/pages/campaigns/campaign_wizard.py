"""A new campaign, step by step: a draft from the first step on, with a rail that says what launching it would do.

Each step is a form that works without JavaScript; one may come back to any of them, also while the campaign runs.
"""

from datetime import datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from pydantic import BaseModel, Field, StringConstraints

from dialer.ava.opening_preview import opening_previews
from dialer.ava.persona import locked_line_of
from dialer.domain.access.roles import OPERATORS, READERS
from dialer.domain.compliance.disclosure import own_words
from dialer.domain.speech.placeholders import missing_columns
from dialer.services import actions
from dialer.services.campaigns.create import NameTakenError, create_campaign
from dialer.services.campaigns.forecast import Forecast, forecast
from dialer.services.campaigns.placeholders import missing_placeholders
from dialer.services.campaigns.rehearsal import MAX_LEADS
from dialer.services.campaigns.start import CannotStartError, missing_business, start_campaign
from dialer.services.campaigns.update import CannotUpdateError, update_campaign
from dialer.store.campaigns import campaign_queries, rehearsals
from dialer.store.campaigns import scripts as script_pages
from dialer.store.leads import imports
from dialer.store.sessions import Session
from dialer.store.system.exports import lead_columns
from dialer.store.tables import Campaign
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.campaigns.campaigns import get_campaign_or_404
from dialer.web.pages.forms import Asked, FormError, actor, read
from dialer.web.pages.home import TALLIES
from dialer.web.render import redirect, render_page
from dialer.wiring.accounts import CAPABILITIES

STEPS = (
    ("details", "Details"),
    ("leads", "Leads"),
    ("script", "Script"),
    ("schedule", "Schedule and rules"),
    ("numbers", "Numbers"),
    ("rehearse", "Rehearse"),
    ("launch", "Launch"),
)
AFTER = {step: STEPS[place + 1][0] for place, (step, _) in enumerate(STEPS[:-1])}
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Details(BaseModel):
    """What it is called, and where numbers without a country code are from."""

    name: Name
    country: Annotated[str, Field(pattern="^[A-Za-z]{2}$")] = "IN"


class ChosenScript(BaseModel):
    """A version of a script, by its row."""

    script_id: int


class Schedule(BaseModel):
    """When people are called, and how often."""

    window_opens: time
    window_closes: time
    window_days: list[Annotated[int, Field(ge=0, le=6)]] = []
    calls_per_day: Annotated[int, Field(ge=1, le=10)]
    max_attempts: Annotated[int, Field(ge=1, le=20)]
    machine: Literal["off", "hang_up", "leave_message"]
    machine_message: Annotated[str, Field(max_length=1000)] = ""
    recording: bool = False
    recording_days: Annotated[int, Field(ge=1, le=3650)] = 90


class Numbers(BaseModel):
    """Which line they are called over, how fast, and for how much at most."""

    carrier: str | None = None
    concurrency: Annotated[int, Field(ge=1, le=1000)]
    per_second: Annotated[float, Field(ge=0.01, le=100)]
    spend_cap: Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=2)] | None = None


FORMS: dict[str, type[BaseModel]] = {"script": ChosenScript, "schedule": Schedule, "numbers": Numbers}


@get("/campaigns/new", include_in_schema=False, opt=require(OPERATORS))
async def new() -> Template:
    """The first step."""
    return _first({})


@post("/campaigns/new", include_in_schema=False, status_code=200, opt=require(actions.CAMPAIGN_CREATE))
async def make(request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Make the draft."""
    said = await read(request, Details)
    if isinstance(said, FormError):
        return _first(said.given, said.says)
    try:
        async with app_state.sessions.begin() as session:
            made = await create_campaign(session, actor(request), said.name, country=said.country.upper())
    except NameTakenError as error:
        return _first(said.model_dump(), str(error))
    app_state.stats_cache.forget(TALLIES)
    return redirect(f"/campaigns/{made.id}/set-up/leads")


def _first(given: dict[str, Any], says: str | None = None) -> Template:
    return render_page(
        "campaigns/new.html", "/campaigns", status=422 if says else 200, given=given, says=says, steps=STEPS
    )


@get("/campaigns/{campaign_id:int}/set-up/{step:str}", include_in_schema=False, opt=require(READERS))
async def step_page(
    campaign_id: FromPath[int], step: FromPath[str], app_state: InjectedState, done: FromQuery[str | None] = None
) -> Template:
    """One step, with the rail."""
    return await _step(app_state, campaign_id, step, done=done)


@post(
    "/campaigns/{campaign_id:int}/set-up/{step:str}",
    include_in_schema=False,
    status_code=200,
    opt=require(actions.CAMPAIGN_UPDATE),
)
async def keep_step(
    campaign_id: FromPath[int], step: FromPath[str], request: Asked, app_state: InjectedState
) -> Template | Redirect:
    """Keep what was chosen in a step, and go on."""
    if step == "launch":
        return await _launch(app_state, campaign_id, request)
    if step not in FORMS:
        raise NotFoundException("This step has nothing to save.")
    said = await read(request, FORMS[step])
    if isinstance(said, FormError):
        return await _step(app_state, campaign_id, step, says=said.says)
    changes = said.model_dump()
    if changes.get("carrier", None) not in (None, *CAPABILITIES):
        return await _step(
            app_state, campaign_id, step, says=f"Choose one of these carriers: {', '.join(CAPABILITIES)}."
        )
    try:
        async with app_state.sessions.begin() as session:
            await update_campaign(session, actor(request), await get_campaign_or_404(session, campaign_id), changes)
    except CannotUpdateError as error:
        return await _step(app_state, campaign_id, step, says=str(error))
    app_state.stats_cache.forget(("forecast", campaign_id))
    return redirect(f"/campaigns/{campaign_id}/set-up/{AFTER[step]}")


async def _launch(app_state: AppState, campaign_id: int, request: Asked) -> Template | Redirect:
    try:
        async with app_state.sessions.begin() as session:
            campaign = await get_campaign_or_404(session, campaign_id)
            await start_campaign(session, actor(request), campaign)
    except CannotStartError as error:
        return await _step(app_state, campaign_id, "launch", says=str(error))
    app_state.stats_cache.forget(TALLIES)
    return redirect(f"/campaigns/{campaign_id}", "started")


async def _step(
    app_state: AppState, campaign_id: int, step: str, *, says: str | None = None, done: str | None = None
) -> Template:
    if step not in dict(STEPS):
        raise NotFoundException("This step does not exist.")
    async with app_state.sessions() as session:
        campaign = await get_campaign_or_404(session, campaign_id)
        told = await app_state.stats_cache.get(("forecast", campaign_id), lambda: _forecast(app_state, campaign))
        context = await _of_step(session, campaign, step, app_state.clock.now())
    return render_page(
        "campaigns/set_up.html",
        "/campaigns",
        done=done,
        status=422 if says else 200,
        says=says,
        campaign=campaign,
        step=step,
        steps=STEPS,
        after=AFTER.get(step),
        forecast=told,
        carriers=[name for name in CAPABILITIES if name in app_state.carriers],
        **context,
    )


async def _of_step(session: Session, campaign: Campaign, step: str, now: datetime) -> dict[str, Any]:
    """What a step shows besides the campaign."""
    match step:
        case "leads":
            lists = await campaign_queries.lists(session, campaign)
            return {"lists": [imports.described(each, campaign.name) for each in lists]}
        case "script":
            scripts, had = await script_pages.versions(session), await lead_columns(session, campaign.name)
            lacks = {each.id: missing_columns(each.persona, each.opening, had) for each in scripts}
            return {"scripts": scripts, "lacks": lacks, "missing": lacks[campaign.script_id]}
        case "rehearse":
            last = await rehearsals.newest(session, campaign.id)
            result = last.result if last else None
            script = await campaign_queries.script_of(session, campaign)
            spoken = [each["lead_id"] for part in ("people", "meetings") for each in (result or {}).get(part, ())]
            return {
                "missing": await missing_placeholders(session, campaign),
                "script": script,
                "unnamed": await missing_business(session, campaign),
                "locked": locked_line_of(script, recorded=campaign.recording),
                "own": own_words(script.opening),
                "openings": await opening_previews(session, campaign, now),
                "last": last,
                "result": result,
                "names": await rehearsals.names_of(session, spoken),
                "most": MAX_LEADS,
            }
        case "launch":
            return {
                "missing": await missing_placeholders(session, campaign),
                "unnamed": await missing_business(session, campaign),
            }
        case _:
            return {}


async def _forecast(app_state: AppState, campaign: Campaign) -> Forecast:
    async with app_state.sessions() as session:
        return await forecast(
            session, campaign, app_state.carriers, app_state.clock.now(), app_state.settings.dialer_zone
        )


PAGES = [new, make, step_page, keep_step]
