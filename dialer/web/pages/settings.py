"""Settings: what the workspace runs on, the kill switch, prices, how long recordings are kept, and the doctor."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from litestar import get, post
from litestar.params import FromQuery
from litestar.response import Redirect, Template
from pydantic import BaseModel, Field, StringConstraints

from dialer.bus import live_feed
from dialer.domain.access.roles import READERS
from dialer.domain.calling.cost import KINDS, MONEY
from dialer.domain.compliance.rule_loader import RULES
from dialer.domain.compliance.rules import coverage
from dialer.isolated.runner import TaskError, run_isolated
from dialer.isolated.tasks import RUN_CHECKS, NoRequest
from dialer.services import actions
from dialer.services.dialing.call_now import CallRequested as Rung
from dialer.services.dialing.call_now import call_now
from dialer.services.kill_switches import release_kill_switch, throw_kill_switch
from dialer.services.prices import PriceError
from dialer.services.prices import remove_price as drop_price
from dialer.services.prices import set_price as keep_price
from dialer.services.workspace_limits import LimitsError, read_limits, set_limits
from dialer.store.campaigns import kill_switches, prices
from dialer.store.campaigns.campaign_queries import list_all
from dialer.store.leads import do_not_call
from dialer.store.system import action_items
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.halted import HALTED
from dialer.web.pages.forms import Asked, FormError, actor, actor_email, read
from dialer.web.render import redirect, render_page
from dialer.wiring.accounts import CAPABILITIES, has_credentials
from dialer.wiring.voices import NAMES, make_voices

HERE = "/settings"
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Phone(BaseModel):
    """The number to try the line with."""

    phone: Annotated[str, Field(max_length=40)]


class ChangedLimits(BaseModel):
    """The workspace's limits, as the form sends them."""

    calls_per_number_day: int
    spend_day: Decimal
    single_calls_day: int


class Switch(BaseModel):
    """Which switch, and why it is thrown."""

    carrier: Annotated[str, Field(max_length=40)] = ""
    why: Annotated[str, Field(max_length=200)] = "by hand"


class NewPrice(BaseModel):
    """What a million of something costs from a day on."""

    model: Text
    kind: Text
    per_million: Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=6)]
    since: date | None = None
    source: Annotated[str, Field(max_length=200)] = "set by hand"


class OldPrice(BaseModel):
    """One price of the list."""

    model: Text
    kind: Text
    since: date


@get(HERE, include_in_schema=False, opt=require(READERS))
async def page(app_state: InjectedState, done: FromQuery[str | None] = None) -> Template:
    """The page."""
    return await _page(app_state, done=done)


async def _page(app_state: AppState, **more: Any) -> Template:
    settings, today = app_state.settings, app_state.clock.now().date()
    async with app_state.sessions() as session:
        thrown = await action_items.switches(session)
        known = await prices.list_all(session)
        campaigns = await list_all(session, 50)
        registries = await do_not_call.registries(session)
        limits = await read_limits(session)
    has = has_credentials(settings)
    carriers = [
        (name, has[name], app_state.carriers[name].from_number if name in app_state.carriers else "", capabilities)
        for name, capabilities in CAPABILITIES.items()
    ]
    spoken = set(make_voices(settings))
    return render_page(
        "settings/page.html",
        HERE,
        thrown={each.scope: each for each in thrown},
        carriers=carriers,
        voices=[(name, name in spoken) for name in NAMES],
        prices=known,
        kinds=KINDS,
        campaigns=campaigns,
        registries=registries,
        limits=limits,
        rules=RULES,
        gaps=coverage(today),
        settings=settings,
        is_moved=settings.dialer_clock is not None,
        **more,
    )


@post(f"{HERE}/ring", include_in_schema=False, status_code=200, opt=require(actions.CALL_START))
async def ring(request: Asked, app_state: InjectedState) -> Template:
    """Ring one's own phone, under every rule that binds a call to a lead."""
    said = await read(request, Phone)
    if isinstance(said, FormError):
        return await _page(app_state, says=said.says, status=422)
    async with app_state.sessions.begin() as session:
        asked = await call_now(
            session,
            actor(request),
            app_state.carriers,
            said.phone,
            app_state.clock.now(),
            campaign_name=None,
            name=actor_email(request),
        )
    if not isinstance(asked, Rung):
        return await _page(app_state, says=asked.says, status=409)
    await live_feed.request_call(app_state.redis, asked.call_id)
    return await _page(app_state, rung=asked)


@post(f"{HERE}/limits", include_in_schema=False, status_code=200, opt=require(actions.LIMITS_SET))
async def change_limits(request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Change the workspace's limits."""
    said = await read(request, ChangedLimits)
    if isinstance(said, FormError):
        return await _page(app_state, says=said.says, status=422)
    try:
        async with app_state.sessions.begin() as session:
            await set_limits(session, actor(request), **said.model_dump())
    except LimitsError as error:
        return await _page(app_state, says=str(error), status=422)
    return redirect(HERE, "saved")


@post(f"{HERE}/kill", include_in_schema=False, status_code=200, opt=require(actions.KILL_SWITCH_ON))
async def throw(request: Asked, app_state: InjectedState) -> Redirect:
    """Throw a kill switch."""
    said = await read(request, Switch)
    wanted = Switch() if isinstance(said, FormError) else said
    async with app_state.sessions.begin() as session:
        await throw_kill_switch(session, actor(request), _scope(wanted), wanted.why)
    app_state.stats_cache.forget(HALTED)
    return redirect(HERE, "thrown")


@post(f"{HERE}/release", include_in_schema=False, status_code=200, opt=require(actions.KILL_SWITCH_OFF))
async def release(request: Asked, app_state: InjectedState) -> Redirect:
    """Release a kill switch; for administrators, as by the API."""
    said = await read(request, Switch)
    wanted = Switch() if isinstance(said, FormError) else said
    async with app_state.sessions.begin() as session:
        await release_kill_switch(session, actor(request), _scope(wanted), wanted.why)
    app_state.stats_cache.forget(HALTED)
    return redirect(HERE, "released")


def _scope(wanted: Switch) -> str:
    return kill_switches.carrier_scope(wanted.carrier) if wanted.carrier in CAPABILITIES else kill_switches.ALL


@post(f"{HERE}/prices", include_in_schema=False, status_code=200, opt=require(actions.PRICE_SET))
async def set_price(request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Set a price; calls of earlier days keep theirs."""
    said = await read(request, NewPrice)
    if isinstance(said, FormError):
        return await _page(app_state, says=said.says, status=422)
    day = said.since or app_state.clock.now().date()
    try:
        async with app_state.sessions.begin() as session:
            known = {each.model for each in await prices.list_all(session)}
            await keep_price(session, actor(request), said.model, said.kind, said.per_million, day, said.source)
    except PriceError as error:
        return await _page(app_state, says=str(error), price=said, status=422)
    return redirect(HERE, "saved" if said.model in known or said.kind == MONEY else "price-of-new-model")


@post(f"{HERE}/prices/remove", include_in_schema=False, status_code=200, opt=require(actions.PRICE_REMOVE))
async def remove_price(request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Remove a price; the one before it counts again."""
    said = await read(request, OldPrice)
    if isinstance(said, FormError):
        return await _page(app_state, says=said.says, status=422)
    try:
        async with app_state.sessions.begin() as session:
            await drop_price(session, actor(request), said.model, said.kind, said.since)
    except PriceError as error:
        return await _page(app_state, says=str(error), status=422)
    return redirect(HERE, "removed-price")


@get(f"{HERE}/doctor", include_in_schema=False, opt=require(READERS))
async def doctor(app_state: InjectedState, run: FromQuery[bool] = False) -> Template:
    """The findings of `dialer doctor`, which take up to 20 s: the page comes at once and loads them with `run`."""
    if not run:
        return render_page("settings/doctor.html", HERE, findings=None)

    async def examine() -> tuple[list[dict[str, str]], str]:
        try:
            return await run_isolated(RUN_CHECKS, NoRequest(), app_state.settings), ""
        except TaskError as error:
            return [], str(error)

    findings, failed = await app_state.stats_cache.get("doctor", examine)
    return render_page("settings/doctor.html", HERE, findings=findings, says=failed or None)


PAGES = [page, ring, change_limits, throw, release, set_price, remove_price, doctor]
