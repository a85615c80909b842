"""Who sends a request: a browser session, an API token, or the operator's token from the data folder; else nobody.

Coming from loopback is no credential: a forwarder on the same machine brings the internet there. The middleware only
identifies the caller; what the caller may do is decided by the guard (`auth.permissions`).
"""

import secrets
from typing import Any, TypeAlias

from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from dialer.domain.access.roles import Role
from dialer.services.accounts.sign_in import TOKEN_PREFIX, session_actor, token_actor
from dialer.services.actor import Actor
from dialer.settings import Settings
from dialer.web.app_state import AppState
from dialer.web.halted import HALTED, active_kill_switches

OPERATOR = Actor(0, "operator", Role.ADMIN)
"""Whoever can read the operator's token could as well open the database."""
Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]


class AuthenticationMiddleware(AbstractAuthenticationMiddleware):
    """Puts the caller, or None, on the connection as `user`."""

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        """Find out who asks; nothing is refused here. A page for a person also learns which kill switches are on."""
        app_state: AppState = connection.app.state.app_state
        caller = await actor_of(connection, app_state)
        is_page = "text/html" in connection.headers.get("accept", "") or "hx-request" in connection.headers
        if caller is not None and is_page:
            connection.scope["state"][HALTED] = await active_kill_switches(app_state)
        return AuthenticationResult(user=caller, auth=None)


async def actor_of(connection: Connection, app_state: AppState) -> Actor | None:
    """Identify the caller. A wrong token is nobody, whatever else the request carries."""
    authorization = connection.headers.get("authorization", "")
    if authorization.lower().startswith("bearer ") or connection.headers.get("x-api-key"):
        token = connection.headers.get("x-api-key") or authorization[7:].strip()
        if secrets.compare_digest(token.encode(), app_state.operator_token.encode()):
            return OPERATOR
        if not token.startswith(TOKEN_PREFIX):
            return None
        async with app_state.sessions.begin() as session:
            return await token_actor(session, token)
    if key := connection.cookies.get(cookie_name(app_state.settings)):
        async with app_state.sessions.begin() as session:
            return await session_actor(session, key)
    return None


def cookie_name(settings: Settings) -> str:
    """The cookie's name: with TLS the `__Host-` prefix keeps other hosts of the domain from setting it."""
    return "__Host-dialer" if settings.public_url.startswith("https://") else "dialer"


def address_of(connection: Connection, settings: Settings) -> str:
    """Return the client's address: the one that the outermost of our `DIALER_PROXIES` proxies saw, else the peer's.

    A proxy may append to the header's line or add a line of its own, so all lines count; what stands left of our
    proxies' entries was written by the client and is not read. Empty where fewer proxies than that added an entry.
    """
    if settings.dialer_proxies:
        lines = connection.headers.getall("x-forwarded-for", [])
        hops = [hop.strip() for hop in ",".join(lines).split(",") if hop.strip()]
        return hops[-settings.dialer_proxies] if len(hops) >= settings.dialer_proxies else ""
    return connection.client.host if connection.client else ""
