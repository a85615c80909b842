"""Addresses below a provider's base: its path is kept, and http(s) becomes ws(s) where a socket is meant. Pure."""

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit, urlunsplit

Query = Sequence[tuple[str, str]]


def socket_url(base: str, path: str, query: Query) -> str:
    """A websocket's address; `path` begins with a slash."""
    scheme = {"https": "wss", "http": "ws"}.get(urlsplit(base).scheme, urlsplit(base).scheme)
    return _at(scheme, base, path, query)


def http_url(base: str, path: str, query: Query = ()) -> str:
    """A request's address; `path` begins with a slash."""
    return _at(urlsplit(base).scheme, base, path, query)


def _at(scheme: str, base: str, path: str, query: Query) -> str:
    parts = urlsplit(base)
    return urlunsplit((scheme, parts.netloc, f"{parts.path.rstrip('/')}{path}", urlencode(query), ""))
