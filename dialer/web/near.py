"""Until there are accounts, pages and the API answer this machine alone.

A carrier's webhooks and the health check come from outside and stand outside of this guard. Everything else must be
asked for by a loopback name, without a proxy's marks, and not from another site's page.
"""

from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from dialer.settings import LOOPBACK

PROXY_MARKS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
SAYS = "the pages and the API answer on this machine only: open http://127.0.0.1 here, or through an ssh tunnel"


def near_only(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """A guard: refuse what does not come from this machine.

    Raises:
        PermissionDeniedException: the request names another host, came through a proxy, or from another site's page.
    """
    host = urlsplit(f"//{connection.headers.get('host', '')}").hostname
    origin = connection.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).hostname not in LOOPBACK
    if host not in LOOPBACK or foreign or any(mark in connection.headers for mark in PROXY_MARKS):
        raise PermissionDeniedException(SAYS)
