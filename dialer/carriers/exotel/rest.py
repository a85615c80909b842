"""Exotel's REST interface: a call placed straight to our media socket, looked up, listed (exotel.md §2, §3).

`From` is the lead and `CallerId` our number, the reverse of Twilio's. There is no request that cancels a call, hangs it
up, redirects it or tells machines from people: the capabilities say so. Names are sent as documented and read in any case.
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from dialer.carriers.exotel.capabilities import CAPABILITIES, PER_MINUTE
from dialer.carriers.exotel.number_formats import format_time, parse_number, parse_time
from dialer.carriers.exotel.responses import (
    Record,
    classify_response,
    error_text,
    money_of,
    read_json,
    record_of,
    text_of,
)
from dialer.carriers.exotel.webhooks import ended_as, parse_status, state_of
from dialer.carriers.parsing import is_count
from dialer.carriers.port import (
    AccountRejected,
    CallRequest,
    CallStatus,
    CarrierError,
    PlaceResult,
    Throttled,
    TransferEnded,
    TransferRequest,
    Unknown,
    VoicemailStatus,
)
from dialer.domain.calling.call import State
from dialer.domain.calling.routing import Route
from dialer.failpoint import failpoint
from dialer.net.bounded import read_bounded

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0
PAGE = 100
MAX_PAGES = 1000
PAGE_EVERY_S = 0.5
"""A long list is read slowly: calls are placed from the same allowance."""
MAX_URL_CHARS = 600
Answer = tuple[int, Mapping[str, str], bytes]


class Exotel:
    """The carrier Exotel. `callback_auth` (`user:password`) goes into the addresses that Exotel is given."""

    name = "exotel"
    capabilities = CAPABILITIES

    def __init__(
        self,
        *,
        account_sid: str,
        api_key: str,
        api_token: str,
        caller_id: str,
        api_url: str,
        on_loopback: bool,
        calls_per_second: float | None = None,
        callback_auth: str | None = None,
        routes: tuple[Route, ...] = (),
    ) -> None:
        self.on_loopback = on_loopback
        self.calls_per_second: float | None = calls_per_second or PER_MINUTE / 60
        self.from_number = caller_id
        self.routes = routes
        shown = (caller_id, *(route.caller_id for route in routes if route.caller_id))
        self._numbers = {parse_number(number): number for number in shown}
        self._auth = aiohttp.encode_basic_auth(api_key, api_token)
        self._base = f"{api_url.rstrip('/')}/v1/Accounts/{account_sid}"
        self._callback_auth = callback_auth
        self._session: aiohttp.ClientSession | None = None

    async def place(self, order: CallRequest) -> PlaceResult:
        """Connect the lead to our socket (§3); every answer is sorted as reliability.md R5 says."""
        stream_url = f"{self._ours(order.media_url)}?{urlencode({'sample-rate': 8000, 'token': order.token})}"
        if len(stream_url) >= MAX_URL_CHARS:
            return AccountRejected(f"DIALER_MEDIA_URL is too long for Exotel: {len(stream_url)} characters of 600")
        form = [
            ("From", order.to),
            ("CallerId", order.from_number),
            ("StreamUrl", stream_url),
            ("StreamType", "bidirectional"),
            ("CallType", "trans"),
            ("TimeOut", str(order.ring_timeout_s)),
            ("TimeLimit", str(order.time_limit_s)),
            ("Record", "false"),
            ("CustomField", str(order.call_id)),
            ("StatusCallback", self._ours(order.status_url)),
            *(("StatusCallbackEvents[]", event) for event in ("ringing", "answered", "terminal")),
        ]
        try:
            status, headers, body = await self._ask("POST", f"{self._base}/Calls/connect.json", form)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Throttled(f"no connection to Exotel: {error}", 5.0)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Unknown(f"no readable answer from Exotel: {type(error).__name__}: {error}")
        return classify_response(status, headers, body)

    def parse_webhook(
        self, kind: str, fields: Mapping[str, str]
    ) -> CallStatus | VoicemailStatus | TransferEnded | None:
        """A status callback (§3.2): Exotel sends no other kind."""
        return parse_status(fields) if kind == "status" else None

    async def fetch(self, sid: str) -> CallStatus:
        """Read one call. Its price and duration come up to five minutes after its end."""
        found = await self._get(f"{self._base}/Calls/{quote(sid, safe='')}.json", {})
        record = record_of(found.get("call"))
        if record is None:
            raise CarrierError(f"Exotel's answer about {sid} holds no call", permanent=False)
        return self._report(record)

    async def find(self, to: str, from_number: str, since: datetime) -> tuple[CallStatus, ...]:
        """The calls to a number that are over (§3; those in progress are not listed), told by our reading of numbers."""
        since -= timedelta(seconds=5)
        found = await self._list({"To": to, **_created(since, datetime.now(UTC))})
        shown = parse_number(from_number)
        return tuple(
            each
            for each in _since(found, since)
            if parse_number(each.to) == parse_number(to) and parse_number(each.from_number) == shown
        )

    async def placed_since(self, since: datetime) -> tuple[CallStatus, ...]:
        """Every call that is over, of the account, created since then."""
        return _since(await self._list(_created(since, datetime.now(UTC))), since)

    async def hang_up(self, sid: str) -> None:
        """Not to be had (§3)."""
        raise CarrierError("Exotel has no request that ends a call: its media socket, closed, does", permanent=True)

    async def cancel(self, sid: str) -> None:
        """Not to be had (§3)."""
        raise CarrierError("Exotel has no request that takes a call back: its ring timeout ends it", permanent=True)

    async def leave_message(self, sid: str, words: str) -> None:
        """Not to be had (§3)."""
        raise CarrierError("Exotel leaves no messages", permanent=True)

    async def transfer(self, sid: str, handover: TransferRequest) -> None:
        """Not to be had with a call that was placed straight to a socket (§1)."""
        raise CarrierError("Exotel connects no student to a person", permanent=True)

    async def check(self) -> str:
        """Read how many streams are in use (§3.3)."""
        _, _, body = await self._answered(f"{self._base}/ActiveStreams", {})
        text = body.decode("utf-8", "replace")
        used, most = (re.search(rf"<{name}>(\d+)<", text) for name in ("ActiveStreamCount", "ThrottleLimit"))
        return f"{used[1]} of {most[1]} streams in use" if used and most else "answers, without its count of streams"

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    # -- the wire ----------------------------------------------------------------------------------------------------

    def _ours(self, url: str) -> str:
        """An address of ours as Exotel is to be given it: with user and password, where it is to show them (§4.2)."""
        if self._callback_auth is None:
            return url
        user, _, password = self._callback_auth.partition(":")
        parts = urlsplit(url)
        known = f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"
        return urlunsplit(parts._replace(netloc=known))

    async def _ask(self, method: str, url: str, form: list[tuple[str, str]] | None = None) -> Answer:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=READ_TIMEOUT_S)
            )
        headers = {"Authorization": self._auth, "Accept": "application/json"}
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form)
        async with (
            asyncio.timeout(CONNECT_TIMEOUT_S + READ_TIMEOUT_S),
            self._session.request(
                method, URL(url, encoded=True), data=body, headers=headers, allow_redirects=False
            ) as answer,
        ):
            if method == "POST":
                failpoint("after_post")
            return answer.status, answer.headers, await read_bounded(answer)

    async def _answered(self, url: str, query: Mapping[str, str]) -> Answer:
        try:
            answer = await self._ask("GET", f"{url}?{urlencode(query)}" if query else url)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise CarrierError(
                f"Exotel could not be asked: {error or type(error).__name__}", permanent=False
            ) from error
        if answer[0] >= 300:
            permanent = 400 <= answer[0] < 500 and answer[0] != 429
            raise CarrierError(f"Exotel refused: {error_text(answer[0], answer[2])}", permanent=permanent)
        return answer

    async def _get(self, url: str, query: Mapping[str, str]) -> Record:
        _, _, body = await self._answered(url, query)
        found = record_of(read_json(body))
        if found is None:
            raise CarrierError("Exotel's answer cannot be read", permanent=False)
        return found

    async def _list(self, query: Mapping[str, str]) -> list[CallStatus]:
        reports: list[CallStatus] = []
        page = await self._get(f"{self._base}/Calls.json", {**query, "PageSize": str(PAGE)})
        for _ in range(MAX_PAGES):
            listed = page.get("calls")
            records = [record_of(each) for each in listed] if isinstance(listed, list) else []
            reports += [self._report(each) for each in records if each is not None]
            told = record_of(page.get("metadata")) or {}
            following = told.get("nextpageuri")
            if not isinstance(following, str) or not following:
                return reports
            # Only the rest of our own list: an address on another host would be given our key.
            query_of = urlsplit(following).query
            await asyncio.sleep(PAGE_EVERY_S)
            page = await self._get(f"{self._base}/Calls.json?{query_of}", {})
        raise CarrierError(f"Exotel's list has more than {MAX_PAGES} pages", permanent=False)

    def _report(self, record: Record) -> CallStatus:
        """A call's record. In one with a single leg the lead is `From`, and our number `PhoneNumberSid` (§3)."""
        status, price, seconds = (text_of(record, name) for name in ("status", "price", "duration"))
        ours = text_of(record, "phonenumbersid")
        created = parse_time(text_of(record, "datecreated"))
        state = state_of(status)
        return CallStatus(
            sid=text_of(record, "sid"),
            state=state,
            ended=ended_as(status),
            duration_s=int(seconds) if is_count(seconds) else None,
            answered_by=None,
            cost=money_of(price) if state is State.ENDED else None,
            currency=(text_of(record, "priceunit") or "INR") if price and state is State.ENDED else None,
            to=parse_number(text_of(record, "from")),
            from_number=self._numbers.get(parse_number(ours), ours),
            created_at=created.astimezone(UTC) if created else None,
            parent_sid=text_of(record, "parentcallsid") or None,
            inbound=text_of(record, "direction").lower() in ("inbound", "incoming"),
        )


def _created(since: datetime, until: datetime) -> dict[str, str]:
    return {"DateCreated": f"gte:{format_time(since)};lte:{format_time(until + timedelta(minutes=1))}"}


def _since(reports: list[CallStatus], since: datetime) -> tuple[CallStatus, ...]:
    recent = [each for each in reports if each.created_at is not None and each.created_at >= since]
    return tuple(sorted(recent, key=lambda each: each.created_at or since))
