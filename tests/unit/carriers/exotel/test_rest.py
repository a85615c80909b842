"""Exotel's REST interface through our adapter, against a desk that answers as the test says."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

import pytest
from aiohttp import web

from dialer.carriers.exotel import rest
from dialer.carriers.port import (
    AccountRejected,
    CallRequest,
    CallStatus,
    CarrierError,
    Ended,
    NumberRejected,
    Placed,
    Throttled,
    TransferRequest,
    Unknown,
)
from dialer.domain.calling.call import State

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "exotel-rest-and-callbacks.json").read_text("utf-8"))
ACCEPTED = VECTORS["rest"]["connect_response_200"]
SID = ACCEPTED["Call"]["Sid"]
BASE = "/v1/Accounts/exampleacct1"
OURS = "08047491899"
ORDER = CallRequest(
    call_id=UUID(int=7),
    token="s3cr3t-token",
    to="+919876543210",
    from_number=OURS,
    ring_timeout_s=30,
    time_limit_s=600,
    media_url="wss://media.example.com/exotel/media-stream",
    status_url="https://dialer.example.com/carriers/exotel/status/s3cr3t-token",
)
OVER = {
    **ACCEPTED["Call"],
    "Status": "completed",
    "Duration": "61",
    "Price": "1.200000",
    "EndTime": "2026-01-15 14:26:20",
}


@dataclass
class Desk:
    """Exotel's side: writes down what is asked and answers as the test says."""

    asked: list[tuple[str, str, list[tuple[str, str]]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.StreamResponse:
        form = parse_qsl(await request.text(), keep_blank_values=True)
        self.asked.append((request.method, request.path, form or list(request.query.items())))
        self.headers.append(dict(request.headers))
        assert self.answer is not None
        return await self.answer(request)

    def says(self, status: int, body: object, **headers: str) -> None:
        text = body if isinstance(body, str) else json.dumps(body)

        async def answer(_request: web.Request) -> web.StreamResponse:
            told = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.Response(text=text, status=status, headers=told)

        self.answer = answer


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Desk, int]]:
    made = Desk()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield made, runner.addresses[0][1]
    made.done.set()
    await runner.cleanup()


def _carrier(port: int, **more: Any) -> rest.Exotel:
    told: dict[str, Any] = {"account_sid": "exampleacct1", "api_key": "key", "api_token": "token", "caller_id": OURS}
    return rest.Exotel(**{**told, **more}, api_url=f"http://127.0.0.1:{port}/", on_loopback=True)


@pytest.fixture
async def exotel(desk: tuple[Desk, int]) -> AsyncIterator[rest.Exotel]:
    carrier = _carrier(desk[1])
    yield carrier
    await carrier.close()


async def test_a_call_is_asked_for_with_everything_that_exotel_needs_to_know(
    desk: tuple[Desk, int], exotel: rest.Exotel
) -> None:
    desk[0].says(200, ACCEPTED)
    assert await exotel.place(ORDER) == Placed(SID)
    ((method, path, form),) = desk[0].asked
    assert (method, path) == ("POST", f"{BASE}/Calls/connect.json")
    stream_url = dict(form)["StreamUrl"]
    assert form == [
        ("From", "+919876543210"),
        ("CallerId", OURS),
        ("StreamUrl", stream_url),
        ("StreamType", "bidirectional"),
        ("CallType", "trans"),
        ("TimeOut", "30"),
        ("TimeLimit", "600"),
        ("Record", "false"),
        ("CustomField", str(ORDER.call_id)),
        ("StatusCallback", ORDER.status_url),
        ("StatusCallbackEvents[]", "ringing"),
        ("StatusCallbackEvents[]", "answered"),
        ("StatusCallbackEvents[]", "terminal"),
    ]
    assert stream_url.startswith(ORDER.media_url)
    assert parse_qs(urlsplit(stream_url).query) == {"sample-rate": ["8000"], "token": ["s3cr3t-token"]}
    assert desk[0].headers[0]["Authorization"] == f"Basic {b64encode(b'key:token').decode()}"
    documented = {name for name, _ in VECTORS["rest"]["connect_request_form"]}
    assert documented <= {name for name, _ in form}


async def test_the_token_is_not_in_the_field_that_comes_back_everywhere(
    desk: tuple[Desk, int], exotel: rest.Exotel
) -> None:
    desk[0].says(200, ACCEPTED)
    await exotel.place(ORDER)
    assert ORDER.token not in dict(desk[0].asked[0][2])["CustomField"]


async def test_a_password_goes_into_the_addresses_that_exotel_is_given(desk: tuple[Desk, int]) -> None:
    desk[0].says(200, ACCEPTED)
    carrier = _carrier(desk[1], callback_auth="user:p@ss/word")
    await carrier.place(ORDER)
    await carrier.close()
    form = dict(desk[0].asked[0][2])
    for name in ("StreamUrl", "StatusCallback"):
        assert "//user:p%40ss%2Fword@" in form[name]


async def test_an_address_that_exotel_would_refuse_is_not_sent(desk: tuple[Desk, int], exotel: rest.Exotel) -> None:
    answer = await exotel.place(replace(ORDER, media_url=f"wss://media.example.com/{'x' * 600}"))
    assert isinstance(answer, AccountRejected)
    assert "DIALER_MEDIA_URL" in answer.says
    assert desk[0].asked == []


@pytest.mark.parametrize(
    ("body", "sid"),
    [(ACCEPTED, SID), ({"call": {"sid": "abc"}}, "abc"), ({"Call": {"Sid": "abc", "Status": "queued"}}, "abc")],
    ids=["as documented", "in small letters", "queued"],
)
async def test_an_accepted_call_is_placed_and_nothing_more(
    desk: tuple[Desk, int], exotel: rest.Exotel, body: object, sid: str
) -> None:
    desk[0].says(200, body)
    assert await exotel.place(ORDER) == Placed(sid)


@pytest.mark.parametrize("body", ["", "{", "<TwilioResponse/>", "[]", {}, {"Call": None}, {"Call": {"Sid": None}}])
async def test_an_answer_without_a_call_tells_nothing(
    desk: tuple[Desk, int], exotel: rest.Exotel, body: object
) -> None:
    desk[0].says(200, body)
    assert isinstance(await exotel.place(ORDER), Unknown)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 302, 408])
async def test_a_fault_of_exotels_is_never_asked_again(
    desk: tuple[Desk, int], exotel: rest.Exotel, status: int
) -> None:
    desk[0].says(status, {"RestException": {"Status": status, "Message": "oops"}})
    assert isinstance(await exotel.place(ORDER), Unknown)
    assert len(desk[0].asked) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, VECTORS["rest"]["error_401"]["body"]),
        (402, {"RestException": {"Message": "insufficient balance"}}),
        (403, "<TwilioResponse><RestException><Message>suspended</Message></RestException></TwilioResponse>"),
        (404, ""),
        (409, {}),
        (400, {"RestException": {"Message": "Invalid parameter: CallerId"}}),
        (400, {}),
    ],
)
async def test_what_is_wrong_with_the_account_burns_no_lead(
    desk: tuple[Desk, int], exotel: rest.Exotel, status: int, body: object
) -> None:
    desk[0].says(status, body)
    answer = await exotel.place(ORDER)
    assert isinstance(answer, AccountRejected)
    assert str(status) in answer.says


async def test_the_refusals_own_words_are_passed_on(desk: tuple[Desk, int], exotel: rest.Exotel) -> None:
    desk[0].says(403, "<TwilioResponse><RestException><Message>suspended</Message></RestException></TwilioResponse>")
    assert await exotel.place(ORDER) == AccountRejected("Exotel refused: suspended (HTTP 403)")


@pytest.mark.parametrize("words", ["Call to this number is blocked: DND (NCPR)", "Invalid parameter: From"])
async def test_what_is_wrong_with_the_number_ends_that_lead_alone(
    desk: tuple[Desk, int], exotel: rest.Exotel, words: str
) -> None:
    desk[0].says(400, {"RestException": {"Status": 400, "Message": words}})
    assert await exotel.place(ORDER) == NumberRejected(f"Exotel refused: {words} (HTTP 400)")


@pytest.mark.parametrize(("header", "wait"), [({"Retry_After": "7"}, 7.0), ({}, 30.0), ({"Retry_After": "soon"}, 30.0)])
async def test_too_many_requests_are_put_off_as_long_as_exotel_says(
    desk: tuple[Desk, int], exotel: rest.Exotel, header: dict[str, str], wait: float
) -> None:
    desk[0].says(429, VECTORS["rest"]["error_429"]["body"], **header)
    answer = await exotel.place(ORDER)
    assert isinstance(answer, Throttled)
    assert answer.after_s == wait


async def test_no_connection_means_that_nothing_was_asked(unused_tcp_port: int) -> None:
    carrier = _carrier(unused_tcp_port)
    assert isinstance(await carrier.place(ORDER), Throttled)
    await carrier.close()


async def test_a_connection_that_is_cut_or_an_answer_that_does_not_come_tells_nothing(
    desk: tuple[Desk, int], exotel: rest.Exotel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def sleep(_request: web.Request) -> web.StreamResponse:
        await desk[0].done.wait()
        return web.Response()

    desk[0].answer = cut
    assert isinstance(await exotel.place(ORDER), Unknown)
    monkeypatch.setattr(rest, "CONNECT_TIMEOUT_S", 0.05)
    monkeypatch.setattr(rest, "READ_TIMEOUT_S", 0.05)
    desk[0].answer = sleep
    assert isinstance(await exotel.place(ORDER), Unknown)
    assert len(desk[0].asked) == 2


async def test_a_call_is_read_with_its_number_in_our_form_and_its_time_in_ist(
    desk: tuple[Desk, int], exotel: rest.Exotel
) -> None:
    desk[0].says(200, {"Call": OVER})
    assert await exotel.fetch(SID) == CallStatus(
        sid=SID,
        state=State.ENDED,
        ended=Ended(answered=True, says="completed"),
        duration_s=61,
        cost=Decimal("1.200000"),
        currency="INR",
        to="+919876543210",
        from_number=OURS,
        created_at=datetime(2026, 1, 15, 8, 55, 10, tzinfo=UTC),
    )
    assert desk[0].asked[0][1] == f"{BASE}/Calls/{SID}.json"


async def test_a_call_in_progress_is_not_taken_for_an_answered_one(desk: tuple[Desk, int], exotel: rest.Exotel) -> None:
    desk[0].says(200, ACCEPTED)
    report = await exotel.fetch(SID)
    assert (report.state, report.ended, report.cost, report.duration_s) == (State.PLACED, None, None, None)


async def test_the_list_is_read_to_its_last_page_and_our_key_goes_nowhere_else(
    desk: tuple[Desk, int], exotel: rest.Exotel
) -> None:
    first = {**OVER, "Sid": "second", "DateCreated": "2026-01-15 14:40:00"}
    pages = [
        {"Metadata": {"NextPageUri": "http://elsewhere.example.com/x?After=1&PageSize=100"}, "Calls": [first]},
        {
            "Metadata": {"NextPageUri": None},
            "Calls": [{**OVER, "Direction": "inbound"}, {**OVER, "Sid": "old", "DateCreated": "2026-01-15 14:00:00"}],
        },
    ]

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response(pages[len(desk[0].asked) - 1])

    desk[0].answer = answer
    since = datetime(2026, 1, 15, 8, 50, tzinfo=UTC)
    assert [(each.sid, each.is_attempt) for each in await exotel.placed_since(since)] == [
        (SID, False),
        ("second", True),
    ]
    assert [path for _, path, _ in desk[0].asked] == [f"{BASE}/Calls.json"] * 2
    asked = dict(desk[0].asked[0][2])
    assert asked["DateCreated"].startswith("gte:2026-01-15 14:20:00;lte:")
    assert dict(desk[0].asked[1][2]) == {"After": "1", "PageSize": "100"}


async def test_an_unknown_call_is_found_by_the_numbers_in_whatever_form(
    desk: tuple[Desk, int], exotel: rest.Exotel
) -> None:
    others = [{**OVER, "Sid": "to another", "From": "09876500000"}, {**OVER, "Sid": "ours not", "PhoneNumberSid": "1"}]
    desk[0].says(200, {"Calls": [*others, OVER]})
    found = await exotel.find("+919876543210", OURS, datetime(2026, 1, 15, 8, 55, 12, tzinfo=UTC))
    assert [each.sid for each in found] == [SID]
    assert await exotel.find("+919876543210", OURS, datetime(2026, 1, 15, 9, 55, tzinfo=UTC)) == ()


async def test_what_exotel_cannot_do_is_said_and_not_sent(desk: tuple[Desk, int], exotel: rest.Exotel) -> None:
    handover = TransferRequest(to="+15005550006", from_number=OURS, brief_url="", over_url="")
    for asked in (
        exotel.hang_up(SID),
        exotel.cancel(SID),
        exotel.leave_message(SID, "hello"),
        exotel.transfer(SID, handover),
    ):
        with pytest.raises(CarrierError) as error:
            await asked
        assert error.value.permanent
    capabilities = exotel.capabilities
    lacks = (
        capabilities.can_hang_up,
        capabilities.can_cancel,
        capabilities.can_leave_messages,
        capabilities.can_transfer,
        capabilities.detects_voicemail,
    )
    assert lacks == (False,) * 5
    assert desk[0].asked == []


@pytest.mark.parametrize(("status", "permanent"), [(401, True), (404, True), (429, False), (500, False)])
async def test_a_look_up_that_is_refused_says_whether_to_come_again(
    desk: tuple[Desk, int], exotel: rest.Exotel, status: int, permanent: bool
) -> None:
    desk[0].says(status, {"RestException": {"Status": status, "Message": "no"}})
    with pytest.raises(CarrierError) as error:
        await exotel.fetch(SID)
    assert error.value.permanent is permanent


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"Call": 5}'])
async def test_a_look_up_that_cannot_be_read_is_no_answer(
    desk: tuple[Desk, int], exotel: rest.Exotel, body: str
) -> None:
    desk[0].says(200, body)
    with pytest.raises(CarrierError):
        await exotel.fetch(SID)


async def test_the_doctor_hears_how_many_streams_are_in_use(desk: tuple[Desk, int], exotel: rest.Exotel) -> None:
    desk[0].says(200, "<R><ActiveStreamCount>3</ActiveStreamCount><ThrottleLimit>100</ThrottleLimit></R>")
    assert await exotel.check() == "3 of 100 streams in use"
    assert desk[0].asked[0][1] == f"{BASE}/ActiveStreams"


def test_an_account_starts_no_more_calls_than_exotel_allows_in_a_minute() -> None:
    assert _carrier(1).calls_per_second == pytest.approx(200 / 60)
    assert _carrier(1, calls_per_second=10.0).calls_per_second == 10.0
