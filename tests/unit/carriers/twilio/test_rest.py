"""What is asked of Twilio, and how each of its answers is taken. The other side is a small server on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID
from xml.etree import ElementTree

import aiohttp
import pytest
from aiohttp import web

from dialer.carriers.port import (
    AccountRejected,
    CallRequest,
    CallStatus,
    CarrierError,
    Ended,
    NumberRejected,
    Placed,
    PlaceResult,
    Throttled,
    Unknown,
)
from dialer.carriers.twilio import client, rest
from dialer.domain.calling.call import State

ACCOUNT, TOKEN, SID = "AC0123456789abcdef0123456789abcdef", "t0ken", "CAfedcba9876543210fedcba9876543210"
CALLS = f"/2010-04-01/Accounts/{ACCOUNT}/Calls"
ORDER = CallRequest(
    call_id=UUID(int=7),
    token='s3cr3t&"<>',
    to="+918800112233",
    from_number="+15005550006",
    ring_timeout_s=30,
    time_limit_s=900,
    media_url="wss://app.example.com/media-stream",
    status_url="https://app.example.com/carriers/twilio/status?token=t",
)
CALL = {
    "sid": SID,
    "status": "completed",
    "to": "+918800112233",
    "from": "+15005550006",
    "duration": "132",
    "price": "-0.0420",
    "price_unit": "USD",
    "answered_by": "human",
    "date_created": "Tue, 13 Jan 2026 09:10:01 +0000",
}
REPORT = CallStatus(
    sid=SID,
    state=State.ENDED,
    ended=Ended(answered=True, says="completed"),
    duration_s=132,
    answered_by="human",
    cost=Decimal("0.0420"),
    currency="USD",
    to="+918800112233",
    from_number="+15005550006",
    created_at=datetime(2026, 1, 13, 9, 10, 1, tzinfo=UTC),
)


@dataclass
class Desk:
    """Twilio's side: writes down what is asked and answers as the test says."""

    asked: list[tuple[str, str, list[tuple[str, str]]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answer: Callable[[web.Request], Awaitable[web.Response]] | web.Response | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.StreamResponse:
        form = parse_qsl(await request.text(), keep_blank_values=True)
        self.asked.append((request.method, request.path, form or list(request.query.items())))
        self.headers.append(dict(request.headers))
        assert self.answer is not None
        return self.answer if isinstance(self.answer, web.Response) else await self.answer(request)

    def says(self, status: int, body: Any, **headers: str) -> None:
        self.answer = web.json_response(
            body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
async def twilio(desk: Desk) -> AsyncIterator[rest.Twilio]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", desk.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    carrier = _carrier(runner.addresses[0][1])
    yield carrier
    desk.done.set()
    await carrier.close()
    await runner.cleanup()


def _carrier(port: int) -> rest.Twilio:
    url = f"http://127.0.0.1:{port}/"
    return rest.Twilio(account_sid=ACCOUNT, auth_token=TOKEN, from_number="+15005550006", api_url=url, on_loopback=True)


def _refusal(code: int, status: int) -> dict[str, object]:
    return {"code": code, "message": "no", "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}


async def test_a_call_is_asked_for_with_everything_that_twilio_needs_to_know(desk: Desk, twilio: rest.Twilio) -> None:
    desk.says(201, {"sid": SID, "status": "queued"})
    assert await twilio.place(ORDER) == Placed(SID)
    ((method, path, form),) = desk.asked
    assert (method, path) == ("POST", f"{CALLS}.json")
    twiml = dict(form)["Twiml"]
    assert sorted(item for item in form if item[0] != "Twiml") == sorted(
        [
            ("To", "+918800112233"),
            ("From", "+15005550006"),
            ("Timeout", "30"),
            ("TimeLimit", "900"),
            ("StatusCallback", "https://app.example.com/carriers/twilio/status?token=t#rc=5&rp=all"),
            ("StatusCallbackMethod", "POST"),
            *(("StatusCallbackEvent", event) for event in ("initiated", "ringing", "answered", "completed")),
        ]
    )
    stream = ElementTree.fromstring(twiml).find("Connect/Stream")
    assert stream is not None
    assert stream.attrib == {"url": "wss://app.example.com/media-stream"}
    given = {each.attrib["name"]: each.attrib["value"] for each in stream}
    assert given == {"call_id": str(ORDER.call_id), "token": 's3cr3t&"<>'}
    assert desk.headers[0]["Authorization"] == aiohttp.encode_basic_auth(ACCOUNT, TOKEN)
    assert desk.headers[0]["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        *((400, _refusal(code, 400), NumberRejected) for code in (21211, 21214, 21217)),
        (401, _refusal(20003, 401), AccountRejected),
        (400, _refusal(21210, 400), AccountRejected),
        (403, _refusal(20008, 403), AccountRejected),
        (500, _refusal(20500, 500), Unknown),
        (503, _refusal(20503, 503), Unknown),
        (502, "<html>bad gateway</html>", Unknown),
        (302, {}, Unknown),
        (201, {}, Unknown),
        (201, {"sid": None}, Unknown),
        (201, [], Unknown),
        (201, None, Unknown),
        (201, "queued", Unknown),
    ],
)
async def test_every_answer_says_whether_the_phone_may_ring_and_is_asked_for_once(
    desk: Desk, twilio: rest.Twilio, status: int, body: object, kind: type[PlaceResult]
) -> None:
    desk.says(status, body)
    assert isinstance(await twilio.place(ORDER), kind)
    assert len(desk.asked) == 1


async def test_a_refusal_in_the_newer_form_says_the_same(desk: Desk, twilio: rest.Twilio) -> None:
    desk.says(400, {"type": "about:blank", "title": "Invalid To", "status": 400, "code": 21211, "detail": "no"})
    assert isinstance(await twilio.place(ORDER), NumberRejected)
    desk.says(401, {"type": "about:blank", "title": "Authenticate", "status": 401, "code": 20003})
    assert isinstance(await twilio.place(ORDER), AccountRejected)


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"\xff\xfe"])
async def test_an_answer_that_cannot_be_read_leaves_the_call_unknown(
    desk: Desk, twilio: rest.Twilio, body: bytes
) -> None:
    desk.answer = web.Response(status=201, body=body)
    assert isinstance(await twilio.place(ORDER), Unknown)
    assert len(desk.asked) == 1


@pytest.mark.parametrize(("told", "after_s"), [("7", 7.0), ("1.5", 1.5), ("soon", 2.0), ("", 2.0)])
async def test_a_carrier_that_asks_for_patience_is_given_it(
    desk: Desk, twilio: rest.Twilio, told: str, after_s: float
) -> None:
    desk.says(429, _refusal(20429, 429), Retry_After=told)
    answer = await twilio.place(ORDER)
    assert isinstance(answer, Throttled)
    assert answer.after_s == after_s
    assert len(desk.asked) == 1


async def test_a_connection_that_breaks_after_the_question_leaves_the_call_unknown(
    desk: Desk, twilio: rest.Twilio
) -> None:
    async def drop(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    desk.answer = drop
    assert isinstance(await twilio.place(ORDER), Unknown)
    assert len(desk.asked) == 1


async def test_an_answer_that_comes_too_late_leaves_the_call_unknown(
    desk: Desk, twilio: rest.Twilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(request: web.Request) -> web.Response:
        await desk.done.wait()
        return web.Response()

    monkeypatch.setattr(client, "READ_TIMEOUT_S", 0.3)
    desk.answer = slow
    assert isinstance(await twilio.place(ORDER), Unknown)
    assert len(desk.asked) == 1


async def test_a_carrier_that_cannot_be_reached_may_be_asked_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        carrier = _carrier(free.getsockname()[1])
        answer = await carrier.place(ORDER)
        with pytest.raises(CarrierError) as refused:
            await carrier.fetch(SID)
        with pytest.raises(CarrierError):
            await carrier.hang_up(SID)
    assert isinstance(answer, Throttled)
    assert not refused.value.permanent
    await carrier.close()


async def test_a_call_is_looked_up_by_its_sid(desk: Desk, twilio: rest.Twilio) -> None:
    desk.says(200, CALL)
    assert await twilio.fetch(SID) == REPORT
    desk.says(200, {"sid": SID, "status": "ringing", "duration": None, "price": None, "date_created": None})
    assert await twilio.fetch(SID) == CallStatus(sid=SID, state=State.RINGING)
    desk.says(200, {**CALL, "direction": "inbound"})
    assert (await twilio.fetch(SID)).is_attempt is False
    assert desk.asked == [("GET", f"{CALLS}/{SID}.json", [])] * 3


@pytest.mark.parametrize(("status", "permanent"), [(404, True), (401, True), (500, False), (429, False)])
async def test_a_look_up_that_fails_says_whether_it_always_will(
    desk: Desk, twilio: rest.Twilio, status: int, permanent: bool
) -> None:
    desk.says(status, _refusal(20404, status))
    with pytest.raises(CarrierError) as refused:
        await twilio.fetch(SID)
    assert refused.value.permanent is permanent


@pytest.mark.parametrize("text", ["", "<html>", "[]", "null", '{"sid":"CA1","status":"completed","duration":"long"}'])
async def test_a_look_up_that_cannot_be_read_is_a_failure_of_the_carrier(
    desk: Desk, twilio: rest.Twilio, text: str
) -> None:
    async def unreadable(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="application/json")  # a new one each time: one cannot be sent twice

    desk.answer = unreadable
    with pytest.raises(CarrierError):
        await twilio.fetch(SID)
    with pytest.raises(CarrierError):
        await twilio.find("+918800112233", "+15005550006", REPORT.created_at or datetime.now(UTC))


async def test_the_calls_to_a_number_since_a_moment_are_found_oldest_first(desk: Desk, twilio: rest.Twilio) -> None:
    made = ("09:12:00", "09:09:54", "09:10:01", "09:09:57")
    dated = [{**CALL, "sid": f"CA{at}", "date_created": f"Tue, 13 Jan 2026 {at} +0000"} for at in made]
    desk.says(200, {"calls": [*dated, {**CALL, "date_created": None}], "next_page_uri": None, "page": 0})
    found = await twilio.find("+918800112233", "+15005550006", datetime(2026, 1, 13, 9, 10, tzinfo=UTC))
    assert [report.sid for report in found] == ["CA09:09:57", "CA09:10:01", "CA09:12:00"]
    ((method, path, query),) = desk.asked
    assert (method, path) == ("GET", f"{CALLS}.json")
    assert {("To", "+918800112233"), ("From", "+15005550006")} <= set(query)


@pytest.mark.parametrize(("status", "body"), [(200, CALL), (400, _refusal(21220, 400)), (404, _refusal(20404, 404))])
async def test_hanging_up_a_call_that_is_over_counts_as_done(
    desk: Desk, twilio: rest.Twilio, status: int, body: dict[str, object]
) -> None:
    desk.says(status, body)
    await twilio.hang_up(SID)
    assert desk.asked == [("POST", f"{CALLS}/{SID}.json", [("Status", "completed")])]


@pytest.mark.parametrize(("status", "body"), [(500, _refusal(20500, 500)), (429, {}), (200, []), (200, "html")])
async def test_a_hang_up_that_may_not_have_happened_is_not_taken_for_done(
    desk: Desk, twilio: rest.Twilio, status: int, body: object
) -> None:
    desk.says(status, body)
    with pytest.raises(CarrierError):
        await twilio.hang_up(SID)


async def test_taking_a_call_back_asks_for_no_more_than_that(desk: Desk, twilio: rest.Twilio) -> None:
    desk.says(400, _refusal(21220, 400))
    await twilio.cancel(SID)
    assert desk.asked == [("POST", f"{CALLS}/{SID}.json", [("Status", "canceled")])]


async def test_a_message_for_a_machine_is_spoken_and_then_hung_up(desk: Desk, twilio: rest.Twilio) -> None:
    desk.says(200, CALL)
    await twilio.leave_message(SID, "Tom & <AVA>")
    ((method, path, form),) = desk.asked
    assert (method, path, [name for name, _ in form]) == ("POST", f"{CALLS}/{SID}.json", ["Twiml"])
    said, hung_up = ElementTree.fromstring(form[0][1])
    assert (said.tag, said.text, hung_up.tag) == ("Say", "Tom & <AVA>", "Hangup")


@pytest.mark.parametrize(("await_beep", "mode"), [(False, "Enable"), (True, "DetectMessageEnd")])
async def test_whether_a_machine_answered_is_asked_beside_the_talk_only_if_wished(
    desk: Desk, twilio: rest.Twilio, await_beep: bool, mode: str
) -> None:
    desk.says(201, {"sid": SID})
    await twilio.place(replace(ORDER, machine_url="https://app.example.com/amd", await_beep=await_beep))
    form = dict(desk.asked[0][2])
    assert {name: form[name] for name in form if "Machine" in name or "Amd" in name} == {
        "MachineDetection": mode,
        "AsyncAmd": "true",
        "AsyncAmdStatusCallback": "https://app.example.com/amd",
        "AsyncAmdStatusCallbackMethod": "POST",
    }


async def test_the_check_names_the_account(desk: Desk, twilio: rest.Twilio) -> None:
    desk.says(200, {"friendly_name": "One Window", "status": "active"})
    assert await twilio.check() == "account 'One Window' is active"
