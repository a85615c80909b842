"""Twilio's REST API for the calls of one account, as documented for the Call resource (version 2010-04-01)."""

import asyncio
import base64
import io
import wave
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

from aiohttp import web

from dialer.simulator.clock import Clock, now
from dialer.simulator.faults import Faults
from dialer.simulator.ledger import CallEntry, Ledger, Refusal
from dialer.simulator.people.students import student_for
from dialer.simulator.settings import WorldSettings
from dialer.simulator.twilio.call import BEFORE_ANSWER, FINAL, Call, new_sid
from dialer.simulator.twilio.exchange import TwilioContext, fetch
from dialer.simulator.twilio.lifecycle import live
from dialer.simulator.twilio.listing import page_of
from dialer.simulator.twilio.params import Form, TwilioError, read_create, read_hook, read_time_limit
from dialer.simulator.twilio.texts import create_message
from dialer.simulator.twilio.twiml import TwimlError, parse

_UPDATES = frozenset(
    {
        *("Status", "Url", "Method", "Twiml", "FallbackUrl", "FallbackMethod", "TimeLimit"),
        *("StatusCallback", "StatusCallbackMethod"),
    }
)


class Account:
    """The calls of one account, their queue and their routes."""

    def __init__(self, settings: WorldSettings, exchange: TwilioContext, clock: Clock, faults: Faults, ledger: Ledger):
        self._settings, self._exchange, self._clock = settings, exchange, clock
        self._faults, self._ledger = faults, ledger
        self._calls: dict[str, Call] = {}
        self._lives: set[asyncio.Task[None]] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._next_turn = 0.0

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of the API that the simulator serves."""
        base = "/2010-04-01/Accounts/{account}"
        return [
            web.post(f"{base}/Calls.json", self._checked(self._create)),
            web.get(f"{base}/Calls.json", self._checked(self._list), allow_head=False),
            web.get(f"{base}/Calls/{{sid}}.json", self._checked(self._fetch), allow_head=False),
            web.post(f"{base}/Calls/{{sid}}.json", self._checked(self._update)),
            web.delete(f"{base}/Calls/{{sid}}.json", self._checked(self._delete)),
            web.post(f"{base}/Messages.json", self._checked(self._text)),
            web.get(f"{base}/Recordings/{{recording}}", self._recording),
        ]

    async def _text(self, request: web.Request) -> web.Response:
        return await create_message(request, self._settings, self._ledger)

    def hang_up_all(self) -> None:
        """End every running call."""
        for call in self._calls.values():
            if call.status not in FINAL:
                call.end("world")

    def forget(self) -> None:
        """End every running call and remove the records."""
        self.hang_up_all()
        self._calls.clear()
        self._next_turn = 0.0

    async def stop(self) -> None:
        """End every call, wait for them, and cancel the remaining tasks."""
        self.hang_up_all()
        if self._lives:
            await asyncio.wait(self._lives, timeout=2)
        left = [*self._lives, *self._background]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def adopt(self, call: Call) -> None:
        """Register a call that another call dialed."""
        self._calls[call.sid] = call
        call.entry.statuses.append(("queued", call.entry.created))
        self._ledger.calls.append(call.entry)

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a background task until it is done or the simulator stops."""
        _track(asyncio.create_task(work), self._background)

    def _checked(
        self, inner: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]:
        async def outer(request: web.Request) -> web.StreamResponse:
            try:
                self._authenticate(request)
                return await inner(request)
            except TwilioError as problem:
                form = await request.post() if request.method == "POST" else {}
                to = str(form.get("To", "")) or None
                self._ledger.refusals.append(Refusal(request.path, problem.status, problem.code, to))
                return _error(problem)

        return outer

    def _authenticate(self, request: web.Request) -> None:
        """Check HTTP Basic with account SID and token (else 20003) and the account in the path (else 20404)."""
        expected = base64.b64encode(f"{self._settings.account_sid}:{self._settings.auth_token}".encode()).decode()
        if request.headers.get("Authorization", "") != f"Basic {expected}":
            raise TwilioError(401, 20003, "Authenticate")
        if request.match_info["account"] != self._settings.account_sid:
            raise _not_found(request)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        form = await _form(request)
        accepted = read_create(form, self._settings.from_numbers, self._settings.geo_blocked)
        fault = self._faults.take("create", to=accepted.to)
        match fault.does if fault else None:
            case "too_many":
                assert fault is not None
                response = _error(TwilioError(429, 20429, "Too Many Requests"))
                if fault.retry_after is not None:
                    response.headers["Retry-After"] = str(fault.retry_after)
                self._ledger.refusals.append(Refusal(request.path, 429, 20429, accepted.to))
                return response
            case "unauthorized":
                raise TwilioError(401, 20003, "Authenticate")
            case "error_before":
                raise TwilioError(500, 20500, "Internal Server Error")
            case "drop_before":
                return _cut(request)
            case _:
                pass
        call = self._accept(
            Call(
                new_sid("CA"),
                self._settings.account_sid,
                accepted,
                student_for(accepted.to),
                CallEntry(
                    "", accepted.to, accepted.from_, "", "", {name: list(values) for name, values in form.items()}
                ),
            )
        )
        match fault.does if fault else None:
            case "error_after":
                return _error(TwilioError(500, 20500, "Internal Server Error"))
            case "drop_after":
                return _cut(request)
            case "delay":
                assert fault is not None
                await asyncio.sleep(fault.seconds)
            case _:
                pass
        return web.json_response(call.resource(), status=201)

    def _accept(self, call: Call) -> Call:
        """Queue a call; calls above the calls-per-second limit wait and are never rejected, as at Twilio."""
        entry = call.entry
        entry.sid, entry.student, entry.expects = call.sid, call.student.key, call.student.expects
        for code, text in call.request.warnings:
            entry.warn(code, text)
        entry.statuses.append(("queued", entry.created))
        self._calls[call.sid] = call
        self._ledger.calls.append(entry)
        at = self._clock.seconds()
        wait = max(0.0, self._next_turn - at)
        self._next_turn = max(at, self._next_turn) + 1 / self._settings.calls_per_second
        call.queue_ms = round(wait * 1000)
        _track(asyncio.create_task(live(call, self._exchange, wait)), self._lives)
        return call

    def _get_or_404(self, request: web.Request) -> Call:
        call = self._calls.get(request.match_info["sid"])
        if call is None:
            raise _not_found(request)
        return call

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._get_or_404(request).resource())

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        call = self._get_or_404(request)
        if call.status not in FINAL:
            raise TwilioError(409, 20009, "Cannot delete a call that is in progress")
        del self._calls[call.sid]
        return web.Response(status=204)

    async def _update(self, request: web.Request) -> web.StreamResponse:
        """Hang up, cancel or redirect a call. Canceling an answered call has no effect."""
        call, form = self._get_or_404(request), await _form(request)
        if call.status in FINAL:
            raise TwilioError(400, 21220, f"Call {call.sid} is not in-progress. Cannot redirect.")
        status = form.get("Status", [None])[-1]
        url, twiml = read_hook(form, "Url", "Method"), form.get("Twiml", [None])[-1]
        limit_s = read_time_limit(form)
        if unknown := sorted(set(form) - _UPDATES):
            raise TwilioError(400, 20001, f"{unknown[0]} cannot be updated")
        if status is not None and status not in ("canceled", "completed"):
            raise TwilioError(400, 20001, f"Status {status!r} is not canceled or completed")
        if url and twiml:
            raise TwilioError(400, 20001, "Url and Twiml are mutually exclusive")
        if status == "completed" or (status == "canceled" and call.status in BEFORE_ANSWER):
            call.end("rest")
            await asyncio.sleep(0)
        elif (url or twiml) and call.status in BEFORE_ANSWER:
            raise TwilioError(400, 21220, f"Call {call.sid} is not in-progress. Cannot redirect.")
        elif twiml:
            if len(twiml) > 4000:
                raise TwilioError(400, 32018, "Twiml parameter is over 4000 characters")
            try:
                call.go_to(parse(twiml))
            except TwimlError as error:
                raise TwilioError(400, error.code, str(error)) from error
        elif url:
            self.background(self._redirect(call, form))
        if limit_s is not None and call.time_limit is not None:
            call.limit(self._clock.real(limit_s))
        return web.json_response(call.resource())

    async def _redirect(self, call: Call, form: Form) -> None:
        hook = read_hook(form, "Url", "Method")
        document = await fetch(call, self._exchange, hook) if hook else None
        if document is not None:
            call.go_to(document)
        else:
            call.end("redirect failed")

    async def _list(self, request: web.Request) -> web.StreamResponse:
        """List calls, newest first, filtered and paged. A call that has not been dialed is dated by its creation."""
        lag = self._faults.take("list", "lag", to=request.query.get("To"))
        seen_until = now() - timedelta(seconds=lag.seconds if lag else 0)
        newest_first = [call for call in reversed(self._calls.values()) if call.created <= seen_until]
        return web.json_response(page_of(newest_first, request.path, request.query))

    async def _recording(self, request: web.Request) -> web.StreamResponse:
        sid = request.match_info["recording"].removesuffix(".wav").removesuffix(".json")
        if all(call.recording_sid != sid for call in self._calls.values()):
            return _error(_not_found(request))
        return web.Response(body=_second_of_silence(), content_type="audio/x-wav")


def _track(task: asyncio.Task[None], tasks: set[asyncio.Task[None]]) -> None:
    # The event loop holds only weak references to tasks.
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def _form(request: web.Request) -> dict[str, list[str]]:
    fields = await request.post()
    return {name: [str(value) for value in fields.getall(name)] for name in fields}


def _error(problem: TwilioError) -> web.Response:
    info = f"https://www.twilio.com/docs/errors/{problem.code}"
    body = {"code": problem.code, "message": problem.message, "more_info": info, "status": problem.status}
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if problem.status == 401 else {}
    return web.json_response(body, status=problem.status, headers=headers)


def _not_found(request: web.Request) -> TwilioError:
    return TwilioError(404, 20404, f"The requested resource {request.path} was not found")


def _cut(request: web.Request) -> web.Response:
    """Reset the connection instead of responding."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _second_of_silence() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000)
    return buffer.getvalue()
