"""Server time of the pages with a million leads and 200,000 calls, and what 500 viewers of the Live page cost a bridge."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from statistics import median, quantiles

from httpx import ASGITransport, AsyncClient

from dialer.bench.harness import Environment, Result, bench_environment, campaign_of
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
    """Measure p95 server time (ms) and SQL statements per page, and microseconds per live message with viewers."""
    result = Result("pages")
    async with bench_environment() as env:
        say(f"{LEADS:,} leads, {CALLS:,} calls …")
        await campaign_of(env.sessions, "A million", LEADS)
        await _fill(env)
        async with _serving(env.settings) as client:
            await _pages(env, client, result, say)
        say("viewers …")
        unwatched, watched, reached = await cost_of_viewers(env.settings)
        result.figures |= {"us_per_message_500": watched, "viewers_who_heard": reached}
        result.yardsticks["us_per_message_0"] = unwatched
        result.ratios["message_500_over_0"] = watched / unwatched
    slowest = max(value for name, value in result.figures.items() if name.startswith("p95_ms_"))
    result.figures["slowest_p95_ms"] = slowest
    result.ratios["slowest_p95_over_health"] = slowest / result.yardsticks["p95_ms_health"]
    return result


async def _fill(env: Environment) -> None:
    async with env.sessions.begin() as session:
        await bench.add_history(session, CALLS)
    async with env.sessions() as session:
        await bench.vacuum(session)


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[AsyncClient]:
    """Run the application in this process; the client shows the operator's token."""
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


async def _pages(env: Environment, client: AsyncClient, result: Result, say: Callable[[str], None]) -> None:
    async with env.sessions() as session:
        call = await bench.newest_booked_call(session)
    result.yardsticks["p95_ms_health"], _ = await _timed(client, "/health")
    for name, path in PAGES.items():
        url = path.format(call=call)
        with bench.counting() as sent:
            began = time.perf_counter()
            response = await client.get(url)
            first = (time.perf_counter() - began) * 1000
        assert response.status_code == 200, f"{url}: {response.text}"
        p95, typical = await _timed(client, url)
        result.figures[f"p95_ms_{name}"] = p95
        result.figures[f"first_ms_{name}"] = first
        result.figures[f"statements_{name}"] = sent[0]
        say(f"  {name:14} {typical:7.1f} ms, p95 {p95:7.1f} ms, first {first:7.1f} ms, {sent[0]} statements")
    result.figures["most_statements"] = max(
        value for name, value in result.figures.items() if name.startswith("statements_")
    )


async def _timed(client: AsyncClient, path: str) -> tuple[float, float]:
    """Return a page's p95 and median time in milliseconds."""
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await client.get(path)
        times.append((time.perf_counter() - began) * 1000)
    return quantiles(times, n=20)[-1], median(times)
