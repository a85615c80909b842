"""Scripts, bookings, reports, switches, prices, accounts and the audit trail over the API."""

from dataclasses import asdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import available_timezones

from litestar import delete, get, post, put
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.params import FromPath, FromQuery, JSONBody
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dialer.domain.access.roles import ADMINS, READERS, Role
from dialer.services import actions
from dialer.services.accounts.manage import AccountError, invite
from dialer.services.kill_switches import release_kill_switch, throw_kill_switch
from dialer.services.prices import PriceError, remove_price, set_price
from dialer.services.scripts import FIELDS, SameScriptError, UnknownScriptError, add_script, newest
from dialer.store.campaigns import campaigns, kill_switches, prices, scripts
from dialer.store.sessions import ConstraintError
from dialer.store.system import access_log, accounts, audit, reports
from dialer.store.tables import Script
from dialer.web.app_state import InjectedState
from dialer.web.auth.idempotency import Asked, Json
from dialer.web.auth.permissions import require
from dialer.web.halted import HALTED
from dialer.wiring.voices import NAMES

MAX_LISTED = 500
AUDITORS = ADMINS | {Role.AUDITOR}
Text = Annotated[str, Field(max_length=200)]


class Version(BaseModel):
    """What is new in a script; the rest is as in its newest version, or as in `like`."""

    model_config = ConfigDict(extra="forbid")
    like: Text | None = None
    persona: Annotated[str, Field(min_length=1, max_length=50_000)] | None = None
    opening: Annotated[str, Field(min_length=1, max_length=2_000)] | None = None
    business: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None
    voice: Text | None = None
    second_voice: Text | None = None
    model: Text | None = None
    speaker: Text | None = None
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] | None = None
    languages: Annotated[list[Annotated[str, Field(pattern="^[a-z]{2}$")]], Field(max_length=20)] | None = None
    keywords: Annotated[list[Text], Field(max_length=100)] | None = None
    speed: Annotated[float, Field(ge=0.25, le=1.5)] | None = None


class Switch(BaseModel):
    """Why calls are stopped."""

    model_config = ConfigDict(extra="forbid")
    why: Annotated[str, Field(max_length=500)] = "over the API"


class Price(BaseModel):
    """What a million of a kind costs, in USD, from a day on: today where none is said."""

    model_config = ConfigDict(extra="forbid")
    model: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Annotated[str, Field(min_length=1, max_length=200)]
    per_million: Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=6)]
    since: date | None = None
    source: Annotated[str, Field(max_length=200)] | None = None


class InvitationBody(BaseModel):
    """Who to invite."""

    model_config = ConfigDict(extra="forbid")
    email: Text
    role: Role
    counselor_id: Annotated[int, Field(ge=1, lt=2**63)] | None = None


@get("/api/scripts", opt=require(READERS), tags=["scripts"])
async def list_scripts(app_state: InjectedState) -> list[Json]:
    """Every version of every script, without its text."""
    async with app_state.sessions() as session:
        return [
            {
                "name": each.script.name,
                "version": each.script.version,
                "voice": each.script.voice,
                "language": each.script.language,
                "campaigns": each.campaigns,
            }
            for each in await scripts.used(session)
        ]


@get("/api/scripts/{name:str}", opt=require(READERS), tags=["scripts"])
async def show_script(name: FromPath[str], app_state: InjectedState, version: FromQuery[int | None] = None) -> Json:
    """One version of a script in full; the newest by default."""
    if version is not None and not 0 < version < 2**31:
        raise NotFoundException("This version does not exist.")
    try:
        async with app_state.sessions() as session:
            return _script(await newest(session, name, version))
    except UnknownScriptError as error:
        raise NotFoundException(str(error)) from error


@post("/api/scripts/{name:str}", opt=require(actions.SCRIPT_ADD), tags=["scripts"])
async def make_version(name: FromPath[str], request: Asked, data: JSONBody[Version], app_state: InjectedState) -> Json:
    """Save a new version of a script, or a new script; campaigns stay on the version they use."""
    changes: dict[str, Any] = data.model_dump(exclude_none=True, exclude={"like"})
    for field in ("voice", "second_voice"):
        if changes.get(field) not in (None, *NAMES):
            raise ClientException(f"`{field}` must be one of {', '.join(NAMES)}.", status_code=422)
    try:
        async with app_state.sessions.begin() as session:
            made = await add_script(session, request.user, name, changes, like=data.like)
            return _script(made)
    except (UnknownScriptError, SameScriptError) as error:
        raise HTTPException(str(error), status_code=409) from error
    except ConstraintError as error:
        raise ClientException("A value of the script cannot be saved.", status_code=422) from error


@get("/api/reports", opt=require(READERS), tags=["reports"])
async def show_report(
    app_state: InjectedState,
    days: FromQuery[int] = 30,
    campaign: FromQuery[str | None] = None,
    zone: FromQuery[str] = "Asia/Kolkata",
) -> Json:
    """Results of the last days, of finished calls, by attempt and by day.

    `arriving` counts calls whose cost has not arrived; `cost` is what is spent as far as it is known, in USD.
    """
    if not 0 < days <= MAX_LISTED or zone not in available_timezones():
        raise ClientException(f"`days` must be 1 to {MAX_LISTED}, and `zone` an IANA time zone.", status_code=422)
    until = app_state.clock.now()
    async with app_state.sessions() as session:
        found = await campaigns.named(session, campaign) if campaign else None
        if campaign and found is None:
            raise NotFoundException(f"There is no campaign {campaign!r}.")
        told = await reports.of_span(session, until - timedelta(days=days), until, found.id if found else None, zone)
    return {
        "days": days,
        "whole": _share(told.whole),
        "rung": told.rung,
        "outcomes": dict(told.outcomes),
        "by_attempt": {str(n): _share(share) for n, share in sorted(told.by_attempt.items())},
        "by_day": {day.isoformat(): _share(share) for day, share in sorted(told.by_day.items())},
    }


@get("/api/kill-switches", opt=require(READERS), tags=["system"])
async def list_switches(app_state: InjectedState) -> dict[str, str]:
    """The kill switches that are on, by scope, and why; while `all` is on, no new calls start."""
    async with app_state.sessions() as session:
        return await kill_switches.active(session)


@put("/api/kill-switches/{carrier:str}", opt=require(actions.KILL_SWITCH_ON), tags=["system"])
async def throw_switch(
    carrier: FromPath[str], request: Asked, data: JSONBody[Switch], app_state: InjectedState
) -> Json:
    """Turn on the kill switch of a carrier or of `all`: no new calls start."""
    scope = _scope(carrier)
    async with app_state.sessions.begin() as session:
        await throw_kill_switch(session, request.user, scope, data.why)
    app_state.stats_cache.forget(HALTED)
    return {"scope": scope, "on": True}


@delete("/api/kill-switches/{carrier:str}", opt=require(actions.KILL_SWITCH_OFF), status_code=200, tags=["system"])
async def release_switch(
    carrier: FromPath[str], request: Asked, app_state: InjectedState, why: FromQuery[str] = "over the API"
) -> Json:
    """Turn off a kill switch, and say `why`; administrators only."""
    scope = _scope(carrier)
    async with app_state.sessions.begin() as session:
        was_on = await release_kill_switch(session, request.user, scope, why[:200])
    app_state.stats_cache.forget(HALTED)
    return {"scope": scope, "on": False, "was_on": was_on}


@get("/api/prices", opt=require(READERS), tags=["system"])
async def list_prices(app_state: InjectedState) -> list[Json]:
    """Prices, each with its first day and its source."""
    async with app_state.sessions() as session:
        return [
            {
                "model": each.model,
                "kind": each.kind,
                "per_million": str(each.per_million),
                "since": each.since.isoformat(),
                "source": each.source,
            }
            for each in await prices.list_all(session)
        ]


@put("/api/prices", opt=require(actions.PRICE_SET), tags=["system"])
async def put_price(request: Asked, data: JSONBody[Price], app_state: InjectedState) -> Json:
    """Set a price; calls of earlier days keep theirs. The price of a million rupees is that of `INR`, `money`."""
    day, source = data.since or app_state.clock.now().date(), data.source or f"set by {request.user.email}"
    try:
        async with app_state.sessions.begin() as session:
            priced = await set_price(session, request.user, data.model, data.kind, data.per_million, day, source)
            per_million = str(data.per_million)
            what = {"model": data.model, "kind": data.kind, "per_million": per_million, "since": day.isoformat()}
    except PriceError as error:
        raise ClientException(str(error), status_code=422) from error
    return {**what, "calls_priced": priced}


@delete("/api/prices", opt=require(actions.PRICE_REMOVE), status_code=200, tags=["system"])
async def delete_price(
    request: Asked, app_state: InjectedState, model: FromQuery[str], kind: FromQuery[str], since: FromQuery[date]
) -> Json:
    """Remove one price; the previous one applies again. Costs of finished calls do not change."""
    try:
        async with app_state.sessions.begin() as session:
            await remove_price(session, request.user, model, kind, since)
    except PriceError as error:
        raise NotFoundException(str(error)) from error
    return {"model": model, "kind": kind, "since": since.isoformat(), "removed": True}


@get("/api/accounts", opt=require(ADMINS), tags=["accounts"])
async def list_accounts(app_state: InjectedState) -> list[Json]:
    """All accounts."""
    async with app_state.sessions() as session:
        return [
            {"email": each.email, "role": each.role, "active": each.active, "invited": each.password_hash is None}
            for each in await accounts.list_all(session)
        ]


@post("/api/accounts", opt=require(actions.ACCOUNT_INVITE), tags=["accounts"])
async def make_account(request: Asked, data: JSONBody[InvitationBody], app_state: InjectedState) -> Json:
    """Invite a person: returns a link to set a password, valid once, for three days."""
    try:
        async with app_state.sessions.begin() as session:
            made = await invite(
                session,
                request.user,
                data.email,
                data.role,
                counselor_id=data.counselor_id,
                new_only=request.user.is_token,
            )
    except AccountError as error:
        raise ClientException(str(error), status_code=422) from error
    link = f"{app_state.settings.public_url}/invitation/{made.key}"
    return {"email": made.email, "link": link, "until": made.expires_at.isoformat()}


@get("/api/audit", opt=require(AUDITORS), tags=["accounts"])
async def show_trail(app_state: InjectedState, before: FromQuery[int | None] = None) -> Json:
    """Audit log, newest first: `{entries, next}`; pass `next` as `before` for older entries."""
    older = None if before is None else min(before, 2**63 - 1)
    async with app_state.sessions() as session:
        entries = await audit.list_newest(session, MAX_LISTED, before=older)
    told = [
        {"id": each.id, "at": each.at.isoformat(), "who": each.actor, "did": each.action, "what": each.details}
        for each in entries
    ]
    return {"entries": told, "next": entries[-1].id if len(entries) == MAX_LISTED else None}


def _scope(carrier: str) -> str:
    if carrier == kill_switches.ALL:
        return kill_switches.ALL
    if carrier not in ("twilio", "exotel"):
        raise NotFoundException("The scope is `all` or a carrier.")
    return kill_switches.carrier_scope(carrier)


def _script(script: Script) -> Json:
    return {"name": script.name, "version": script.version} | {field: getattr(script, field) for field in FIELDS}


def _share(share: reports.Share) -> Json:
    return {key: str(value) if isinstance(value, Decimal) else value for key, value in asdict(share).items()}


@get("/api/access-log", opt=require(AUDITORS), tags=["accounts"])
async def show_access_log(app_state: InjectedState, before: FromQuery[int | None] = None) -> Json:
    """Reads of personal data, newest first: `{entries, next}`; pass `next` as `before` for older entries."""
    older = None if before is None else min(before, 2**63 - 1)
    async with app_state.sessions() as session:
        entries = await access_log.list_newest(session, MAX_LISTED, before=older)
    listed = [
        {"id": entry.id, "at": entry.at.isoformat(), "who": entry.actor, "did": entry.action, "what": entry.details}
        for entry in entries
    ]
    return {"entries": listed, "next": entries[-1].id if len(entries) == MAX_LISTED else None}


API = [
    *(list_scripts, show_script, make_version, show_report, list_switches, throw_switch, release_switch),
    *(list_prices, put_price, delete_price, list_accounts, make_account, show_trail, show_access_log),
]
