"""Exotel's REST API for calls (Voice API v1): XML unless `.json` is requested, and no request that ends a call."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web

from dialer.simulator.clock import now
from dialer.simulator.exotel.call import FINAL, Call, new_sid
from dialer.simulator.exotel.connect import ConnectRequest, ExotelError, e164, national, read_connect
from dialer.simulator.exotel.lifecycle import ExotelContext, live
from dialer.simulator.faults import Fault, Faults
from dialer.simulator.ledger import CallEntry, Ledger, Refusal
from dialer.simulator.people.students import student_for
from dialer.simulator.settings import WorldSettings

THROTTLE = 100
MINUTE_S = 60.0
MAX_LISTED = 100
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Account:
    """The calls of one account, and their routes."""

    def __init__(self, settings: WorldSettings, exchange: ExotelContext, faults: Faults, ledger: Ledger) -> None:
        self._settings, self._exchange = settings, exchange
        self._faults, self._ledger = faults, ledger
        self._calls: dict[str, Call] = {}
        self._lives: set[asyncio.Task[None]] = set()
        self._request_times: deque[float] = deque()

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of the API that the simulator serves."""
        base = "/v1/Accounts/{account}"
        return [
            web.post(f"{base}/Calls/connect{{form:(?:\\.json)?}}", self._checked(self._connect)),
            web.get(f"{base}/Calls{{form:(?:\\.json)?}}", self._checked(self._list), allow_head=False),
            web.get(
                f"{base}/Calls/{{sid:[0-9a-f]+}}{{form:(?:\\.json)?}}", self._checked(self._fetch), allow_head=False
            ),
            web.get(f"{base}/ActiveStreams", self._checked(self._streams), allow_head=False),
        ]

    def forget(self) -> None:
        """End every running call and remove the records."""
        for call in self._calls.values():
            call.end("world")
        self._calls.clear()
        self._request_times.clear()

    async def stop(self) -> None:
        """End every call, wait for them, and cancel the remaining tasks."""
        for call in self._calls.values():
            call.end("world")
        if self._lives:
            await asyncio.wait(self._lives, timeout=2)
        left = list(self._lives)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _checked(self, inner: Handler) -> Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]:
        async def outer(request: web.Request) -> web.StreamResponse:
            try:
                self._authenticate(request)
                if (wait := self._too_many()) is not None:
                    return self._throttled(request, wait)
                return await inner(request)
            except ExotelError as problem:
                form = await request.post() if request.method == "POST" else {}
                to = e164(str(form.get("From", "")))
                self._ledger.refusals.append(Refusal(request.path, problem.status, problem.message, to))
                return _error(request, problem)

        return outer

    def _authenticate(self, request: web.Request) -> None:
        """Check HTTP Basic with API key and token (else 401) and the account in the path (else 404)."""
        expected = aiohttp.encode_basic_auth(self._settings.exotel_api_key, self._settings.exotel_api_token)
        if request.headers.get("Authorization", "") != expected:
            raise ExotelError(401, "Authentication failed")
        if request.match_info["account"] != self._settings.exotel_account_sid:
            raise ExotelError(404, "No such account")

    def _too_many(self) -> float | None:
        """Return how long to wait (simulated seconds) if the account exceeds its requests per minute, else None."""
        at = self._exchange.clock.seconds()
        while self._request_times and self._request_times[0] <= at - MINUTE_S:
            self._request_times.popleft()
        if len(self._request_times) >= self._settings.exotel_per_minute:
            return self._request_times[0] + MINUTE_S - at
        self._request_times.append(at)
        return None

    def _throttled(self, request: web.Request, wait_s: float) -> web.StreamResponse:
        self._ledger.refusals.append(Refusal(request.path, 429, "Too Many Requests"))
        response = _error(request, ExotelError(429, "Too Many Requests"))
        response.headers["Retry-After"] = str(max(1, round(self._exchange.clock.real(wait_s))))
        response.headers["X-RateLimit-Limit"] = str(self._settings.exotel_per_minute)
        response.headers["X-RateLimit-Remaining"] = "0"
        return response

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        posted = await request.post()
        form = {name: [str(value) for value in posted.getall(name)] for name in posted}
        accepted = read_connect(form, self._settings.exotel_numbers, self._settings.exotel_dnd)
        fault = self._faults.take("create", to=accepted.to)
        match fault.does if fault else None:
            case "too_many":
                assert fault is not None
                return self._throttled_by_fault(request, fault, accepted)
            case "unauthorized":
                raise ExotelError(401, "Authentication failed")
            case "error_before":
                raise ExotelError(500, "Internal Server Error")
            case "drop_before":
                return _cut(request)
            case _:
                pass
        call = self._accept(accepted, form)
        match fault.does if fault else None:
            case "error_after":
                return _error(request, ExotelError(500, "Internal Server Error"))
            case "drop_after":
                return _cut(request)
            case "delay":
                assert fault is not None
                await asyncio.sleep(fault.seconds)
            case _:
                pass
        return _respond(request, {"Call": call.record()})

    def _throttled_by_fault(self, request: web.Request, fault: Fault, accepted: ConnectRequest) -> web.StreamResponse:
        self._ledger.refusals.append(Refusal(request.path, 429, "Too Many Requests", accepted.to))
        response = _error(request, ExotelError(429, "Too Many Requests"))
        if fault.retry_after is not None:
            response.headers["Retry-After"] = str(fault.retry_after)
        return response

    def _accept(self, accepted: ConnectRequest, form: Mapping[str, list[str]]) -> Call:
        student, sid = student_for(accepted.to), new_sid()
        entry = CallEntry(sid, accepted.to, accepted.caller_id, student.key, student.expects, dict(form))
        entry.carrier = "exotel"
        call = Call(sid, self._settings.exotel_account_sid, accepted, student, entry)
        for code, text in accepted.warnings:
            entry.warn(code, text)
        entry.statuses.append(("in-progress", entry.created))
        self._calls[sid] = call
        self._ledger.calls.append(entry)
        task = asyncio.create_task(live(call, self._exchange))
        self._lives.add(task)
        task.add_done_callback(self._lives.discard)
        return call

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        call = self._calls.get(request.match_info["sid"])
        if call is None:
            raise ExotelError(404, "No such call")
        return _respond(request, {"Call": call.record()})

    async def _list(self, request: web.Request) -> web.StreamResponse:
        """List ended calls, newest first, paged. Calls in progress are not in the list."""
        query = request.query
        lag = self._faults.take("list", "lag", to=e164(query.get("To", "")))
        seen_until = now() - timedelta(seconds=lag.seconds if lag else 0)
        size = min(MAX_LISTED, int(query.get("PageSize", "50")))
        first = int(query.get("After", "0"))
        matches = [
            call
            for call in reversed(self._calls.values())
            if call.status in FINAL and call.created <= seen_until and _fits(call, query)
        ]
        rest = {name: value for name, value in query.items() if name != "After"}
        more = f"{request.path}?{urlencode({**rest, 'After': first + size})}" if first + size < len(matches) else None
        metadata = {"Total": len(matches), "PageSize": size, "NextPageUri": more, "PrevPageUri": None}
        page = [call.record() for call in matches[first : first + size]]
        return _respond(request, {"Metadata": metadata, "Calls": page})

    async def _streams(self, request: web.Request) -> web.StreamResponse:
        """Return the number of active streams; always in XML."""
        used = sum(bool(call.entry.streams) and call.status not in FINAL for call in self._calls.values())
        body = f"<ActiveStreamCount>{used}</ActiveStreamCount><ThrottleLimit>{THROTTLE}</ThrottleLimit>"
        return _xml(f"<TwilioResponse><ActiveStreams>{body}</ActiveStreams></TwilioResponse>")


def _fits(call: Call, query: Mapping[str, str]) -> bool:
    """Whether a call passes the filters: numbers in any format, a range of dates in IST."""
    created = str(call.record()["DateCreated"])
    for condition in filter(None, query.get("DateCreated", "").split(";")):
        kind, _, at = condition.partition(":")
        if (kind == "gte" and created < at) or (kind == "lte" and created > at):
            return False
    return all(
        not query.get(name) or national(e164(query[name]) or query[name]) == national(call.request.to)
        for name in ("To", "From")
    )


def _respond(request: web.Request, body: dict[str, Any], status: int = 200) -> web.Response:
    if request.match_info.get("form"):
        return web.json_response(body, status=status)
    return _xml(f"<TwilioResponse>{_as_xml(body)}</TwilioResponse>", status)


def _as_xml(value: object) -> str:
    if isinstance(value, dict):
        return "".join(f"<{name}>{_as_xml(item)}</{name}>" for name, item in value.items())
    if isinstance(value, list):
        return "".join(f"<Call>{_as_xml(item)}</Call>" for item in value)
    return escape("" if value is None else str(value))


def _xml(text: str, status: int = 200) -> web.Response:
    return web.Response(text=f'<?xml version="1.0"?>{text}', status=status, content_type="application/xml")


def _error(request: web.Request, problem: ExotelError) -> web.Response:
    return _respond(request, {"RestException": {"Status": problem.status, "Message": problem.message}}, problem.status)


def _cut(request: web.Request) -> web.Response:
    """Reset the connection instead of responding."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
