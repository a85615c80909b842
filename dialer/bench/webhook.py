"""Webhook throughput of the web process (verified, stored in SQL, answered) against a hello-world POST."""

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import uuid4

from twilio.request_validator import RequestValidator

from dialer.bench.harness import MORNING, Environment, Result, bench_environment, campaign_of
from dialer.bench.load import load, request, server
from dialer.net.ports import free_ports
from dialer.store import bench
from dialer.store.tables import Call

ACCOUNT, KEY, PUBLIC = "AC" + "0" * 32, "0" * 32, "https://dialer.example.org"
CALLS, EVENTS, HELLOS = 2_000, ("initiated", "ringing", "in-progress", "completed"), 20_000
AT_ONCE = 64
ROUNDS = 3


async def measure(say: Callable[[str], None]) -> Result:
    """Measure requests per CPU second of the serving process."""
    result = Result("webhook")
    web_port, hello_port = free_ports(2)
    async with bench_environment() as env:
        settings = env.settings
        environment = {
            "DIALER_DATABASE_URL": settings.dialer_database_url or "",
            "DIALER_REDIS_URL": settings.dialer_redis_url or "",
            "DIALER_PUBLIC_URL": PUBLIC,
            "DIALER_WEB_PORT": str(web_port),
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": KEY,
            "TWILIO_FROM_NUMBER": "+15005550006",
        }
        batches = [await _callbacks(env, turn) for turn in range(ROUNDS)]
        empty = [request("/hello", b"{}", content_type="application/json")] * HELLOS
        hello = ["-m", "dialer.bench.yardsticks.hello", str(hello_port)]
        ours, hellos = [], []
        with server(["-m", "dialer", "web"], web_port, environment) as web, server(hello, hello_port, {}) as yardstick:
            for turn, batch in enumerate(batches):
                say(f"round {turn + 1} of {ROUNDS} …")
                hellos.append(await load(hello_port, yardstick, empty, b"204", AT_ONCE))
                ours.append(await load(web_port, web, batch, b"204", AT_ONCE))
        async with env.sessions() as session:
            stored = await bench.count_rows(session, "call_event")
            assert stored == ROUNDS * CALLS * len(EVENTS), f"{stored} events were stored"
    best = max(ours, key=lambda measured: measured.per_cpu_second)
    result.figures = {
        "webhooks_per_cpu_second": best.per_cpu_second,
        "webhooks_per_second": best.per_second,
        "answer_p99_ms": best.p99_ms,
    }
    best = max(hellos, key=lambda measured: measured.per_cpu_second)
    result.yardsticks = {"hello_per_cpu_second": best.per_cpu_second, "hello_per_second": best.per_second}
    result.ratios["rate_over_hello"] = (
        result.figures["webhooks_per_cpu_second"] / result.yardsticks["hello_per_cpu_second"]
    )
    return result


async def _callbacks(env: Environment, turn: int) -> list[bytes]:
    """Create placed calls, and return their signed status callbacks."""
    campaign_id = await campaign_of(env.sessions, f"Round {turn}", CALLS, first=turn * CALLS)
    async with env.sessions.begin() as session:
        calls = await bench.add_calls_known_to_twilio(session, campaign_id, MORNING)
    validator = RequestValidator(KEY)
    return [_callback(validator, call, n) for n in range(len(EVENTS)) for call in calls]


def _callback(validator: RequestValidator, call: Call, n: int) -> bytes:
    fields = {
        "AccountSid": ACCOUNT, "CallSid": call.carrier_sid or "", "ApiVersion": "2010-04-01", "From": call.from_number,
        "To": call.phone, "Direction": "outbound-api", "CallStatus": EVENTS[n], "SequenceNumber": str(n),
        "CallbackSource": "call-progress-events", "Timestamp": "Tue, 10 Feb 2026 05:30:00 +0000",
    }  # fmt: skip
    path = f"/carriers/twilio/status?token={uuid4().hex}"
    signature = validator.compute_signature(f"{PUBLIC}{path}", fields)
    kind = "application/x-www-form-urlencoded"
    return request(path, urlencode(fields).encode(), content_type=kind, x_twilio_signature=signature)
