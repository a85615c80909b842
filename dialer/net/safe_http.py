"""One request to an address that somebody else chose: it reaches the open internet or what the operator named, nothing else.

The name is resolved once, every address is judged, and the connection goes to the one that was judged: no second look-up
can lead elsewhere. The address is judged again when its socket is made, and the peer's once it is connected. No redirect is
followed, no proxy asked, no cookie kept; five seconds, and at most a megabyte is read (security.md, SSRF).
"""

import asyncio
import errno
import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.resolver import ThreadedResolver
from aiohttp.tracing import Trace
from yarl import URL

from dialer.domain.access.webhook_url import is_allowed, is_public, refusal

TIMEOUT_S = 5.0
MAX_BODY_BYTES = 1024 * 1024
MAX_ERROR_CHARS = 200
PRIVATE = "the name leads to a private address; name the host in DIALER_HOOK_HOSTS to allow it"


@dataclass(frozen=True, slots=True)
class PostResult:
    """Whether it was taken, and what was said."""

    ok: bool
    says: str


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What was read, or (None) why nothing was."""

    body: bytes | None
    says: str


class _GuardedResolver(AbstractResolver):
    """Resolves names to addresses of the open internet, or to none."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        # One private address among them is enough: such a name is not to be trusted with the others either.
        if not all(_is_public(each["host"]) for each in found):
            raise OSError(errno.EACCES, PRIVATE)
        return found

    async def close(self) -> None:
        await self._inner.close()


def _is_public(address: str) -> bool:
    return is_public(ip_address(address.partition("%")[0]))


def _socket_to(info: aiohttp.AddrInfoType) -> socket.socket:
    """A socket for one address, which is judged once more, whether it was resolved or stood in the URL."""
    family, kind, protocol, _, address = info
    if not _is_public(str(address[0])):
        raise OSError(errno.EACCES, PRIVATE)
    return socket.socket(family, kind, protocol)


class _GuardedConnector(aiohttp.TCPConnector):
    """Connects to the open internet only, and checks the peer before a request is sent."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        peer = connection.transport.get_extra_info("peername") if connection.transport else None
        if not peer or not _is_public(str(peer[0])):
            connection.close()
            raise OSError(errno.EACCES, PRIVATE)
        return connection


class SafeHttpClient:
    """Makes such requests, for as long as it is open."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed
        options: dict[str, Any] = {"use_dns_cache": False, "limit": 20, "force_close": True}
        self._public = _session(_GuardedConnector(resolver=_GuardedResolver(), socket_factory=_socket_to, **options))
        # Hosts that the operator named may be anywhere.
        self._named = _session(aiohttp.TCPConnector(resolver=ThreadedResolver(), **options))

    def _session_for(self, url: URL) -> aiohttp.ClientSession:
        return self._named if is_allowed(url.host or "", url.explicit_port, self._allowed) else self._public

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> PostResult:
        """Post JSON; only a 2xx is an answer that counts."""
        if says := refusal(url, self._allowed):
            return PostResult(False, says)
        headers, to = {"Content-Type": "application/json", **headers}, URL(url)
        try:
            async with self._session_for(to).post(to, data=body, headers=headers, allow_redirects=False) as answer:
                said = await answer.content.read(MAX_BODY_BYTES)
                words = " ".join(said[:MAX_ERROR_CHARS].decode(errors="replace").split())
                return PostResult(200 <= answer.status < 300, f"{answer.status} {words}".strip())
        except TimeoutError:
            return PostResult(False, f"no answer within {TIMEOUT_S:.0f} s")
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            return PostResult(False, str(error)[:MAX_ERROR_CHARS] or type(error).__name__)

    async def fetch(self, url: str, most: int) -> FetchResult:
        """Read what lies at an address, whole: more than `most` bytes are none."""
        if says := refusal(url, self._allowed):
            return FetchResult(None, says)
        headers, to = {"Accept-Encoding": "identity"}, URL(url)
        try:
            async with self._session_for(to).get(to, headers=headers, allow_redirects=False) as answer:
                if answer.status != 200:
                    return FetchResult(None, f"it answers {answer.status}")
                body = bytearray()
                async for piece in answer.content.iter_chunked(64 * 1024):
                    body += piece
                    if len(body) > most:
                        return FetchResult(None, f"it is longer than {most // 1024} KB")
                return FetchResult(bytes(body), "read")
        except TimeoutError:
            return FetchResult(None, f"no answer within {TIMEOUT_S:.0f} s")
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            return FetchResult(None, str(error)[:MAX_ERROR_CHARS] or type(error).__name__)

    async def close(self) -> None:
        """Close the connections."""
        await self._public.close()
        await self._named.close()


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
    )
