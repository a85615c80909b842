"""The simulated Exotel: REST, unsigned callbacks and media streams as strict as exotel.md, seen from outside."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web

from dialer.simulator.exotel.connect import custom_parameters, national, sample_rate
from dialer.simulator.faults import Fault
from dialer.simulator.ledger import CallEntry
from dialer.simulator.world import World, WorldSettings, simulated_world

VECTORS = Path(__file__).parents[1] / "vectors"
REST = json.loads((VECTORS / "exotel-rest-and-callbacks.json").read_text())
MESSAGES = json.loads((VECTORS / "exotel-voicebot-stream.json").read_text())
CALLER, ENGAGED, BUSY, SILENT, FAILS = "08040000000", *(f"+9198765000{ending}" for ending in ("10", "12", "13", "98"))
EVENTS = ("ringing", "answered", "terminal")
Media = Callable[[web.WebSocketResponse, dict[str, Any]], Awaitable[None]]


@dataclass
class Product:
    """The other end: takes callbacks in any encoding, and media streams."""

    url: str = ""
    hooks: list[dict[str, str]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    known: list[str | None] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    media: Media | None = None

    async def hook(self, request: web.Request) -> web.Response:
        self.kinds.append(request.content_type)
        self.known.append(request.headers.get("Authorization"))
        told = await (request.json() if request.content_type == "application/json" else request.post())
        self.hooks.append(
            {name: value if isinstance(value, str) else json.dumps(value) for name, value in told.items()}
        )
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        self.known.append(request.headers.get("Authorization"))
        self.queries.append(dict(request.query))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            event = json.loads(message.data)
            self.received.append(event)
            if self.media:
                await self.media(socket, event)
        return socket

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for message in self.received if message["event"] == event]

    @property
    def stream_url(self) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/media?sample-rate=8000&token=s3cr3t"


class Account:
    """A plain REST client, and ways to wait for what the world does."""

    def __init__(self, world: World, http: aiohttp.ClientSession, product: Product) -> None:
        self.world, self._http, self._product = world, http, product
        told = world.settings
        self.base = f"{world.exotel_url}/v1/Accounts/{told.exotel_account_sid}"
        self.auth = {"Authorization": aiohttp.encode_basic_auth(told.exotel_api_key, told.exotel_api_token)}

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any, dict[str, str]]:
        options.setdefault("headers", self.auth)
        async with self._http.request(method, self.base + path, **options) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text()), dict(response.headers)

    async def connect(self, to: str = ENGAGED, path: str = "/Calls/connect.json", **fields: Any) -> tuple[int, Any]:
        form: dict[str, Any] = {
            "From": to,
            "CallerId": CALLER,
            "StreamUrl": self._product.stream_url,
            "StreamType": "bidirectional",
            "StatusCallback": f"{self._product.url}/status/t0k3n",
            "StatusCallbackEvents[]": list(EVENTS),
            "CustomField": "att_0001",
            **fields,
        }
        pairs = [(name, one) for name, value in form.items() for one in (value if isinstance(value, list) else [value])]
        body = urlencode([pair for pair in pairs if pair[1] is not None])
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, answer, _ = await self.ask("POST", path, data=body, headers=self.auth | kind)
        return status, answer

    async def placed(self, to: str = ENGAGED, **fields: Any) -> str:
        status, answer = await self.connect(to, **fields)
        assert status == 200, answer
        return str(answer["Call"]["Sid"])

    async def ended(self, sid: str) -> CallEntry:
        entry = next(call for call in self.world.ledger.calls if call.sid == sid)
        async with asyncio.timeout(8):
            while entry.ended is None:
                await asyncio.sleep(0.005)
        await self.world.quiet()
        return entry


@pytest.fixture
def told() -> dict[str, Any]:
    """Settings of the world that a test adds."""
    return {}


@pytest.fixture
async def world(told: dict[str, Any]) -> AsyncIterator[World]:
    async with simulated_world(WorldSettings(speed=40, webhook_timeout_s=0.4, **told)) as made:
        yield made


@pytest.fixture
async def product() -> AsyncIterator[Product]:
    made, app = Product(), web.Application()
    app.add_routes([web.post("/status/{token}", made.hook), web.get("/media", made.stream)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def account(world: World, product: Product) -> AsyncIterator[Account]:
    async with aiohttp.ClientSession() as http:
        yield Account(world, http, product)


def codes(entry: CallEntry) -> set[int]:
    return {warned.code for warned in entry.warnings}


async def _hangs_up(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    if message["event"] == "start":
        await socket.close()


# Placing


async def test_a_call_is_in_progress_as_soon_as_it_is_accepted_in_the_documented_shape(account: Account) -> None:
    status, answer = await account.connect(BUSY)
    assert status == 200
    assert set(answer["Call"]) == set(REST["rest"]["connect_response_200"]["Call"])
    call = answer["Call"]
    assert call["Status"] == "in-progress"
    assert call["From"] == call["To"] == national(BUSY) == "0" + BUSY[3:]
    assert call["PhoneNumberSid"] == CALLER
    assert len(call["DateCreated"]) == len("2026-01-15 14:25:10")
    assert (call["Price"], call["Duration"], call["EndTime"]) == (None, None, None)


async def test_the_answer_is_xml_unless_json_is_asked_for(account: Account) -> None:
    status, answer = await account.connect(BUSY, path="/Calls/connect")
    assert status == 200
    assert answer.startswith("<?xml")
    assert "<TwilioResponse><Call><Sid>" in answer


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"From": None}, "From"),
        ({"From": "12345"}, "From"),
        ({"CallerId": "08099999999"}, "CallerId"),
        ({"StreamUrl": None}, "StreamUrl"),
        ({"StreamUrl": "https://bot.example.com"}, "StreamUrl"),
        ({"StreamUrl": f"wss://bot.example.com/{'x' * 600}"}, "too long"),
        ({"StreamUrl": "ws://bot.example.com/"}, "without TLS"),
        ({"StreamType": "unidirectional"}, "StreamType"),
        ({"Url": "http://bot.example.com/flow"}, "Url"),
        ({"TimeLimit": "14401"}, "TimeLimit"),
        ({"TimeOut": "soon"}, "TimeOut"),
        ({"CustomField": "x" * 129}, "too long"),
        ({"StatusCallbackEvents[]": ["initiated"]}, "StatusCallbackEvents"),
        ({"StatusCallback": "ftp://x"}, "StatusCallback"),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_a_request_that_does_not_conform_is_refused_and_rings_nobody(
    account: Account, fields: dict[str, Any], says: str
) -> None:
    status, answer = await account.connect(**{"to": ENGAGED, **fields})
    assert status == 400
    assert says in answer["RestException"]["Message"]
    assert account.world.ledger.calls == []
    assert [refusal.status for refusal in account.world.ledger.refusals] == [400]


@pytest.mark.parametrize("told", [{"exotel_dnd": (ENGAGED,)}])
async def test_who_is_registered_as_not_to_be_disturbed_is_not_rung(account: Account) -> None:
    status, answer = await account.connect()
    assert status == 400
    assert "DND" in answer["RestException"]["Message"]


async def test_wrong_keys_and_other_accounts_are_refused(account: Account) -> None:
    wrong = {"Authorization": aiohttp.encode_basic_auth("key", "other")}
    status, answer, _ = await account.ask("GET", "/Calls/abc.json", headers=wrong)
    assert (status, answer) == (401, REST["rest"]["error_401"]["body"])
    status, answer, _ = await account.ask("GET", "/Calls/abc.json")
    assert (status, answer["RestException"]["Status"]) == (404, 404)


@pytest.mark.parametrize("told", [{"exotel_per_minute": 3}])
async def test_an_account_that_asks_too_often_is_told_when_to_come_back(account: Account) -> None:
    for _ in range(3):
        assert (await account.ask("GET", "/Calls.json"))[0] == 200
    status, answer, headers = await account.ask("GET", "/Calls.json")
    assert (status, answer) == (429, REST["rest"]["error_429"]["body"])
    assert int(headers["Retry-After"]) >= 1
    assert headers["X-RateLimit-Remaining"] == "0"


async def test_there_is_nothing_that_ends_a_call(account: Account, product: Product) -> None:
    sid = await account.placed()
    for method in ("POST", "DELETE"):
        assert (await account.ask(method, f"/Calls/{sid}.json", data={"Status": "completed"}))[0] == 405
    product.media = _hangs_up
    assert (await account.ended(sid)).ended_by == "server"


async def test_a_call_that_was_accepted_rings_whatever_became_of_the_answer(account: Account) -> None:
    account.world.faults.add(Fault("create", "error_after"), Fault("create", "error_before", count=1))
    assert (await account.connect(BUSY))[0] == 500
    assert (await account.connect(BUSY))[0] == 500
    assert len(account.world.ledger.calls_to(BUSY)) == 1


# What becomes of a call


@pytest.mark.parametrize(("to", "status"), [(BUSY, "busy"), (SILENT, "no-answer"), (FAILS, "failed")])
async def test_a_call_that_nobody_answers_says_why(account: Account, product: Product, to: str, status: str) -> None:
    sid = await account.placed(to, TimeOut="10")
    await account.ended(sid)
    assert [hook["EventType"] for hook in product.hooks] == (["terminal"] if to == FAILS else ["ringing", "terminal"])
    final = product.hooks[-1]
    assert (final["CallSid"], final["Status"], final["CustomField"]) == (sid, status, "att_0001")
    documented = set(REST["status_callbacks"][0]["fields"])
    assert set(final) == documented
    _, answer, _ = await account.ask("GET", f"/Calls/{sid}.json")
    assert answer["Call"]["Status"] == status


async def test_price_and_duration_come_some_time_after_the_end_and_the_list_only_knows_what_is_over(
    account: Account, product: Product
) -> None:
    product.media = _hangs_up
    sid = await account.placed()
    assert (await account.ask("GET", "/Calls.json"))[1]["Calls"] == []
    await account.ended(sid)
    _, listed, _ = await account.ask("GET", f"/Calls.json?{urlencode({'To': ENGAGED})}")
    (record,) = listed["Calls"]
    assert (record["Status"], record["Price"], record["Duration"]) == ("completed", None, None)
    async with asyncio.timeout(5):
        while record["Price"] is None:
            await asyncio.sleep(0.01)
            record = (await account.ask("GET", f"/Calls/{sid}.json"))[1]["Call"]
    assert float(record["Price"]) > 0
    assert int(record["Duration"]) >= 1


async def test_the_list_is_paged_newest_first_and_filtered_by_number_and_date(account: Account) -> None:
    sids = [await account.placed(to) for to in (BUSY, BUSY, FAILS)]
    for sid in sids:
        await account.ended(sid)
    _, first, _ = await account.ask("GET", "/Calls.json?PageSize=2")
    assert [call["Sid"] for call in first["Calls"]] == [sids[2], sids[1]]
    more = first["Metadata"]["NextPageUri"].partition("/Calls.json")[2]
    _, second, _ = await account.ask("GET", f"/Calls.json{more}")
    assert [call["Sid"] for call in second["Calls"]] == [sids[0]]
    assert second["Metadata"]["NextPageUri"] is None
    for query, count in (
        ({"To": national(BUSY)}, 2),
        ({"From": FAILS}, 1),
        ({"DateCreated": "gte:2099-01-01 00:00:00"}, 0),
        ({"DateCreated": "gte:2000-01-01 00:00:00;lte:2099-01-01 00:00:00"}, 3),
    ):
        _, found, _ = await account.ask("GET", f"/Calls.json?{urlencode(query)}")
        assert len(found["Calls"]) == count, query


async def test_streams_in_use_are_counted_in_xml(account: Account, product: Product) -> None:
    sid = await account.placed()
    async with asyncio.timeout(5):
        while not product.of("start"):
            await asyncio.sleep(0.005)
    _, answer, _ = await account.ask("GET", "/ActiveStreams")
    assert "<ActiveStreamCount>1</ActiveStreamCount><ThrottleLimit>100</ThrottleLimit>" in answer
    product.media = _closes_on_media
    await account.ended(sid)


async def _closes_on_media(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    if message["event"] == "media":
        await socket.close()


# Callbacks


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"exotel_encoding": "json"}, "application/json"),
        ({"exotel_encoding": "urlencoded"}, "application/x-www-form-urlencoded"),
        ({"exotel_encoding": "multipart"}, "multipart/form-data"),
    ],
)
async def test_callbacks_come_in_one_of_three_encodings(account: Account, product: Product, kind: str) -> None:
    await account.ended(await account.placed(BUSY))
    assert set(product.kinds) == {kind}
    final = product.hooks[-1]
    leg = final.get("Legs[0][Status]") or json.loads(final["Legs"])[0]["Status"]
    assert leg == final["Status"] == "busy"


async def test_without_events_the_end_alone_is_told_in_four_fields(account: Account, product: Product) -> None:
    await account.ended(await account.placed(BUSY, **{"StatusCallbackEvents[]": None}))
    (hook,) = product.hooks
    assert set(hook) == set(REST["status_callbacks"][1]["fields"])


async def test_a_callback_that_is_not_answered_with_200_is_tried_twice_more(account: Account, product: Product) -> None:
    product.answers = [204, 500, 200]
    entry = await account.ended(await account.placed(FAILS))
    assert [hook.status for hook in account.world.ledger.webhooks_of(entry.sid)] == [204, 500, 200]
    assert entry.warnings == []


async def test_callbacks_are_lost_doubled_and_turned_as_ordered(account: Account, product: Product) -> None:
    account.world.faults.add(Fault("webhook", "lose", to=FAILS), Fault("webhook", "reverse", to=BUSY))
    await account.ended(await account.placed(FAILS))
    assert product.hooks == []
    await account.ended(await account.placed(BUSY))
    assert [hook["EventType"] for hook in product.hooks] == ["terminal", "ringing"]


async def test_user_and_password_of_an_address_are_shown_and_not_sent_in_it(account: Account, product: Product) -> None:
    product.media = _hangs_up
    known = [url.replace("//", "//user:p%40ss@", 1) for url in (product.stream_url, f"{product.url}/status/t")]
    await account.ended(await account.placed(StreamUrl=known[0], StatusCallback=known[1]))
    assert set(product.known) == {aiohttp.encode_basic_auth("user", "p@ss")}


# The media stream


async def test_a_stream_speaks_the_documented_messages_all_in_text(account: Account, product: Product) -> None:
    async def marks(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        sid = {"stream_sid": message.get("stream_sid")}
        if message["event"] == "start":
            await socket.send_json({"event": "media", **sid, "media": {"payload": _pcm(3200)}})
            await socket.send_json({"event": "mark", **sid, "mark": {"name": "m1"}})
        elif message["event"] == "mark":
            await socket.close()

    product.media = marks
    sid = await account.placed()
    entry = await account.ended(sid)
    assert product.queries == [{"sample-rate": "8000", "token": "s3cr3t"}]
    theirs = (step for step in MESSAGES["answered_call"] if step["direction"] == "exotel_to_server")
    documented = {step["message"]["event"]: step["message"] for step in theirs}
    for message in product.received:
        expected = documented[message["event"]]
        assert set(message) == set(expected)
        if (body := message.get(message["event"])) is not None:
            assert set(body) == set(expected[message["event"]])
            plain = {name: value for name, value in body.items() if name not in ("custom_parameters", "media_format")}
            assert all(isinstance(value, str) for value in plain.values())
    (start,) = product.of("start")
    assert start["start"]["custom_parameters"] == {"token": "s3cr3t"}
    assert start["start"]["call_sid"] == sid
    (mark,) = product.of("mark")
    assert mark["mark"] == {"name": "m1"}
    assert {len(base64.b64decode(each["media"]["payload"])) for each in product.of("media")} == {1600}
    assert entry.warnings == []
    assert entry.streams[0].bytes_received == 3200


def _pcm(size: int) -> str:
    return base64.b64encode(b"\0\x20" * (size // 2)).decode()


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([3200, 3200, 320], set()),
        ([100_160], {100_000}),
        ([3210], {320}),
        ([1600, 3200], {3200}),
        ([640], set()),
    ],
    ids=["legal", "too much at once", "no multiple", "too little, and more", "little, and the last"],
)
async def test_sound_of_the_wrong_size_is_played_and_warned_of(
    account: Account, product: Product, sizes: list[int], expected: set[int]
) -> None:
    async def says(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        sid = {"stream_sid": message.get("stream_sid")}
        if message["event"] == "start":
            for size in sizes:
                await socket.send_json({"event": "media", **sid, "media": {"payload": _pcm(size)}})
            await socket.send_json({"event": "mark", **sid, "mark": {"name": "end"}})
        elif message["event"] == "mark":
            await socket.close()

    product.media = says
    entry = await account.ended(await account.placed())
    assert codes(entry) == expected
    assert entry.streams[0].bytes_received == sum(sizes)


async def test_marks_that_were_cleared_never_come_back(account: Account, product: Product) -> None:
    async def clears(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        sid = {"stream_sid": message.get("stream_sid")}
        if message["event"] == "start":
            for _ in range(10):
                await socket.send_json({"event": "media", **sid, "media": {"payload": _pcm(3200)}})
            await socket.send_json({"event": "mark", **sid, "mark": {"name": "never"}})
            await socket.send_json({"event": "clear", **sid})
            await socket.send_json({"event": "mark", **sid, "mark": {"name": "after"}})
        elif message["event"] == "mark":
            await socket.close()

    product.media = clears
    entry = await account.ended(await account.placed())
    assert [message["mark"]["name"] for message in product.of("mark")] == ["after"]
    assert [(echo.name, echo.heard) for echo in entry.streams[0].marks] == [("never", False), ("after", True)]
    assert entry.warnings == []


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("not json", 1003),
        ('{"event":"media","streamSid":"x","media":{"payload":""}}', 1008),
        ('{"event":"clear","stream_sid":"another"}', 1008),
        ('{"event":"mark","stream_sid":"SID","mark":{"name":""}}', 1008),
        ('{"event":"media","stream_sid":"SID","media":{"payload":"?"}}', 1007),
    ],
)
async def test_a_message_that_does_not_conform_is_a_warning(
    account: Account, product: Product, sent: str, code: int
) -> None:
    async def says(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if message["event"] == "start":
            await socket.send_str(sent.replace("SID", message["stream_sid"]))
        elif len(product.of("media")) > 2:
            await socket.close()

    product.media = says
    assert code in codes(await account.ended(await account.placed()))


async def test_a_socket_that_is_refused_is_tried_once_more_and_ends_the_call(
    account: Account, product: Product
) -> None:
    entry = await account.ended(await account.placed(StreamUrl=f"{product.url.replace('http', 'ws', 1)}/nowhere"))
    assert codes(entry) == {404}
    assert entry.streams[0].ended_by == "refused"


def test_three_parameters_of_256_characters_in_all_are_handed_back() -> None:
    assert custom_parameters("wss://a/b?sample-rate=16000&a=1&b=2&c=3") == ({"a": "1", "b": "2", "c": "3"}, None)
    for query in ("a=1&b=2&c=3&d=4", f"a={'x' * 256}"):
        found, wrong = custom_parameters(f"wss://a/b?{query}")
        assert found == {}
        assert wrong


@pytest.mark.parametrize(("asked", "rate"), [("", 8000), ("?sample-rate=16000", 16000), ("?sample-rate=5", 8000)])
def test_the_rate_is_the_one_that_was_asked_for(asked: str, rate: int) -> None:
    assert sample_rate(f"wss://a/b{asked}") == rate


async def test_a_stream_at_another_rate_carries_the_same_sound(account: Account, product: Product) -> None:
    product.media = _closes_after_five
    await account.ended(await account.placed(StreamUrl=product.stream_url.replace("8000", "16000")))
    assert product.of("start")[0]["start"]["media_format"]["sample_rate"] == "16000"
    assert {len(base64.b64decode(each["media"]["payload"])) for each in product.of("media")} == {3200}


async def _closes_after_five(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    if message["event"] == "media" and int(message["media"]["chunk"]) >= 5:
        await socket.close()
