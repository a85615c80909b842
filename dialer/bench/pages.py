"""What pages cost with a million leads and two hundred thousand calls, and what five hundred who watch cost a bridge."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from statistics import median, quantiles

from httpx import ASGITransport, AsyncClient

from dialer.bench.harness import Ground, Result, campaign_of, ground
from dialer.bench.viewers import cost_of_viewers
from dialer.settings import Settings
from dialer.store import bench
from dialer.web.app import make_app
from dialer.wiring.operator_token import operator_token

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
        await bench.add_history(session, CALLS)
    async with here.sessions() as session:
        await bench.vacuum(session)


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[AsyncClient]:
    """The application in this process, with the operator's token."""
    app = make_app(settings)
    transport = ASGITransport(app)  # type: ignore[arg-type]  # litestar's own ASGI types
    async with (
        app.lifespan(),
        AsyncClient(
            transport=transport,
            base_url="http://127.0.0.1:8000",
            timeout=120,
            headers={"authorization": f"Bearer {operator_token(settings.dialer_data_dir)}"},
        ) as client,
    ):
        yield client


async def _pages(here: Ground, client: AsyncClient, result: Result, say: Callable[[str], None]) -> None:
    async with here.sessions() as session:
        call = await bench.newest_booked_call(session)
    result.yardsticks["p95_ms_health"], _ = await _timed(client, "/health")
    for name, path in PAGES.items():
        address = path.format(call=call)
        with bench.counting() as sent:
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
