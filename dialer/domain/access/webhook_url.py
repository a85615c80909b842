"""Outgoing webhooks: signatures, retry schedule and which URLs are allowed. Pure, no socket.

The signature is HMAC-SHA256 of `<seconds since 1970>.<body>`: the signed timestamp lets receivers reject replays.
"""

import hashlib
import hmac
from collections.abc import Collection
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from yarl import URL

_NAT64 = ip_network("64:ff9b::/96")
EVENTS = ("booking", "outcome")
SIGNATURE = "X-Dialer-Signature"
EVENT_ID = "X-Dialer-Event"
MAX_TRIES = 12
FIRST_WAIT = timedelta(seconds=10)
MAX_WAIT = timedelta(hours=6)


def sign(secret: str, body: bytes, at: int) -> str:
    """Return the value of the signature header: `t=<seconds>,v1=<hex>`."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


def wait_after(tries: int) -> timedelta | None:
    """Return the delay before the next delivery attempt after `tries` failed ones; None once retries are exhausted."""
    if tries >= MAX_TRIES:
        return None
    return min(MAX_WAIT, FIRST_WAIT * int(2 ** max(0, tries - 1)))


def refusal(url: str, allowed: Collection[str]) -> str | None:
    """Return why a webhook may not use this URL, in one line; None if it may.

    Hosts in `allowed` may be private and may be reached without TLS.
    The host is judged as aiohttp connects to it: yarl folds full-width and circled digits to an IP address.
    """
    try:
        parts = URL(url)
        host, port = parts.host, parts.explicit_port
    except ValueError:
        return "this is not a URL"
    if not host or parts.user or parts.password:
        return "use a URL with a host and without a user name or password"
    if is_allowed(host, port, allowed):
        return None if parts.scheme in ("http", "https") else "the URL must start with https://"
    if parts.scheme != "https":
        return "the URL must start with https://"
    if port not in (None, 443):
        return "only port 443 is allowed; add the host to DIALER_HOOK_HOSTS to allow another"
    try:
        literal = ip_address(host.rstrip("."))
    except ValueError:
        return None
    return None if is_public(literal) else "that is a private address; name the host in DIALER_HOOK_HOSTS to allow it"


def is_allowed(host: str, port: int | None, allowed: Collection[str]) -> bool:
    """Whether the operator allows this host (`host:port` unless the port is 443)."""
    return (host if port in (None, 443) else f"{host}:{port}") in allowed


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is globally routable: not private, link-local (cloud metadata), multicast or reserved.

    IPv6 addresses that embed an IPv4 one (mapped, 6to4, Teredo, NAT64) are judged by the embedded address.
    """
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_public(inner)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast and not address.is_reserved
