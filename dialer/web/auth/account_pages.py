"""Your account: `/account` with password, two-factor authentication, signed-in browsers and API tokens.

For browsers only: an API token changes no password, no second factor and makes no other token.
"""

import base64
import io
from typing import Annotated, Any

import segno
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect, Template
from pydantic import BaseModel, Field

from dialer.domain.access.rates import PASSWORD
from dialer.domain.access.roles import EVERYBODY, Scope
from dialer.services.accounts.change_totp import disable_totp, enable_totp
from dialer.services.accounts.manage import AccountError, add_token, change_password, confirm_password, revoke_token
from dialer.services.accounts.sign_in import sign_out_everywhere
from dialer.services.accounts.totp import Sealer, new_secret, provisioning_uri
from dialer.services.actor import Actor
from dialer.store.system import api_tokens, sign_ins
from dialer.store.tables import Account
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.auth.sign_in_pages import Chosen
from dialer.web.render import render_page

Asked = Request[Actor, object, State]
Text = Annotated[str, Field(max_length=200)]
OWNER = require(EVERYBODY, PASSWORD, browser=True)
"""For the account's owner in a browser, with a limit on guesses of the password."""


class Changed(Chosen):
    """Another password, and the present one."""

    present: Text = ""


class Code(BaseModel):
    """A code of the authenticator, the sealed secret that it is to prove, and the current password."""

    code: Text
    present: Text = ""
    sealed: Annotated[str, Field(max_length=500)] = ""


class NewToken(BaseModel):
    """A token's name and access, and the current password."""

    name: Text
    present: Text = ""
    scope: Scope = Scope.READ
    days: Annotated[int, Field(ge=1, le=3650)] = 365


class Named(BaseModel):
    """A token by its name."""

    name: Text


@get("/account", include_in_schema=False, opt=require(EVERYBODY, browser=True))
async def account_page(request: Asked, app_state: InjectedState, revoked: FromQuery[int] = 0) -> Template:
    """The page; `revoked` is how many API tokens a new password has just revoked."""
    return await _page(request, app_state, revoked=revoked)


@get("/account/password", include_in_schema=False, opt=require(EVERYBODY, browser=True))
async def password_page(request: Asked, app_state: InjectedState) -> Template:
    """The same page; where somebody is sent who has to choose a password first."""
    return await _page(request, app_state)


@post("/account/password", include_in_schema=False, opt=OWNER, status_code=200)
async def choose_password(
    request: Asked, app_state: InjectedState, data: URLEncodedBody[Changed]
) -> Template | Redirect:
    """Another password; all other browsers are signed out."""
    if data.password != data.again:
        return await _page(request, app_state, says="The passwords do not match.", status=422)
    try:
        async with app_state.sessions.begin() as session:
            revoked = await change_password(
                session, _own(request), data.present, data.password, keep=request.user.key_hash
            )
    except AccountError as error:
        return await _page(request, app_state, says=str(error), status=422)
    return Redirect(f"/account?revoked={revoked}" if revoked else "/account", status_code=303)


@post("/account/second-factor", include_in_schema=False, opt=require(EVERYBODY, browser=True), status_code=200)
async def begin_second_factor(request: Asked, app_state: InjectedState) -> Template:
    """A new secret to be scanned; nothing is kept before its first code was given."""
    secret = new_secret()
    address = provisioning_uri(secret, request.user.email)
    picture = io.BytesIO()
    segno.make(address).save(picture, kind="svg", scale=4, border=2, xmldecl=False, svgns=True)
    offered = {
        "secret": secret,
        "sealed": Sealer(app_state.links.secret).seal(secret),
        "picture": _data(picture.getvalue()),
    }
    return await _page(request, app_state, offered=offered)


@post("/account/second-factor/on", include_in_schema=False, opt=OWNER, status_code=200)
async def keep_second_factor(request: Asked, app_state: InjectedState, data: URLEncodedBody[Code]) -> Template:
    """Switch it on, once its code was given; the recovery codes are shown this once."""
    sealer = Sealer(app_state.links.secret)
    try:
        async with app_state.sessions.begin() as session:
            codes = await enable_totp(
                session, _own(request), sealer, sealed=data.sealed, code=data.code, password=data.present
            )
    except AccountError as error:
        return await _page(request, app_state, says=str(error), status=422)
    return await _page(request, app_state, recovery_codes=codes)


@post("/account/second-factor/off", include_in_schema=False, opt=OWNER, status_code=200)
async def drop_second_factor(
    request: Asked, app_state: InjectedState, data: URLEncodedBody[Code]
) -> Template | Redirect:
    """Switch it off; a code is asked for once more."""
    sealer = Sealer(app_state.links.secret)
    try:
        async with app_state.sessions.begin() as session:
            await disable_totp(session, _own(request), sealer, code=data.code, password=data.present)
    except AccountError as error:
        return await _page(request, app_state, says=str(error), status=422)
    return Redirect("/account", status_code=303)


@post("/account/browsers/sign-out", include_in_schema=False, opt=require(EVERYBODY, browser=True))
async def sign_others_out(request: Asked, app_state: InjectedState) -> Redirect:
    """All browsers but this one are out."""
    async with app_state.sessions.begin() as session:
        await sign_out_everywhere(session, _own(request), but=request.user.key_hash)
    return Redirect("/account", status_code=303)


@post("/account/tokens", include_in_schema=False, opt=OWNER, status_code=200)
async def make_token(request: Asked, app_state: InjectedState, data: URLEncodedBody[NewToken]) -> Template:
    """A token of the API, shown this once."""
    scopes = {Scope.READ, data.scope} | ({Scope.WRITE} if data.scope is Scope.ADMIN else set())
    try:
        async with app_state.sessions.begin() as session:
            await confirm_password(session, _own(request), data.present)
            token = await add_token(session, _own(request), data.name, scopes, by=request.user.email, days=data.days)
    except AccountError as error:
        return await _page(request, app_state, says=str(error), status=422)
    return await _page(request, app_state, token=token)


@post("/account/tokens/revoke", include_in_schema=False, opt=require(EVERYBODY, browser=True))
async def take_token_back(request: Asked, app_state: InjectedState, data: URLEncodedBody[Named]) -> Redirect:
    """The token is no good from now on."""
    async with app_state.sessions.begin() as session:
        await revoke_token(session, _own(request), data.name, by=request.user.email)
    return Redirect("/account", status_code=303)


def _own(request: Asked) -> int:
    """The caller's account. Raises NotFoundException for a command of this machine, which has none."""
    if not request.user.account_id:
        raise NotFoundException("This page needs a signed-in account.")
    return request.user.account_id


async def _page(request: Asked, app_state: AppState, *, says: str = "", status: int = 200, **more: Any) -> Template:
    mine = _own(request)
    async with app_state.sessions() as session:
        account = await session.get_one(Account, mine)
        browsers = await sign_ins.list_of_account(session, mine)
        tokens = await api_tokens.list_active(session, mine)
    told: dict[str, Any] = {"account": account, "browsers": browsers, "tokens": tokens, "says": says}
    return render_page("auth/account.html", "/account", status=status, **told, **more)


def _data(svg: bytes) -> str:
    """A picture in an address, so that the page needs no other."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


SIGNED_IN = [
    *(account_page, password_page, choose_password, begin_second_factor, keep_second_factor, drop_second_factor),
    *(sign_others_out, make_token, take_token_back),
]
