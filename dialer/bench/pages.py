"""What pages cost with a million leads and two hundred thousand calls, and what five hundred who watch cost a bridge."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from statistics import median, quantiles

from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from dialer.bench.harness import Ground, Result, campaign_of, counting, ground
from dialer.bench.viewers import cost_of_viewers
from dialer.settings import Settings
from dialer.web.app import make_app

LEADS, CALLS, TIMES = 1_000_000, 200_000, 40
PAGES = {
    "home": "/",
    "campaigns": "/campaigns",
    "campaign": "/campaigns/1",
    "leads": "/leads",
    "leads_booked": "/leads?campaign=1&outcome=booked",
    "leads_deep": "/leads?after=500000-1",
    "leads_nobody": "/leads?q=nobody",
    "leads_name": "/leads?q=lead+123456",
    "leads_many": "/leads?q=l",
    "leads_number": "/leads?q=%2B919810500000",
    "lead": "/leads/500000",
    "why": "/leads/500000/why",
    "calls": "/calls",
    "calls_booked": "/calls?outcome=booked",
    "calls_never": "/calls?outcome=wrong_person",
    "call": "/calls/{call}",
    "live": "/live",
    "set_up": "/campaigns/1/set-up/launch",
    "scripts": "/scripts",
    "script": "/scripts/ava",
    "week": "/bookings",
    "bookings": "/bookings/all",
    "counselors": "/counselors",
    "do_not_call": "/do-not-call",
    "reports": "/reports?since=2026-01-01&until=2026-02-10",
    "settings": "/settings",
}
# The newest eight of ten leads wait; the others were rung, in calls that were reached, booked and priced as calls are.
_CALLS = text("""
INSERT INTO call (id, campaign_id, campaign_lead_id, script_id, phone, n, state, carrier, from_number, gate, created_at,
    placing_at, answered_at, ended_at, duration_s, outcome, carrier_cost, voice_cost, latency_p50_ms, latency_p95_ms)
SELECT gen_random_uuid(), 1, p.id, (SELECT script_id FROM campaign WHERE id = 1), l.phone, 1, 'ended', 'twilio',
    '+15005550006', jsonb_build_object('rules', jsonb_build_array(jsonb_build_object('rule', 'window', 'ok', true))),
    at, at, CASE WHEN k < 4 THEN at END, at, CASE WHEN k < 4 THEN 70 ELSE 0 END,
    (ARRAY['booked', 'qualified', 'not_interested', 'call_later', 'no_answer', 'no_answer', 'no_answer', 'busy',
           'voicemail', 'dropped'])[k + 1], 0.014, CASE WHEN k < 4 THEN 0.08 END, CASE WHEN k < 4 THEN 500 + k * 90 END, 900
FROM (SELECT *, id % 10 AS k, timestamptz '2026-01-05' + (id % 50000) * interval '50 seconds' AS at FROM campaign_lead
      ORDER BY id LIMIT :calls) p JOIN lead l ON l.id = p.lead_id
""")
_RUNG = text("""
UPDATE campaign_lead p SET state = CASE WHEN c.outcome IN ('no_answer', 'busy') THEN 'waiting' ELSE 'done' END,
    last_outcome = c.outcome, attempts = 1 FROM call c WHERE c.campaign_lead_id = p.id
""")
_TALK = text("""
INSERT INTO turn (call_id, item, position, who, words, at, stream_ms)
SELECT id, 'i' || n, n, CASE n % 2 WHEN 0 THEN 'ava' ELSE 'student' END, 'Something that somebody says.', created_at, n * 4000
FROM (SELECT id, created_at FROM call WHERE outcome = 'booked' ORDER BY created_at DESC LIMIT 1000) c, generate_series(0, 29) n
""")


async def measure(say: Callable[[str], None]) -> Result:
    """Milliseconds of a page's server time at p95, statements and kilobytes; microseconds of a message to who watches."""
    result = Result("pages")
    async with ground() as here:
        say(f"{LEADS:,} leads, {CALLS:,} calls …")
        await campaign_of(here.sessions, "A million", LEADS)
        await _fill(here)
        async with _serving(here.settings) as client:
            await _pages(here, client, result, say)
        say("those who watch …")
        alone, watched, heard = await cost_of_viewers(here.settings)
        result.figures |= {"us_per_message_500": watched, "viewers_who_heard": heard}
        result.yardsticks["us_per_message_0"] = alone
        result.ratios["message_500_over_0"] = watched / alone
    slowest = max(value for name, value in result.figures.items() if name.startswith("p95_ms_"))
    result.figures["slowest_p95_ms"] = slowest
    result.ratios["slowest_p95_over_health"] = slowest / result.yardsticks["p95_ms_health"]
    return result


async def _fill(here: Ground) -> None:
    async with here.sessions.begin() as session:
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        await session.execute(_CALLS, {"calls": CALLS})
        await session.execute(_RUNG)
        await session.execute(_TALK)
    async with here.sessions() as session:
        await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        await session.execute(text("VACUUM ANALYZE"))


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[AsyncClient]:
    """The application in this process, asked as this machine's own operator."""
    app = make_app(settings)
    transport = ASGITransport(app)  # type: ignore[arg-type]  # litestar's own ASGI types
    async with (
        app.lifespan(),
        AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", timeout=120) as client,
    ):
        yield client


async def _pages(here: Ground, client: AsyncClient, result: Result, say: Callable[[str], None]) -> None:
    async with here.sessions() as session:
        call = await session.scalar(
            text("SELECT id FROM call WHERE outcome = 'booked' ORDER BY created_at DESC LIMIT 1")
        )
    result.yardsticks["p95_ms_health"], _ = await _timed(client, "/health")
    for name, path in PAGES.items():
        address = path.format(call=call)
        with counting() as sent:
            began = time.perf_counter()
            answer = await client.get(address)
            first = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, f"{address}: {answer.text}"
        p95, typical = await _timed(client, address)
        result.figures[f"p95_ms_{name}"] = p95
        result.figures[f"first_ms_{name}"] = first
        result.figures[f"statements_{name}"] = sent[0]
        say(f"  {name:14} {typical:7.1f} ms, p95 {p95:7.1f} ms, first {first:7.1f} ms, {sent[0]} statements")
    result.figures["most_statements"] = max(
        value for name, value in result.figures.items() if name.startswith("statements_")
    )


async def _timed(client: AsyncClient, path: str) -> tuple[float, float]:
    """A page's time at p95 and in the middle, in milliseconds."""
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await client.get(path)
        took.append((time.perf_counter() - began) * 1000)
    return quantiles(took, n=20)[-1], median(took)
