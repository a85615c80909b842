"""In and out: `/sign-in`, `/sign-out`, `/invitation/{key}`. Open to everybody; who guesses is slowed down."""

from typing import Annotated
from urllib.parse import quote, unquote, urlsplit

from litestar import Request, get, post
from litestar.datastructures import Cookie, State
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template
from pydantic import BaseModel, Field

from dialer.domain.access.rates import SIGN_IN
from dialer.domain.access.roles import EVERYBODY
from dialer.services.accounts.manage import AccountError, accept_invitation, find_invitation
from dialer.services.accounts.sign_in import SignInRefused, sign_in, sign_out
from dialer.services.accounts.totp import Sealer
from dialer.services.actor import Actor
from dialer.settings import Settings
from dialer.web.app_state import InjectedState
from dialer.web.auth.identity import address_of, cookie_name
from dialer.web.auth.permissions import refuse_foreign, require
from dialer.web.auth.rate_limits import is_exceeded

HOME = "/"
CHOSEN, CHOSEN_FOR_S = "dialer_chosen", 600
"""The cookie that brings the email address from an accepted invitation to the sign-in page, and how long it lasts."""
SLOW_DOWN = "Too many attempts. Wait a few minutes and try again."
NO_INVITATION = "This invitation was already used or has expired. Ask your administrator for a new one."
Asked = Request[Actor | None, object, State]
Text = Annotated[str, Field(max_length=200)]


class Credentials(BaseModel):
    """What a sign-in sends."""

    email: Text
    password: Text
    code: Text = ""
    to: Annotated[str, Field(max_length=500)] = HOME


class Chosen(BaseModel):
    """A password, twice."""

    password: Text
    again: Text


@get("/sign-in", include_in_schema=False)
async def sign_in_page(request: Asked, to: FromQuery[str] = HOME) -> Template | Redirect:
    """The form; who is in already goes on."""
    if request.user and request.user.key_hash:
        return Redirect(own(to))
    return _form(to=own(to), email=unquote(request.cookies.get(CHOSEN, "")), done=CHOSEN in request.cookies)


@post("/sign-in", include_in_schema=False, status_code=200)
async def do_sign_in(
    request: Asked, app_state: InjectedState, data: URLEncodedBody[Credentials]
) -> Template | Redirect:
    """Let somebody in, with a new key whatever the browser sent."""
    refuse_foreign(request, app_state.settings)
    address = address_of(request, app_state.settings)
    if await is_exceeded(app_state.redis, SIGN_IN, address):
        return _form(to=own(data.to), email=data.email, says=SLOW_DOWN, status=429)
    async with app_state.sessions.begin() as session:
        found = await sign_in(
            session,
            data.email,
            data.password,
            data.code,
            Sealer(app_state.links.secret),
            address=address,
            browser=request.headers.get("user-agent", ""),
        )
    if isinstance(found, SignInRefused):
        return _form(to=own(data.to), email=data.email, says=found.says, wants_code=found.wants_code, status=401)
    return Redirect(
        own(data.to), cookies=[cookie(app_state.settings, found.key), _chosen(app_state.settings, "")], status_code=303
    )


@post("/sign-out", include_in_schema=False, opt=require(EVERYBODY))
async def do_sign_out(request: Asked, app_state: InjectedState) -> Redirect:
    """This browser is out; its cookie is taken back."""
    async with app_state.sessions.begin() as session:
        if request.user is not None:
            await sign_out(session, request.user)
    return Redirect("/sign-in", cookies=[cookie(app_state.settings, "", max_age=0)], status_code=303)


@get("/invitation/{key:str}", include_in_schema=False)
async def invitation_page(key: FromPath[str], app_state: InjectedState) -> Template:
    """Choose a password."""
    async with app_state.sessions() as session:
        email = await find_invitation(session, key)
    return _invitation(email, "" if email else NO_INVITATION, status=200 if email else 410)


@post("/invitation/{key:str}", include_in_schema=False, status_code=200)
async def take_invitation(
    key: FromPath[str], request: Asked, app_state: InjectedState, data: URLEncodedBody[Chosen]
) -> Template | Redirect:
    """The password is chosen: sign in with it."""
    refuse_foreign(request, app_state.settings)
    async with app_state.sessions() as session:
        email = await find_invitation(session, key)
    if email is None:
        return _invitation(None, NO_INVITATION, status=410)
    if data.password != data.again:
        return _invitation(email, "The passwords do not match.", status=422)
    try:
        async with app_state.sessions.begin() as session:
            await accept_invitation(session, key, data.password)
    except AccountError as error:
        return _invitation(email, str(error), status=422)
    return Redirect("/sign-in", cookies=[_chosen(app_state.settings, email)], status_code=303)


def cookie(settings: Settings, key: str, *, max_age: int | None = None) -> Cookie:
    """The cookie of a session: read by no script, sent by no other site, over TLS only where there is any."""
    return Cookie(
        key=cookie_name(settings),
        value=key,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.public_url.startswith("https://"),
        max_age=max_age,
    )


def _chosen(settings: Settings, email: str) -> Cookie:
    """Whose password was just chosen, for the sign-in page; an empty address deletes it."""
    return Cookie(
        key=CHOSEN,
        value=quote(email, safe=""),
        path="/sign-in",
        httponly=True,
        samesite="lax",
        secure=settings.public_url.startswith("https://"),
        max_age=CHOSEN_FOR_S if email else 0,
    )


def own(to: str) -> str:
    """Where to go on: a page of ours, or home."""
    app_state = urlsplit(to)
    is_path = to.startswith("/") and not to.startswith(("//", "/\\")) and not app_state.netloc and not app_state.scheme
    return to if is_path and "\\" not in to and to.isprintable() else HOME


def _form(
    *, to: str, email: str = "", says: str = "", wants_code: bool = False, done: bool = False, status: int = 200
) -> Template:
    told = {"to": to, "email": email, "says": says, "wants_code": wants_code, "done": done}
    return Template("auth/sign_in.html", context=told, status_code=status)


def _invitation(email: str | None, says: str, *, status: int) -> Template:
    return Template("auth/invitation.html", context={"email": email, "says": says}, status_code=status)


PAGES = [sign_in_page, do_sign_in, invitation_page, take_invitation]
"""Open to everybody."""
SIGNED_IN = [do_sign_out]
