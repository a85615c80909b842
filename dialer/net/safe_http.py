"""One request to an address that somebody else chose: it reaches the open internet or what the operator named, nothing else.

The name is resolved once, every address is judged, and the connection goes to the one that was judged: no second look-up
can lead elsewhere. No redirect is followed, no proxy asked, no cookie kept; five seconds, and at most a megabyte is read
(security.md, SSRF).
"""

import asyncio
import errno
import socket
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from dialer.domain.access.webhook_url import is_allowed, is_public, refusal

TIMEOUT_S = 5.0
MAX_BODY_BYTES = 1024 * 1024
MAX_ERROR_CHARS = 200


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
    """Names become addresses that may be reached, or none."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed, self._inner = allowed, ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        # One private address among them is enough: such a name is not to be trusted with the others either.
        public = all(is_public(ip_address(each["host"].partition("%")[0])) for each in found)
        if not public and not is_allowed(host, port, self._allowed):
            raise OSError(
                errno.EACCES, "the name leads to a private address; name the host in DIALER_HOOK_HOSTS to allow it"
            )
        return found

    async def close(self) -> None:
        await self._inner.close()


class SafeHttpClient:
    """Makes such requests, for as long as it is open."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed
        connector = aiohttp.TCPConnector(
            resolver=_GuardedResolver(allowed), use_dns_cache=False, limit=20, force_close=True
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        )

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> PostResult:
        """Post JSON; only a 2xx is an answer that counts."""
        if says := refusal(url, self._allowed):
            return PostResult(False, says)
        headers = {"Content-Type": "application/json", **headers}
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
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
        headers = {"Accept-Encoding": "identity"}
        try:
            async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
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
        await self._session.close()
