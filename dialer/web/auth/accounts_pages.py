"""Everybody's accounts, for administrators: `/settings/accounts`, and the audit trail."""

import asyncio
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect, Template
from pydantic import BaseModel, Field

from dialer.domain.access.roles import ADMINS, Role
from dialer.services import actions
from dialer.services.accounts.manage import AccountError, change_role, invite
from dialer.services.actor import Actor
from dialer.store.meetings import counselors
from dialer.store.system import access_log, accounts, audit
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.render import render_page
from dialer.wiring.audit_anchors import read_anchors

PAGE, MOST_VERIFIED = 100, 10_000
AUDITORS = ADMINS | {Role.AUDITOR}
Asked = Request[Actor, object, State]


class Guest(BaseModel):
    """Whom to invite."""

    email: Annotated[str, Field(max_length=200)]
    role: Role
    counselor: int | None = None


class Changed(BaseModel):
    """What becomes of an account."""

    account: int
    role: Role | None = None
    active: bool = True


@get("/settings/accounts", include_in_schema=False, opt=require(ADMINS))
async def accounts_page(app_state: InjectedState) -> Template:
    """Everybody."""
    return await _page(app_state)


@post("/settings/accounts/invite", include_in_schema=False, opt=require(actions.ACCOUNT_INVITE), status_code=200)
async def invite_somebody(request: Asked, app_state: InjectedState, data: URLEncodedBody[Guest]) -> Template:
    """An invitation; its link is shown this once, to be sent to them."""
    try:
        async with app_state.sessions.begin() as session:
            made = await invite(
                session,
                request.user,
                data.email,
                data.role,
                counselor_id=data.counselor,
                new_only=request.user.is_token,
            )
    except AccountError as error:
        return await _page(app_state, says=str(error), status=422, given=data)
    return await _page(app_state, link=f"{app_state.settings.public_url}/invitation/{made.key}", invited=made.email)


@post("/settings/accounts/change", include_in_schema=False, opt=require(actions.ACCOUNT_UPDATE), status_code=200)
async def change_somebody(
    request: Asked, app_state: InjectedState, data: URLEncodedBody[Changed]
) -> Template | Redirect:
    """Another role, switched off or on."""
    try:
        async with app_state.sessions.begin() as session:
            await change_role(session, request.user, data.account, data.role, active=data.active)
    except AccountError as error:
        return await _page(app_state, says=str(error), status=422)
    return Redirect("/settings/accounts", status_code=303)


@get("/settings/audit", include_in_schema=False, opt=require(AUDITORS))
async def audit_page(
    app_state: InjectedState,
    before: FromQuery[int | None] = None,
    verify: FromQuery[bool] = False,
    log: FromQuery[str] = "changes",
) -> Template:
    """Changes (or, with `log=access`, reads of personal data), newest first; a long chain is verified only on request."""
    if log == "access":
        async with app_state.sessions() as session:
            reads = await access_log.list_newest(session, PAGE, before=before or None)
        more = reads[-1].id if len(reads) == PAGE else None
        return render_page("auth/audit.html", "/settings/audit", entries=reads, log="access", more=more)
    anchors = await asyncio.to_thread(read_anchors, app_state.settings.dialer_data_dir)
    async with app_state.sessions() as session:
        entries = await audit.list_newest(session, PAGE, before=before or None)
        short = before is None and (not entries or entries[0].id <= MOST_VERIFIED)
        whole = await audit.verify(session, anchors) if short or verify else None
    more = entries[-1].id if len(entries) == PAGE else None
    return render_page("auth/audit.html", "/settings/audit", entries=entries, log="changes", whole=whole, more=more)


async def _page(app_state: AppState, *, says: str = "", status: int = 200, **more: Any) -> Template:
    async with app_state.sessions() as session:
        told: dict[str, Any] = {
            "accounts": await accounts.list_all(session),
            "counselors": await counselors.list_active(session),
        }
    told |= {"roles": list(Role), "says": says}
    return render_page("auth/accounts.html", "/settings/accounts", status=status, **told, **more)


SIGNED_IN = [accounts_page, invite_somebody, change_somebody, audit_page]
