"""What goes out by itself: feeds for spreadsheet programs, scheduled exports, messages to other systems."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner
from litestar.testing import AsyncTestClient
from pydantic import SecretStr
from sqlalchemy import select

from dialer.cli.main import cli
from dialer.domain.access.webhook_url import EVENT_ID, MAX_TRIES, SIGNATURE
from dialer.net.safe_http import SafeHttpClient
from dialer.services.exports.feeds import token_of
from dialer.services.exports.manage import add_feed
from dialer.services.exports.scheduled import write_next
from dialer.services.webhooks_out import deliver_webhooks
from dialer.settings import Settings
from dialer.store.tables import ExportSchedule, WebhookDelivery, WebhookEndpoint
from dialer.web.app import make_app
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.carrier import ScriptedCarrier
from tests.support.lists import bring, campaign, students, write_list
from tests.support.people import claim, phone_of, place, running_campaign, sql

SECRET = "a long random text for tests"


def run(settings: Settings, *words: str) -> Any:
    environment = {
        "DIALER_DATABASE_URL": settings.dialer_database_url,
        "DIALER_REDIS_URL": settings.dialer_redis_url,
        "DIALER_SECRET_KEY": SECRET,
        "DIALER_DATA_DIR": str(settings.dialer_data_dir),
    }
    return CliRunner().invoke(cli, list(words), env=environment)


async def test_a_feed_shows_the_sheet_as_it_stands_until_it_is_revoked(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    await bring(settings, store, write_list(tmp_path / "list.csv", [["=Asha()", phone_of(1)]]))
    made = await asyncio.to_thread(run, settings, "feed", "add", "leads", "--campaign", "Spring", "--json")
    address = json.loads(made.stdout)["url"]
    path = address[address.index("/feeds/") :]
    signed = settings.model_copy(update={"dialer_secret_key": SecretStr(SECRET)})
    async with AsyncTestClient(app=make_app(signed), base_url="http://dialer.example.com") as client:
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.text.splitlines()[1].startswith(f"'=Asha(),{phone_of(1)},")
        for forged in (
            path[:-6] + "00.csv",
            "/feeds/2-00.csv",
            "/feeds/x.csv",
            path.removesuffix(".csv"),
            "/feeds/²-1.csv",
        ):
            assert (await client.get(forged)).status_code == 404, forged
        assert (await client.get("/api/jobs/1")).status_code == 401, "nothing else is open to the outside"
        assert await sql(store.sessions, "SELECT read_at IS NOT NULL FROM feed")
        assert (await asyncio.to_thread(run, settings, "feed", "revoke", "1")).exit_code == 0
        assert (await client.get(path)).status_code == 404
    listed = json.loads((await asyncio.to_thread(run, settings, "feed", "list", "--json")).stdout)
    assert listed[0]["revoked_at"]


async def test_a_feed_needs_a_key_to_be_signed_with(settings: Settings, store: Store) -> None:
    async with store.sessions.begin() as session:
        await add_feed(session, ADMIN, "leads", None)
    async with AsyncTestClient(app=make_app(settings)) as client:
        assert (await client.get(f"/feeds/{token_of(1, '')}.csv")).status_code == 404


async def test_a_scheduled_export_is_written_when_it_is_due_and_says_what_came_of_it(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await campaign(store)
    await bring(settings, store, write_list(tmp_path / "list.csv", students(1, 2)))
    words = ("schedule", "add", "leads", "--to", str(tmp_path / "drop"), "--every", "6h", "--format", "xlsx")
    assert (await asyncio.to_thread(run, settings, *words)).exit_code == 0
    written = await write_next(store.sessions)
    assert written is not None
    assert written.ok, written.says
    assert (tmp_path / "drop" / "leads-1.xlsx").read_bytes().startswith(b"PK")
    assert await write_next(store.sessions) is None, "not due again for six hours"
    await sql(store.sessions, "UPDATE export_schedule SET next_at = now(), recipient = 'nowhere://at-all'")
    failed = await write_next(store.sessions)
    assert failed is not None
    assert not failed.ok
    assert await write_next(store.sessions) is None, "one that fails waits for its next turn"
    async with store.sessions() as session:
        assert (await session.scalars(select(ExportSchedule.last_error))).one() == failed.says
    assert (
        await asyncio.to_thread(run, settings, "schedule", "add", "leads", "--to", "x", "--every", "soon")
    ).exit_code == 2
    assert (await asyncio.to_thread(run, settings, "schedule", "remove", "1")).exit_code == 0


@asynccontextmanager
async def another_system(answers: list[int]) -> AsyncIterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A server that answers with these statuses, then with 200; its address and what it was told."""
    told: list[tuple[dict[str, str], bytes]] = []

    async def hook(request: web.Request) -> web.Response:
        told.append((dict(request.headers), await request.read()))
        status = answers.pop(0) if answers else 200
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:1/"} if status == 302 else {})

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"127.0.0.1:{port}", told
    await runner.cleanup()


async def hooked(store: Store, host: str) -> None:
    async with store.sessions.begin() as session:
        session.add(
            WebhookEndpoint(
                url=f"http://{host}/hook", secret="s3cret", events=["booking", "outcome"], created_by="test"
            )
        )
    await sql(store.sessions, "UPDATE webhook_endpoint SET created_at = now() - interval '1 hour'")


async def ended_call(settings: Settings, store: Store, tmp_path: Path) -> None:
    """One lead was rung, and the call has ended."""
    await running_campaign(store.sessions)
    await bring(settings, store, write_list(tmp_path / "list.csv", students(1)))
    carrier = ScriptedCarrier()
    call_id = (await claim(store.sessions, carrier))[0]
    await place(store.sessions, call_id, carrier)
    await sql(
        store.sessions,
        "UPDATE call SET state = 'ended', outcome = 'qualified', created_at = now(), ended_at = now() WHERE id = :call",
        call=call_id,
    )


async def due_now(store: Store) -> None:
    await sql(store.sessions, "UPDATE webhook_delivery SET next_at = now()")


async def test_an_outcome_is_told_signed_and_once_though_the_other_side_was_down(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await ended_call(settings, store, tmp_path)
    async with another_system([500, 302]) as (host, told):
        await hooked(store, host)
        outside = SafeHttpClient({host})
        try:
            assert await deliver_webhooks(store.sessions, outside) == 0, "500 is no answer"
            assert await deliver_webhooks(store.sessions, outside) == 0, "not due yet"
            await due_now(store)
            assert await deliver_webhooks(store.sessions, outside) == 0, "a redirect is not followed"
            await due_now(store)
            assert await deliver_webhooks(store.sessions, outside) == 1
            await due_now(store)
            assert await deliver_webhooks(store.sessions, outside) == 0, "what was taken is not told again"
        finally:
            await outside.close()
    assert len(told) == 3
    headers, body = told[-1]
    said = json.loads(body)
    assert (said["event"], said["outcome"], said["phone"]) == ("outcome", "qualified", phone_of(1))
    assert {one[0][EVENT_ID] for one in told} == {said["id"]}, "the same id every time"
    moment, mac = (part.partition("=")[2] for part in headers[SIGNATURE].split(","))
    assert hmac.compare_digest(mac, hmac.new(b"s3cret", f"{moment}.".encode() + body, hashlib.sha256).hexdigest())


async def test_a_message_that_nobody_takes_is_given_up_and_shown(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    await ended_call(settings, store, tmp_path)
    await hooked(store, "127.0.0.1:9")
    outside = SafeHttpClient(set())
    try:
        for _ in range(MAX_TRIES):
            await deliver_webhooks(store.sessions, outside)
            await due_now(store)
    finally:
        await outside.close()
    async with store.sessions() as session:
        (delivery,) = (await session.scalars(select(WebhookDelivery))).all()
    assert (delivery.state, delivery.tries) == ("given_up", MAX_TRIES)
    assert "https" in (delivery.last_error or ""), "an address inside is never called"


async def test_a_name_that_leads_inside_is_not_called(settings: Settings) -> None:
    outside = SafeHttpClient(set())
    try:
        answer = await outside.post("https://localhost/hook", b"{}", {})
    finally:
        await outside.close()
    assert not answer.ok
    assert "private address" in answer.says


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://10.0.0.1/x"])
async def test_a_hook_inside_is_refused_when_it_is_made(settings: Settings, store: Store, url: str) -> None:
    assert (await asyncio.to_thread(run, settings, "hook", "add", url)).exit_code == 1
    made = await asyncio.to_thread(
        run, settings, "hook", "add", "https://crm.example.com/", "--event", "booking", "--json"
    )
    assert len(json.loads(made.stdout)["secret"]) == 64
    listed = json.loads((await asyncio.to_thread(run, settings, "hook", "list", "--json")).stdout)
    assert [(each["url"], each["events"]) for each in listed] == [("https://crm.example.com/", ["booking"])]
    assert "secret" not in listed[0]
    assert (await asyncio.to_thread(run, settings, "hook", "remove", "1")).exit_code == 0
