"""A full bridge refuses, and nobody is rung into one; its numbers are told. Real bridge, real PostgreSQL."""

import asyncio
import json
from collections.abc import Callable
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import websockets
from websockets.exceptions import InvalidStatus

from dialer.bridge import server
from dialer.services.calls.explain import explain_number
from dialer.services.dialing.call_now import CallRefused, call_now
from dialer.store.calls import bridges
from dialer.store.sessions import Sessions
from dialer.wiring.stores import Store
from tests.support.actors import ADMIN
from tests.support.bridge import Bridged
from tests.support.carrier import ScriptedCarrier
from tests.support.media import phone, until
from tests.support.people import TUESDAY_11, claim, enrol, phone_of, running_campaign, sql

_open = build_opener(ProxyHandler({})).open


async def _get(bridged: Bridged, path: str, token: str = "") -> str:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    request = Request(bridged.media_url.replace("ws://", "http://") + path, headers=headers)
    read: Callable[[], bytes] = lambda: _open(request, timeout=5).read()  # noqa: E731 - a thread's one call
    return (await asyncio.to_thread(read)).decode()


async def test_a_full_bridge_says_so_and_takes_the_next_call_when_one_is_over(bridged: Bridged) -> None:
    bridged.bridges[0]._most_calls = 1
    async with bridged.answered() as (call, caller):
        await bridged.voice.session()
        with pytest.raises(InvalidStatus) as refused:
            async with phone(bridged.media_url):
                pass
        assert refused.value.response.status_code == 503
        assert json.loads(refused.value.response.body or b"") == {"status": "full"}
        assert json.loads(await _get(bridged, "/health")) == {
            "status": "ok",
            "calls": 1,
            "most_calls": 1,
        }
        await caller.stop()
        await bridged.ended(call)
    async with bridged.answered(2):
        await bridged.voice.session(1)


async def test_metrics_are_for_scrapers_that_show_their_token(bridged: Bridged) -> None:
    """L5."""
    for shown in ("", "scrape me"):
        with pytest.raises(HTTPError, match="403"):
            await _get(bridged, "/metrics", token=shown)
    bridged.bridges[0]._metrics_token = "scrape me"
    with pytest.raises(HTTPError, match="403"):
        await _get(bridged, "/metrics", token="scrape us")
    assert "dialer_bridge_calls 0.0" in await _get(bridged, "/metrics", token="scrape me")


async def test_the_bridge_tells_prometheus_of_its_calls(bridged: Bridged) -> None:
    bridged.bridges[0]._metrics_token = "scrape me"
    async with bridged.answered() as (call, caller):
        session = await bridged.voice.session()
        await until(lambda: caller.of("media"), "the opening")
        assert "dialer_bridge_calls 1.0" in await _get(bridged, "/metrics", token="scrape me")
        await until(lambda: caller.of("mark"), "the opening is on the line")
        await asyncio.sleep(0.3)
        await session.turn("s1", "Hello")
        await session.say("a1", "Yes?", 100)
        await until(lambda: len(caller.of("media")) > 1, "an answer")
        await caller.stop()
        await bridged.ended(call)
    with pytest.raises(InvalidStatus):
        await websockets.connect(f"{bridged.media_url}/media-stream")
    told = await _get(bridged, "/metrics", token="scrape me")
    for line in (
        "dialer_bridge_calls 0.0",
        'dialer_bridge_calls_ended_total{end="student_left"} 1.0',
        'dialer_bridge_refused_total{why="signature"} 1.0',
        "dialer_bridge_turn_latency_seconds_count 1.0",
        "dialer_bridge_first_audio_seconds_count 1.0",
        "dialer_bridge_draining 0.0",
    ):
        assert line in told.splitlines(), line


async def test_no_more_are_rung_than_the_bridges_can_talk_to(store: Store, sessions: Sessions) -> None:
    campaign = await running_campaign(sessions)
    await enrol(sessions, campaign, [phone_of(n) for n in range(10)])
    await sql(sessions, "UPDATE bridge_process SET max_calls = 3")
    carrier = ScriptedCarrier()
    assert len(await claim(sessions, carrier)) == 3
    assert await claim(sessions, carrier) == []
    async with sessions() as session:
        (told,) = await explain_number(session, phone_of(9), None, {"twilio": carrier}, TUESDAY_11)
    assert {"rule": "bridge", "ok": False, "says": "all bridges are at capacity"} in told["rules"]
    await sql(sessions, "UPDATE bridge_process SET max_calls = 5")
    assert len(await claim(sessions, carrier)) == 2


@pytest.mark.parametrize(
    "gone",
    [
        "DELETE FROM bridge_process",
        "UPDATE bridge_process SET draining = true",
        "UPDATE bridge_process SET seen_at = now() - interval '1 minute'",
    ],
)
async def test_nobody_is_rung_while_no_bridge_could_talk_to_them(store: Store, sessions: Sessions, gone: str) -> None:
    campaign = await running_campaign(sessions)
    await enrol(sessions, campaign, [phone_of(1)])
    await sql(sessions, gone)
    carrier = ScriptedCarrier()
    assert await claim(sessions, carrier) == []
    async with sessions.begin() as session:
        refused = await call_now(
            session, ADMIN, {"twilio": carrier}, phone_of(2), TUESDAY_11, campaign_name="Spring", name=""
        )
    assert isinstance(refused, CallRefused)
    assert "no bridge is running" in refused.says


async def test_a_bridge_is_known_while_it_is_up_and_forgotten_when_it_ends(
    bridged: Bridged, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sql(sessions, "DELETE FROM bridge_process")
    bridge = bridged.bridges[0]
    bridge._most_calls = 7
    await bridge.heartbeat()
    async with sessions() as session:
        assert await bridges.available(session) == bridges.Bridges(1, 7)
    monkeypatch.setattr(server, "GOODBYE_S", 0.1)
    async with bridged.answered() as (call, caller):
        await bridged.voice.session()
        draining = asyncio.create_task(bridge.drain())
        await until(lambda: caller.of("clear") or caller.of("media")[1:], "an apology")
        async with sessions() as session:
            assert (await bridges.available(session)).up == 0, "no new call is given to a bridge that ends"
        await draining
        await bridged.ended(call)
    assert await sql(sessions, "SELECT count(*) FROM bridge_process") == 0


def test_every_way_to_end_is_counted_from_the_start() -> None:
    told = server.make_metrics(5).text().decode()
    assert 'dialer_bridge_calls_ended_total{end="voice_lost"} 0.0' in told
    assert "dialer_bridge_most_calls 5.0" in told
