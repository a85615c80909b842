"""Who asks: the browser's cookie, a program's token, or a command of this machine; else nobody.

The middleware only finds out; what somebody may do is the guards' (`auth.permissions`). A request without marks of a browser or
a proxy, from this machine by a loopback name, to a dialer that nothing outside can reach (its public address is on
loopback too), is this machine's own operator, who could as well open the database.
"""

from typing import Any, TypeAlias
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from dialer.domain.access.roles import Role
from dialer.services.accounts.sign_in import TOKEN_PREFIX, session_actor, token_actor
from dialer.services.actor import Actor
from dialer.settings import LOOPBACK, Settings, is_loopback
from dialer.web.app_state import AppState
from dialer.web.halted import HALTED, active_kill_switches

PROXY_MARKS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
BROWSER_MARKS = ("sec-fetch-site", "sec-fetch-mode", "origin", "cookie", "referer")
OPERATOR = Actor(0, "this machine", Role.ADMIN)
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
    """Who asks, by what they show; a wrong token is nobody, whatever else is shown."""
    told = connection.headers.get("authorization", "")
    if told.lower().startswith("bearer ") or connection.headers.get("x-api-key"):
        token = connection.headers.get("x-api-key") or told[7:].strip()
        if not token.startswith(TOKEN_PREFIX):
            return None
        async with app_state.sessions.begin() as session:
            return await token_actor(session, token)
    if key := connection.cookies.get(cookie_name(app_state.settings)):
        async with app_state.sessions.begin() as session:
            return await session_actor(session, key)
    return OPERATOR if is_operator(connection, app_state.settings) else None


def is_operator(connection: Connection, settings: Settings) -> bool:
    """Whether a request can only be this machine's own."""
    client = connection.client
    return (
        is_loopback(settings.public_url)
        and (client is None or client.host in LOOPBACK)
        and urlsplit(f"//{connection.headers.get('host', '')}").hostname in LOOPBACK
        and not any(mark in connection.headers for mark in (*PROXY_MARKS, *BROWSER_MARKS))
    )


def cookie_name(settings: Settings) -> str:
    """The cookie's name: with TLS the `__Host-` prefix keeps other hosts of the domain from setting it."""
    return "__Host-dialer" if settings.public_url.startswith("https://") else "dialer"


def address_of(connection: Connection, settings: Settings) -> str:
    """The caller's address: what as many proxies as are ours say, else the peer's."""
    said = [each.strip() for each in connection.headers.get("x-forwarded-for", "").split(",") if each.strip()]
    if settings.dialer_proxies and len(said) >= settings.dialer_proxies:
        return said[-settings.dialer_proxies]
    return connection.client.host if connection.client else ""
