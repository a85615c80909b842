"""What each role may: every handler says it, and one that does not say it is for administrators alone.

    @get("/leads", opt=require(READERS))

Told in a guard on the router, so that a route that is added is shut until somebody opens it on purpose.
"""

from typing import Any, TypeAlias
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection, Request
from litestar.enums import ScopeType
from litestar.exceptions import (
    HTTPException,
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
)
from litestar.handlers import BaseRouteHandler
from redis.asyncio import Redis

from dialer.domain.access.rates import Rate
from dialer.domain.access.roles import ADMINS, Roles, required_scope
from dialer.services.actions import Action
from dialer.services.actor import Actor
from dialer.settings import Settings
from dialer.web.auth.csrf import token_is_right
from dialer.web.auth.rate_limits import is_exceeded

MAY, RATE, BROWSER = "may", "rate", "browser"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CHANGE_FIRST = "/account/password"
ENROLL = ("/account", "/sign-out", "/static/")
"""Where an account may go that still has to set up its second factor."""
Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]


def require(what: Roles | Action, rate: Rate | None = None, *, browser: bool = False) -> dict[str, Any]:
    """A handler's `opt`: the roles that may use it and how often, of an action or named; `browser` refuses API tokens."""
    if isinstance(what, Action):
        return {MAY: what.roles, RATE: rate or what.rate, BROWSER: browser}
    return {MAY: what, RATE: rate, BROWSER: browser}


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let in who may come in.

    Raises:
        NotAuthorizedException: nobody is signed in.
        PermissionDeniedException: not by this role or token, or asked by another site's page.
        TooManyRequestsException: too often.
    """
    refuse_foreign(connection, connection.app.state.app_state.settings)
    caller: Actor | None = connection.scope.get("user")
    if caller is None:
        raise NotAuthorizedException("Sign in first.")
    roles: Roles = handler.opt.get(MAY, ADMINS)
    changes = connection.scope.get("method", "GET") not in SAFE
    if caller.role not in roles:
        raise PermissionDeniedException(f"Your role ({caller.role.value}) does not have access to this.")
    if required_scope(roles, changes=changes) not in caller.scopes:
        raise PermissionDeniedException(
            f"This API token needs the scope {required_scope(roles, changes=changes).value}."
        )
    if handler.opt.get(BROWSER) and not caller.key_hash:
        raise PermissionDeniedException("An API token cannot change how an account signs in. Sign in with a browser.")
    if caller.must_change and not connection.url.path.startswith((CHANGE_FIRST, "/sign-out", "/static/")):
        raise HTTPException("Choose a new password first.", status_code=403, extra={"to": CHANGE_FIRST})
    demanded = connection.app.state.app_state.settings.second_factor_roles
    if not caller.has_second_factor and caller.role.value in demanded and not connection.url.path.startswith(ENROLL):
        raise HTTPException("Set up two-factor authentication first.", status_code=403, extra={"to": ENROLL[0]})
    rate: Rate | None = handler.opt.get(RATE)
    # This machine's own commands have no account, and nobody to slow down.
    if rate is not None and caller.account_id and await is_exceeded(_redis(connection), rate, str(caller.account_id)):
        raise TooManyRequestsException(f"Too many requests: at most {rate.most} in {rate.within_s // 60} minutes.")
    if changes and caller.key_hash and isinstance(connection, Request):
        await token_is_right(connection, caller.key_hash)


def _redis(connection: Connection) -> Redis:
    redis: Redis = connection.app.state.app_state.redis
    return redis


def refuse_foreign(connection: Connection, settings: Settings) -> None:
    """Another site's page may neither change anything nor open a socket. Raises PermissionDeniedException."""
    is_socket = connection.scope["type"] == ScopeType.WEBSOCKET
    if not is_socket and connection.scope.get("method", "GET") in SAFE:
        return
    origin = connection.headers.get("origin")
    site = connection.headers.get("sec-fetch-site", "same-origin")
    ours = {urlsplit(settings.public_url).netloc, connection.headers.get("host", "")}
    if (origin is not None and urlsplit(origin).netloc not in ours) or site not in ("same-origin", "none"):
        raise PermissionDeniedException("Cross-site request rejected.")
