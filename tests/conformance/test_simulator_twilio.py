"""The simulated carrier: REST, signed webhooks and media streams as strict as twilio.md, seen from outside."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from dialer.audio import ulaw
from dialer.simulator.faults import Fault, FaultError, fault_from_json
from dialer.simulator.ledger import CallEntry, StreamEntry
from dialer.simulator.people.students import LINES, student_for
from dialer.simulator.twilio.signature import sign
from dialer.simulator.twilio.twiml import Hangup, Stream, TwimlError, parse
from dialer.simulator.world import World, WorldSettings, simulated_world
from tests.support.media import until

VECTORS = Path(__file__).parents[1] / "vectors"
SIGNATURES = json.loads((VECTORS / "twilio-signatures.json").read_text())
CALLBACKS = json.loads((VECTORS / "twilio-status-callbacks.json").read_text())
MESSAGES = json.loads((VECTORS / "twilio-media-stream.json").read_text())
FROM, ENGAGED = "+15005550006", "+919876500010"
HANGUP = "<Response><Hangup/></Response>"
EVENTS = ("initiated", "ringing", "answered", "completed")
Media = Callable[[web.WebSocketResponse, dict[str, Any]], Awaitable[None]]


@dataclass
class Product:
    """The other end: takes webhooks and media streams, and checks the signature of each."""

    token: str
    url: str = ""
    hooks: list[dict[str, str]] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    closed: list[int | None] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    twiml: str = HANGUP
    media: Media | None = None

    async def hook(self, request: web.Request) -> web.Response:
        fields = {name: str(value) for name, value in (await request.post()).items()}
        self._check(request, str(request.url), fields)
        if "twiml" in request.path:
            return web.Response(text=self.twiml, content_type="text/xml")
        self.hooks.append(fields)
        return web.Response(status=self.answers.pop(0) if self.answers else 204)

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        self._check(request, str(request.url).replace("http", "ws", 1), {})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            try:
                event = json.loads(message.data)
            except ValueError:
                self.broken.append(message.data)
                continue
            self.received.append(event)
            if self.media:
                await self.media(socket, event)
        self.closed.append(socket.close_code)
        return socket

    def _check(self, request: web.Request, url: str, fields: dict[str, str]) -> None:
        if request.headers.get("X-Twilio-Signature") != sign(self.token, url, fields):
            self.unsigned.append(url)

    def statuses(self) -> list[str]:
        return [hook["CallStatus"] for hook in self.hooks if "CallStatus" in hook]

    def twiml_to_stream(self, parameters: str = "") -> str:
        url = self.url.replace("http", "ws", 1)
        return f'<Response><Connect><Stream url="{url}/media">{parameters}</Stream></Connect></Response>'


class Carrier:
    """A plain REST client, and ways to wait for what the world does."""

    def __init__(self, world: World, http: aiohttp.ClientSession) -> None:
        self.world, self._http = world, http
        settings = world.settings
        self.base = f"{world.twilio_url}/2010-04-01/Accounts/{settings.account_sid}"
        self.auth = {"Authorization": aiohttp.encode_basic_auth(settings.account_sid, settings.auth_token)}

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        options.setdefault("headers", self.auth)
        async with self._http.request(method, self.base + path, **options) as response:
            return response.status, (await response.json() if response.content_type == "application/json" else None)

    async def create(self, to: str = ENGAGED, /, **fields: Any) -> tuple[int, Any]:
        form = {"To": to, "From": FROM, "Twiml": HANGUP, **fields}
        pairs = [(name, one) for name, value in form.items() for one in (value if isinstance(value, list) else [value])]
        return await self.ask(
            "POST",
            "/Calls.json",
            data=urlencode([pair for pair in pairs if pair[1] is not None]),
            headers=self.auth | {"Content-Type": "application/x-www-form-urlencoded"},
        )

    async def ended(self, sid: str) -> CallEntry:
        entry = next(call for call in self.world.ledger.calls if call.sid == sid)
        async with asyncio.timeout(8):
            while entry.ended is None:
                await asyncio.sleep(0.005)
        await self.world.quiet()
        return entry


@pytest.fixture
async def world() -> AsyncIterator[World]:
    settings = WorldSettings(speed=40, calls_per_second=100, geo_blocked=("+92",), webhook_timeout_s=0.4)
    async with simulated_world(settings) as made:
        yield made


@pytest.fixture
async def product(world: World) -> AsyncIterator[Product]:
    made = Product(world.settings.auth_token)
    app = web.Application()
    app.add_routes([web.post("/{path:status|amd|twiml|recording}", made.hook), web.get("/media", made.stream)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def carrier(world: World) -> AsyncIterator[Carrier]:
    async with aiohttp.ClientSession() as http:
        yield Carrier(world, http)


# Signatures and TwiML


@pytest.mark.parametrize(
    "vector", [one for one in SIGNATURES["valid"] if "algorithm" not in one], ids=lambda vector: str(vector["name"])
)
def test_signatures_are_those_of_the_vectors(vector: dict[str, Any]) -> None:
    params = vector["params"] if isinstance(vector["params"], dict) else {}
    url = vector["url"]
    if "443" in vector["name"]:
        url = url.replace("example.com", "example.com:443")
    assert sign(SIGNATURES["auth_token"], url, params) == vector["signature"]


@pytest.mark.parametrize(
    "vector",
    [one for one in SIGNATURES["invalid"] if not isinstance(one["params"], str)],
    ids=lambda vector: str(vector["name"]),
)
def test_signatures_differ_where_the_vectors_are_invalid(vector: dict[str, Any]) -> None:
    assert sign(SIGNATURES["auth_token"], vector["url"], vector["params"]) != vector["signature"]


def test_several_values_of_a_field_count_once_each_in_order() -> None:
    assert sign("t", "https://a", {"B": ["2", "1", "2"], "A": "x"}) == sign("t", "https://aAxB1B2", {})


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        ("<Response>", 12100),
        ("<!DOCTYPE a><Response/>", 12100),
        ("<Answer/>", 12200),
        ("<Response><Record/></Response>", 12200),
        ("<Response><Dial>+1</Dial></Response>", 13224),
        ("<Response><Dial><Number>+12025550143</Number><Number>+12025550144</Number></Dial></Response>", 12200),
        ("<Response><Dial whisper='x'>+12025550143</Dial></Response>", 12200),
        ("<Response><Dial timeout='0'>+12025550143</Dial></Response>", 12200),
        ("<Response><Dial callerId='desk'>+12025550143</Dial></Response>", 13214),
        ("<Response><Dial><Number url='/brief'>+12025550143</Number></Dial></Response>", 12200),
        ('<Response><Connect><Stream url="https://a/b"/></Connect></Response>', 31922),
        ('<Response><Connect><Stream url="ws://a.example/b"/></Connect></Response>', 31922),
        ('<Response><Connect><Stream url="wss://a.example/b" track="both_tracks"/></Connect></Response>', 31941),
        (f"<Response><Say>{'a' * 65000}</Say></Response>", 11750),
    ],
)
def test_twiml_that_would_not_run_is_told_by_code(xml: str, code: int) -> None:
    with pytest.raises(TwimlError) as wrong:
        parse(xml)
    assert wrong.value.code == code


def test_a_stream_url_loses_its_query_and_a_warning_says_so() -> None:
    document = parse(
        '<Response><Connect><Stream url="wss://a.example/m?x=1"><Parameter name="n" value="&lt;v&gt;"/></Stream>'
        "</Connect><Hangup/></Response>"
    )
    assert document.verbs == (Stream("wss://a.example/m", {"n": "<v>"}), Hangup())
    assert document.warnings[0][0] == 31920


# REST


async def test_wrong_credentials_are_20003_and_another_account_is_not_there(carrier: Carrier) -> None:
    status, body = await carrier.ask("GET", "/Calls.json", headers={})
    assert (status, body["code"], body["status"]) == (401, 20003, 401)
    carrier.base = carrier.base[:-1] + "0"
    status, body = await carrier.ask("GET", "/Calls.json")
    assert (status, body["code"]) == (404, 20404)
    assert body["more_info"].endswith("/20404")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": None}, 21201),
        ({"From": None}, 21213),
        ({"Twiml": None}, 21205),
        ({"Url": "ftp://a.example"}, 21205),
        ({"Url": "https://a.example", "Method": "PUT"}, 21209),
        ({"From": "+15005550099"}, 21210),
        ({"To": "9876500010"}, 21211),
        ({"To": FROM}, 21211),
        ({"From": "0044"}, 21212),
        ({"From": "+15005550001"}, 21212),
        ({"To": "+15005550001"}, 21217),
        ({"To": "+15005550002"}, 21214),
        ({"To": "+15005550003"}, 21215),
        ({"To": "+920000000000"}, 21215),
        ({"To": "+15005550004"}, 21216),
        ({"Twiml": "<Response>" + " " * 4000 + "</Response>"}, 32018),
        ({"SendDigits": "12x"}, 21206),
        ({"Timeout": "601"}, 21208),
        ({"MachineDetection": "Maybe"}, 21234),
        ({"MachineDetection": "Enable", "MachineDetectionSpeechThreshold": "500"}, 21234),
        ({"StatusCallback": "https://a_b.example/s"}, 21609),
        ({"StatusCallbackEvent": "initiated answered"}, 21626),
    ],
)
async def test_a_create_with_a_fault_is_refused_by_its_code(
    carrier: Carrier, fields: dict[str, str | None], code: int
) -> None:
    status, body = await carrier.create(**fields) if "To" not in fields else await carrier.create(fields["To"])  # type: ignore[arg-type]
    assert (status, body["code"]) == (400, code)
    assert carrier.world.ledger.calls == []
    assert carrier.world.ledger.refusals[-1].code == code


async def test_a_new_call_is_told_whole_with_numbers_as_strings(carrier: Carrier) -> None:
    status, call = await carrier.create(Timeout="20")
    assert status == 201
    assert call["sid"].startswith("CA")
    assert len(call["sid"]) == 34
    assert (call["status"], call["direction"], call["queue_time"]) == ("queued", "outbound-api", "0")
    assert [call[key] for key in ("duration", "price", "start_time", "end_time", "answered_by")] == [None] * 5
    assert call["date_created"].endswith("+0000")
    assert "error_code" not in call
    assert len(call["subresource_uris"]) == 9
    entry = await carrier.ended(call["sid"])
    _, call = await carrier.ask("GET", f"/Calls/{call['sid']}.json")
    assert (call["status"], call["duration"]) == ("completed", str(entry.duration_s))
    async with asyncio.timeout(2):
        while (await carrier.ask("GET", f"/Calls/{call['sid']}.json"))[1]["price"] is None:
            await asyncio.sleep(0.02)


async def test_calls_above_the_rate_wait_in_the_queue_and_are_not_refused() -> None:
    async with (
        simulated_world(WorldSettings(speed=20, calls_per_second=1)) as world,
        aiohttp.ClientSession() as http,
    ):
        carrier = Carrier(world, http)
        calls = [(await carrier.create(f"+1500555010{digit}"))[1] for digit in range(3)]
        waits = [int(call["queue_time"]) for call in calls]
        assert waits[0] == 0
        assert 500 < waits[1] <= 1000
        assert 1500 < waits[2] <= 2000
        _, canceled = await carrier.ask("POST", f"/Calls/{calls[2]['sid']}.json", data={"Status": "canceled"})
        entry = await carrier.ended(canceled["sid"])
        assert [status for status, _ in entry.statuses] == ["queued", "canceled"]


async def test_the_list_is_filtered_and_paged(carrier: Carrier) -> None:
    for digit in range(3):
        await carrier.create(f"+1202555010{digit}")
    await carrier.create("+12025550100")
    _, page = await carrier.ask("GET", "/Calls.json", params={"To": "+12025550100", "PageSize": "1"})
    assert len(page["calls"]) == 1
    _, rest = await carrier.ask("GET", page["next_page_uri"].split(carrier.world.settings.account_sid)[1])
    assert (rest["page"], rest["next_page_uri"]) == (1, None)
    assert rest["calls"][0]["sid"] != page["calls"][0]["sid"]
    for params, count in (
        ({"StartTime<": "2020-01-01"}, 0),
        ({"StartTime>": "2020-01-01T00:00:00Z"}, 4),
        ({"From": "+15005550007"}, 0),
        ({"Status": "failed"}, 0),
    ):
        _, found = await carrier.ask("GET", "/Calls.json", params=params)
        assert len(found["calls"]) == count
    assert (await carrier.ask("GET", "/Calls.json", params={"Status": "initiated"}))[0] == 400


async def test_a_live_call_is_hung_up_redirected_and_then_over(carrier: Carrier, product: Product) -> None:
    _, call = await carrier.create(Twiml=product.twiml_to_stream())
    path = f"/Calls/{call['sid']}.json"
    status, body = await carrier.ask("POST", path, data={"Twiml": HANGUP})
    assert (status, body["code"]) == (400, 21220)
    async with asyncio.timeout(3):
        while not any(event["event"] == "media" for event in product.received):
            await asyncio.sleep(0.01)
    _, body = await carrier.ask("POST", path, data={"Status": "canceled"})
    assert body["status"] == "in-progress"
    assert (await carrier.ask("POST", path, data={"Status": "busy"}))[0] == 400
    await carrier.ask("POST", path, data={"Twiml": "<Response><Pause length='60'/></Response>"})
    async with asyncio.timeout(3):
        while product.received[-1]["event"] != "stop":
            await asyncio.sleep(0.01)
    _, body = await carrier.ask("GET", path)
    assert body["status"] == "in-progress"
    assert (await carrier.ask("DELETE", path))[0] == 409
    await carrier.ask("POST", path, data={"Status": "completed"})
    assert (await carrier.ended(call["sid"])).ended_by == "rest"
    status, body = await carrier.ask("POST", path, data={"Status": "completed"})
    assert (status, body["code"]) == (400, 21220)
    assert (await carrier.ask("DELETE", path))[0] == 204
    assert (await carrier.ask("GET", path))[0] == 404


@pytest.mark.parametrize(
    ("number", "status", "connected"),
    [("+12025550140", "completed", True), ("+12025550142", "busy", False), ("+12025550143", "no-answer", False)],
)
async def test_a_live_call_is_redirected_to_somebody_who_is_told_alone_before_they_are_connected(
    carrier: Carrier, product: Product, number: str, status: str, connected: bool
) -> None:
    _, call = await carrier.create(Twiml=product.twiml_to_stream())
    async with asyncio.timeout(3):
        while not any(event["event"] == "media" for event in product.received):
            await asyncio.sleep(0.01)
    product.twiml = "<Response><Say>Somebody waits for you.</Say></Response>"
    dialled = (
        f'<Response><Dial action="{product.url}/twiml?then" answerOnBridge="true" timeout="5" callerId="{FROM}">'
        f'<Number url="{product.url}/twiml?brief">{number}</Number></Dial><Pause length="60"/></Response>'
    )
    answered, _ = await carrier.ask("POST", f"/Calls/{call['sid']}.json", data={"Twiml": dialled, "TimeLimit": "900"})
    assert answered == 200
    entry = await carrier.ended(call["sid"])
    assert product.received[-1]["event"] == "stop"
    (leg,) = carrier.world.ledger.calls_to(number)
    assert (leg.parent, leg.from_, leg.statuses[-1][0]) == (call["sid"], FROM, status)
    assert (leg.connected is not None) is connected
    assert leg.said == (["Somebody waits for you."] if connected else [])
    assert entry.said == ["Somebody waits for you."], "the action's document is run for the first one"
    (then,) = [hook for hook in carrier.world.ledger.webhooks if hook.event == "dial"]
    assert (then.params["DialCallStatus"], then.params["DialCallSid"]) == (status, leg.sid)
    assert ("DialCallDuration" in then.params) is connected
    _, shown = await carrier.ask("GET", f"/Calls/{leg.sid}.json")
    assert (shown["parent_call_sid"], shown["direction"]) == (call["sid"], "outbound-dial")
    assert product.unsigned == []


async def test_somebody_else_s_number_may_not_be_shown_as_the_caller(carrier: Carrier, product: Product) -> None:
    dialled = '<Response><Dial callerId="+12025550199">+12025550140</Dial><Hangup/></Response>'
    _, call = await carrier.create(Twiml=dialled)
    entry = await carrier.ended(call["sid"])
    assert [warned.code for warned in entry.warnings] == [13214]
    (leg,) = carrier.world.ledger.calls_to("+12025550140")
    assert (leg.rang, leg.statuses[-1][0]) == (None, "failed")


# Webhooks


@pytest.mark.parametrize(
    ("to", "sequence"),
    [(ENGAGED, "completed"), ("+919876500012", "busy"), ("+919876500013", "no_answer"), ("+919876500098", "failed")],
)
async def test_status_callbacks_have_the_fields_and_the_order_of_the_vectors(
    carrier: Carrier, product: Product, to: str, sequence: str
) -> None:
    told = {"StatusCallback": f"{product.url}/status", "StatusCallbackEvent": list(EVENTS)}
    _, call = await carrier.create(to, Timeout="20", **told)
    await carrier.ended(call["sid"])
    wanted = CALLBACKS["sequences"][sequence]
    assert product.unsigned == []
    assert [set(hook) for hook in product.hooks] == [set(event) for event in wanted]
    same = ("CallStatus", "SequenceNumber", "SipResponseCode", "ToCountry", "ToCity", "CallbackSource", "Direction")
    for hook, event in zip(product.hooks, wanted, strict=True):
        assert {key: hook.get(key) for key in same} == {key: event.get(key) for key in same}
    if sequence != "completed":
        assert (product.hooks[-1]["CallDuration"], product.hooks[-1]["Duration"]) == ("0", "0")


async def test_only_the_end_is_told_by_default_with_its_place_in_the_sequence(
    carrier: Carrier, product: Product
) -> None:
    _, call = await carrier.create(StatusCallback=f"{product.url}/status?token=a%2Bb")
    await carrier.ended(call["sid"])
    assert [(hook["CallStatus"], hook["SequenceNumber"]) for hook in product.hooks] == [("completed", "3")]
    assert int(product.hooks[0]["CallDuration"]) >= 1
    assert product.hooks[0]["Duration"] == "1"


async def test_a_ring_longer_than_the_timeout_is_no_answer(carrier: Carrier) -> None:
    _, call = await carrier.create(Timeout="1")
    assert (await carrier.ended(call["sid"])).statuses[-1][0] == "no-answer"


async def test_a_time_limit_completes_the_call(carrier: Carrier, product: Product) -> None:
    _, call = await carrier.create(Twiml="<Response><Pause length='600'/></Response>", TimeLimit="5")
    entry = await carrier.ended(call["sid"])
    assert (entry.statuses[-1][0], entry.ended_by) == ("completed", "time_limit")
    assert entry.duration_s == pytest.approx(5, abs=1)


async def test_connection_overrides_are_cut_off_the_url_and_obeyed(carrier: Carrier, product: Product) -> None:
    product.answers = [500, 503, 204]
    _, call = await carrier.create(StatusCallback=f"{product.url}/status#rc=2&rp=all")
    await carrier.ended(call["sid"])
    assert product.unsigned == []
    assert [hook.status for hook in carrier.world.ledger.webhooks_of(call["sid"])] == [500, 503, 204]
    product.answers = [500, 204]
    _, call = await carrier.create(StatusCallback=f"{product.url}/status")
    entry = await carrier.ended(call["sid"])
    assert [hook.status for hook in carrier.world.ledger.webhooks_of(call["sid"])] == [500]
    assert [warned.code for warned in entry.warnings] == [15003]


async def test_a_refused_connection_is_tried_twice(carrier: Carrier) -> None:
    _, call = await carrier.create(StatusCallback=f"http://127.0.0.1:{unused_port()}/status")
    await carrier.ended(call["sid"])
    assert [hook.error for hook in carrier.world.ledger.webhooks_of(call["sid"])] == ["connect", "connect"]


@pytest.mark.parametrize(
    ("to", "mode", "verdict"),
    [
        (ENGAGED, "Enable", "human"),
        ("+919876500014", "Enable", "machine_start"),
        ("+919876500014", "DetectMessageEnd", "machine_end_beep"),
    ],
)
async def test_machine_detection_posts_its_verdict(
    carrier: Carrier, product: Product, to: str, mode: str, verdict: str
) -> None:
    pause = "<Response><Pause length='9'/></Response>"
    urls = {"StatusCallback": f"{product.url}/status", "AsyncAmdStatusCallback": f"{product.url}/amd"}
    _, call = await carrier.create(to, Twiml=pause, MachineDetection=mode, AsyncAmd="true", **urls)
    await carrier.ended(call["sid"])
    assert product.unsigned == []
    amd, final = product.hooks
    assert set(amd) == set(CALLBACKS["other_callbacks"]["async_amd_callback_machine"])
    assert (amd["AnsweredBy"], final["AnsweredBy"]) == (verdict, verdict)
    assert (await carrier.ask("GET", f"/Calls/{call['sid']}.json"))[1]["answered_by"] == verdict


async def test_synchronous_detection_is_told_with_the_request_for_twiml(carrier: Carrier, product: Product) -> None:
    _, call = await carrier.create(Twiml=None, Url=f"{product.url}/twiml", MachineDetection="Enable")
    entry = await carrier.ended(call["sid"])
    asked = carrier.world.ledger.webhooks_of(call["sid"])[0].params
    assert (asked["AnsweredBy"], asked["CallStatus"]) == ("human", "in-progress")
    assert (entry.ended_by, product.unsigned) == ("hangup", [])


async def test_twiml_that_cannot_run_is_a_warning_and_the_end_of_the_call(carrier: Carrier, product: Product) -> None:
    product.twiml = "<Response><Gather/></Response>"
    _, call = await carrier.create(Twiml=None, Url=f"{product.url}/twiml")
    entry = await carrier.ended(call["sid"])
    assert [warned.code for warned in entry.warnings] == [12200]
    assert entry.statuses[-1][0] == "completed"


async def test_a_recorded_call_tells_where_the_recording_is(carrier: Carrier, product: Product) -> None:
    urls = {"StatusCallback": f"{product.url}/status", "RecordingStatusCallback": f"{product.url}/recording"}
    _, call = await carrier.create(Record="true", **urls)
    await carrier.ended(call["sid"])
    final, recording = product.hooks
    assert set(recording) == set(CALLBACKS["other_callbacks"]["recording_completed"])
    assert final["RecordingUrl"] == recording["RecordingUrl"]
    async with aiohttp.ClientSession() as http, http.get(final["RecordingUrl"] + ".wav") as response:
        assert (await response.read())[:4] == b"RIFF"


# Media streams


async def _hold(carrier: Carrier, product: Product, media: Media, to: str = ENGAGED) -> tuple[CallEntry, StreamEntry]:
    product.media = media
    twiml = product.twiml_to_stream('<Parameter name="token" value="s3cr3t"/>')
    _, call = await carrier.create(to, Twiml=twiml, TimeLimit="60")
    entry = await carrier.ended(call["sid"])
    return entry, entry.streams[0]


def _shape(value: Any) -> Any:
    return {key: _shape(each) for key, each in value.items()} if isinstance(value, dict) else type(value).__name__


async def test_the_stream_speaks_the_messages_of_the_vectors(carrier: Carrier, product: Product) -> None:
    ended: list[dict[str, Any]] = []

    async def media(socket: web.WebSocketResponse, event: dict[str, Any]) -> None:
        if event["event"] == "start":
            mark = {"event": "mark", "streamSid": event["streamSid"], "mark": {"name": "m1"}}
            await socket.send_json(mark)
        if not ended and {"media", "mark"} <= {each["event"] for each in product.received}:
            ended.append(event)
            await carrier.ask(
                "POST", f"/Calls/{product.received[1]['start']['callSid']}.json", data={"Status": "completed"}
            )

    entry, stream = await _hold(carrier, product, media)
    by_kind = {event["event"]: event for event in product.received}
    for step in MESSAGES["answered_call"]:
        message = step["message"]
        if step["direction"] == "twilio_to_server" and message["event"] in ("connected", "media", "mark", "stop"):
            assert _shape(by_kind[message["event"]]) == _shape(message)
    assert [event["event"] for event in product.received[:2]] == ["connected", "start"]
    assert product.received[-1]["event"] == "stop"
    assert product.received[-1]["stop"] == {
        "accountSid": carrier.world.settings.account_sid,
        "callSid": entry.sid,
    }
    start = product.received[1]
    assert start["start"]["customParameters"] == {"token": "s3cr3t"}
    assert start["start"]["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    sequence = [int(event["sequenceNumber"]) for event in product.received[1:]]
    assert sequence == list(range(1, len(sequence) + 1))
    frames = [event["media"] for event in product.received if event["event"] == "media"]
    assert [int(frame["chunk"]) for frame in frames] == list(range(1, len(frames) + 1))
    times = [int(frame["timestamp"]) for frame in frames]
    assert {later - earlier for earlier, later in pairwise(times)} == {20}
    assert {base64.b64decode(frame["payload"]) for frame in frames} == {ulaw.SILENCE_FRAME}
    assert (product.unsigned, stream.parameters) == ([], {"token": "s3cr3t"})


async def test_marks_come_back_when_their_sound_was_played_and_not_before(carrier: Carrier, product: Product) -> None:
    loud = base64.b64encode(bytes([0x10]) * 8000).decode()

    async def media(socket: web.WebSocketResponse, event: dict[str, Any]) -> None:
        sid = {"streamSid": event.get("streamSid")}
        if event["event"] == "start":
            await socket.send_json({"event": "media", **sid, "media": {"payload": loud}})
            await socket.send_json({"event": "mark", **sid, "mark": {"name": "said"}})
        if event["event"] == "mark":
            await socket.close()

    entry, stream = await _hold(carrier, product, media)
    assert sum(play.bytes for play in stream.played) == 8000
    assert [(echo.name, echo.heard) for echo in stream.marks] == [("said", True)]
    assert stream.marks[0].at_ms == stream.played[-1].end_ms
    assert stream.played[0].end_ms - stream.played[0].start_ms == 1000
    assert (entry.ended_by, entry.statuses[-1][0]) == ("server", "completed")


async def test_clear_empties_the_queue_and_returns_the_marks_unheard(carrier: Carrier, product: Product) -> None:
    loud = base64.b64encode(bytes([0x10]) * 16000).decode()

    async def media(socket: web.WebSocketResponse, event: dict[str, Any]) -> None:
        sid = {"streamSid": event.get("streamSid")}
        if event["event"] == "start":
            for name in ("a", "b"):
                await socket.send_json({"event": "media", **sid, "media": {"payload": loud}})
                await socket.send_json({"event": "mark", **sid, "mark": {"name": name}})
        if event["event"] == "media" and event["media"]["timestamp"] == "500":
            await socket.send_json({"event": "clear", **sid})
        if event["event"] == "mark" and event["mark"]["name"] == "b":
            await socket.close()

    _, stream = await _hold(carrier, product, media)
    cleared = stream.cleared[0]
    played = sum(play.bytes for play in stream.played)
    assert played + cleared.bytes == 32000
    assert 0 < played < 32000
    assert [(echo.name, echo.heard) for echo in stream.marks] == [("a", False), ("b", False)]


async def test_a_message_that_does_not_conform_is_a_warning_once(carrier: Carrier, product: Product) -> None:
    async def media(socket: web.WebSocketResponse, event: dict[str, Any]) -> None:
        if event["event"] != "start":
            return
        sid = event["streamSid"]
        for raw in ("{", "{", f'{{"event":"mark","streamSid":"{sid}"}}', '{"event":"clear"}', '{"event":"hello"}'):
            await socket.send_str(raw)
        await socket.close()

    entry, _ = await _hold(carrier, product, media)
    assert [warned.code for warned in entry.warnings] == [31950, 31951]


async def test_a_handshake_that_is_not_101_is_31920_and_the_call_goes_on(carrier: Carrier, product: Product) -> None:
    twiml = product.twiml_to_stream().replace("/media", "/nothing").replace("</Response>", "<Hangup/></Response>")
    _, call = await carrier.create(Twiml=twiml)
    entry = await carrier.ended(call["sid"])
    assert ([warned.code for warned in entry.warnings], entry.ended_by) == ([31920], "hangup")


async def test_a_student_waits_for_ava_then_speaks_and_hangs_up_in_her_answer(
    carrier: Carrier, product: Product
) -> None:
    loud = base64.b64encode(bytes([0x10]) * 8000).decode()

    async def media(socket: web.WebSocketResponse, event: dict[str, Any]) -> None:
        quiet = event["event"] == "media" and base64.b64decode(event["media"]["payload"]) == ulaw.SILENCE_FRAME
        if quiet and int(event["media"]["timestamp"]) % 5000 == 20:
            await socket.send_json({"event": "media", "streamSid": event["streamSid"], "media": {"payload": loud}})

    entry, stream = await _hold(carrier, product, media, "+919876500019")
    said = [spoken for spoken in stream.spoken if spoken.who == "student"]
    assert [spoken.text for spoken in said] == [line.text for line in student_for("+919876500019").lines]
    assert said[0].at_ms == pytest.approx(stream.played[0].end_ms + 500, abs=40)
    assert (entry.ended_by, stream.ended_by, product.received[-1]["event"]) == ("student", "person", "stop")


# Faults and the oracle


async def test_create_faults_spoil_the_answer_and_the_ledger_knows_the_truth(carrier: Carrier) -> None:
    faults = carrier.world.faults
    faults.add(Fault("create", "too_many", to=ENGAGED, retry_after=7))
    assert (await carrier.create("+919876500020"))[0] == 201
    assert (await carrier.create())[0] == 429
    assert len(carrier.world.ledger.calls_to(ENGAGED)) == 0
    for does, status, accepted in (
        ("error_before", 500, 0),
        ("error_after", 500, 1),
        ("unauthorized", 401, 1),
        ("drop_before", None, 1),
        ("drop_after", None, 2),
        ("delay", 201, 3),
    ):
        faults.add(Fault("create", does, seconds=0.05))
        if status is None:
            with pytest.raises(aiohttp.ClientError):
                await carrier.create()
        else:
            assert (await carrier.create())[0] == status
        assert len(carrier.world.ledger.calls_to(ENGAGED)) == accepted
    assert faults.as_json() == []


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        (Fault("webhook", "lose", count=-1), []),
        (Fault("webhook", "lose", event="ringing"), ["initiated", "in-progress", "completed"]),
        (Fault("webhook", "reverse"), ["completed", "in-progress", "ringing", "initiated"]),
        (
            Fault("webhook", "duplicate", event="completed", times=3),
            ["initiated", "ringing", "in-progress", "completed", "completed", "completed"],
        ),
        (
            Fault("webhook", "delay", event="initiated", seconds=0.4),
            ["ringing", "in-progress", "completed", "initiated"],
        ),
    ],
)
async def test_webhook_faults(carrier: Carrier, product: Product, fault: Fault, statuses: list[str]) -> None:
    carrier.world.faults.add(fault)
    _, call = await carrier.create(StatusCallback=f"{product.url}/status", StatusCallbackEvent=list(EVENTS))
    await carrier.ended(call["sid"])
    assert product.statuses() == statuses
    lost = [hook for hook in carrier.world.ledger.webhooks_of(call["sid"]) if hook.lost]
    assert len(lost) == (4 - len(set(statuses)))


async def test_the_list_can_lag_behind(carrier: Carrier) -> None:
    await carrier.create()
    carrier.world.faults.add(Fault("list", "lag", seconds=60))
    assert (await carrier.ask("GET", "/Calls.json"))[1]["calls"] == []
    assert len((await carrier.ask("GET", "/Calls.json"))[1]["calls"]) == 1


@pytest.mark.parametrize("does", ["never_connect", "drop", "no_stop", "malformed", "silence"])
async def test_media_faults(carrier: Carrier, product: Product, does: str) -> None:
    carrier.world.faults.add(Fault("media", does, ms=400))
    _, call = await carrier.create(Twiml=product.twiml_to_stream(), TimeLimit="120" if does == "drop" else "16")
    entry = await carrier.ended(call["sid"])
    kinds = [event["event"] for event in product.received]
    match does:
        case "never_connect":
            assert kinds == []
            assert (entry.ended_by, entry.streams[0].opened) == ("time_limit", None)
        case "drop":
            assert "stop" not in kinds
            assert kinds.count("media") == 20
            await until(lambda: product.closed, "the product noticed that its socket is gone")
            assert (product.closed, entry.streams[0].ended_by) == ([1006], "dropped")
        case "no_stop":
            assert "stop" not in kinds
            assert kinds.count("media") > 150
        case "malformed":
            assert (len(product.broken), kinds[-1]) == (1, "stop")
        case _:
            assert (kinds.count("media"), kinds[-1]) == (20, "stop")


async def test_faults_and_ledger_are_there_over_http(carrier: Carrier) -> None:
    world = carrier.world
    async with aiohttp.ClientSession(world.twilio_url) as http:
        rules = [{"where": "create", "does": "too_many", "to": ENGAGED}]
        async with http.post("/_world/faults", json=rules) as response:
            assert response.status == 201
        async with http.post("/_world/faults", json=[{"where": "create", "does": "explode"}]) as response:
            assert response.status == 400
        async with http.get("/_world/faults") as response:
            assert [rule["count"] for rule in await response.json()] == [1]
        assert (await carrier.create())[0] == 429
        async with http.get("/_world/faults") as response:
            assert await response.json() == []
        await carrier.create()
        async with http.get("/_world/ledger") as response:
            told = await response.json()
        assert [call["to"] for call in told["calls"]] == [ENGAGED]
        assert [refusal["status"] for refusal in told["refusals"]] == [429]
        async with http.get("/_world/ledger", params={"to": "+12025550199"}) as response:
            assert (await response.json())["calls"] == []
        async with http.post("/_world/faults", json=rules) as response, http.delete("/_world/faults") as response:
            assert await response.json() == []
        async with http.post("/_world/reset") as response:
            assert response.status == 200
        assert (world.ledger.calls, (await carrier.ask("GET", "/Calls.json"))[1]["calls"]) == ([], [])


@pytest.mark.parametrize(
    "raw",
    [
        {"where": "moon", "does": "lag"},
        {"does": "lag"},
        {"where": "list", "does": "lag", "x": 1},
        {"where": "list", "does": "lag", "seconds": "many"},
    ],
)
def test_a_fault_that_means_nothing_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(FaultError):
        fault_from_json(raw)


def test_any_number_reaches_a_student_by_its_last_digits() -> None:
    keys = [student_for(f"+9198765000{ending}").key for ending in ("10", "31", "97", "98", "99", "09")]
    assert keys == ["engaged", "not_interested", "wrong_person", "fails", "opt_out_hinglish", "hangs_up"]
    assert len({line.text for line in LINES.values()}) == len(LINES)
