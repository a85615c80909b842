"""The transport below Twilio's own SDK, and how its answers are told apart (twilio.md §6).

The SDK's asynchronous client ignores its timeout and drops the headers of an error, so requests go through a client
of ours on Twilio's own extension point: explicit connect and read deadlines, no retry, `Retry-After` kept.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from dialer.failpoint import failpoint
from dialer.net.bounded import read_bounded

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0

# Twilio's word, in its older and its newer form (RFC 9457, §6).
REFUSALS = (TwilioRestException, TwilioServiceException)
# Anything that is no word of Twilio's: nothing came, or what came cannot be read.
UNREADABLE = (
    *(TwilioException, aiohttp.ClientError, TimeoutError),
    *(ValueError, KeyError, TypeError, AttributeError, ArithmeticError),
)


class NotSentError(TwilioException):  # type: ignore[misc]  # the SDK has no types
    """The request did not leave: nothing was placed."""


class DeadlineClient(AsyncHttpClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's transport with deadlines; the last answer's headers stay readable for Retry-After."""

    def __init__(self) -> None:
        super().__init__(logger=logging.getLogger("twilio.http"), is_async=True)
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send one request; `timeout` (seconds) shortens the read deadline."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=READ_TIMEOUT_S)
            )
        sent = dict(headers or {})
        if auth:
            sent["Authorization"] = aiohttp.encode_basic_auth(auth[0], auth[1])
        body = urlencode(data or {}, doseq=True) if method.upper() == "POST" else None
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            async with (
                asyncio.timeout(timeout or CONNECT_TIMEOUT_S + READ_TIMEOUT_S),
                self._session.request(
                    method, url, params=params, data=body, headers=sent, allow_redirects=allow_redirects
                ) as answer,
            ):
                failpoint("after_post")
                text = (await read_bounded(answer)).decode(answer.charset or "utf-8", errors="replace")
                if answer.status == 429:
                    raise ThrottledError(text, _seconds(answer.headers.get("Retry-After")))
                return Response(answer.status, text, dict(answer.headers))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSentError(f"no connection to {urlsplit(url).netloc}: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


class ThrottledError(TwilioException):  # type: ignore[misc]  # the SDK has no types
    """429: the request was not processed (twilio.md §6)."""

    def __init__(self, text: str, after_s: float | None) -> None:
        super().__init__(text)
        self.after_s = after_s


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
