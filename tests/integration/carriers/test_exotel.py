"""Our adapter and the simulated Exotel, each written from the page alone, understand each other; and the doctor both."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from dialer.carriers.exotel.rest import Exotel
from dialer.carriers.port import AccountRejected, CallRequest, CallStatus, NumberRejected, Placed, Throttled, Unknown
from dialer.doctor.checks import _exchange, _exotel
from dialer.domain.calling.call import State
from dialer.domain.calling.cost import MONEY
from dialer.services.prices import set_price
from dialer.settings import Settings
from dialer.simulator.faults import Fault
from dialer.simulator.world import World, WorldSettings, simulated_world
from dialer.wiring.carriers import make_carriers
from dialer.wiring.stores import open_store
from tests.support.actors import ADMIN
from tests.support.exotel import exotel_settings

BUSY, UNREGISTERED = "+919876500012", "+919876500010"


@pytest.fixture
def told() -> dict[str, Any]:
    """Settings of the world that a test adds."""
    return {}


@pytest.fixture
async def world(told: dict[str, Any]) -> AsyncIterator[World]:
    async with simulated_world(WorldSettings(speed=40, webhook_timeout_s=0.4, **told)) as made:
        yield made


@pytest.fixture
def ours(settings: Settings, world: World) -> Settings:
    return exotel_settings(settings, exotel_api_url=world.exotel_url)


@pytest.fixture
async def exotel(ours: Settings) -> AsyncIterator[Exotel]:
    carrier = make_carriers(ours)["exotel"]
    assert isinstance(carrier, Exotel)
    yield carrier
    await carrier.close()


def _order(to: str = BUSY) -> CallRequest:
    return CallRequest(
        call_id=uuid4(),
        token="t0k3n",
        to=to,
        from_number="08040000000",
        ring_timeout_s=30,
        time_limit_s=600,
        media_url="ws://127.0.0.1:1/exotel/media-stream",
        status_url="http://127.0.0.1:1/carriers/exotel/status/t0k3n",
    )


async def _over(exotel: Exotel, sid: str) -> CallStatus:
    async with asyncio.timeout(8):
        while (report := await exotel.fetch(sid)).state is not State.ENDED:
            await asyncio.sleep(0.02)
    return report


async def test_a_call_is_taken_without_a_warning_and_its_end_is_read(world: World, exotel: Exotel) -> None:
    answer = await exotel.place(_order())
    assert isinstance(answer, Placed)
    assert (await exotel.fetch(answer.sid)).state is State.PLACED
    report = await _over(exotel, answer.sid)
    assert report.ended is not None
    assert report.ended.busy
    assert (report.to, report.from_number) == (BUSY, "08040000000")
    assert report.created_at is not None
    assert abs(report.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    (entry,) = world.ledger.calls
    assert [each for each in entry.warnings if each.code not in (504,)] == []


@pytest.mark.parametrize("fault", ["error_after", "drop_after"])
async def test_a_call_that_nobody_can_tell_of_is_found_when_it_is_over(
    world: World, exotel: Exotel, fault: str
) -> None:
    world.faults.add(Fault("create", fault))
    since = datetime.now(UTC)
    order = _order()
    assert isinstance(await exotel.place(order), Unknown)
    assert await exotel.find(order.to, order.from_number, since) == ()
    (entry,) = world.ledger.calls
    await _over(exotel, entry.sid)
    (found,) = await exotel.find(order.to, order.from_number, since)
    assert (found.sid, found.state) == (entry.sid, State.ENDED)
    assert await exotel.find("+919876500022", order.from_number, since) == ()


@pytest.mark.parametrize("fault", ["error_before", "drop_before"])
async def test_a_call_that_was_not_taken_is_not_found(world: World, exotel: Exotel, fault: str) -> None:
    world.faults.add(Fault("create", fault))
    since = datetime.now(UTC)
    assert isinstance(await exotel.place(_order()), Unknown)
    assert await exotel.find(BUSY, "08040000000", since) == ()
    assert world.ledger.calls == []


@pytest.mark.parametrize("told", [{"exotel_per_minute": 1}])
async def test_too_many_requests_are_put_off(world: World, exotel: Exotel) -> None:
    assert isinstance(await exotel.place(_order()), Placed)
    later = await exotel.place(_order("+919876500022"))
    assert isinstance(later, Throttled)
    assert later.after_s >= 1
    assert len(world.ledger.calls) == 1


@pytest.mark.parametrize("told", [{"exotel_dnd": (UNREGISTERED,)}])
async def test_a_number_that_must_not_be_disturbed_ends_that_lead_alone(exotel: Exotel) -> None:
    assert isinstance(await exotel.place(_order(UNREGISTERED)), NumberRejected)


async def test_a_caller_id_that_is_not_ours_burns_no_lead(exotel: Exotel) -> None:
    assert isinstance(await exotel.place(replace(_order(), from_number="08099999999")), AccountRejected)


async def test_the_whole_list_is_read_over_its_pages(
    world: World, exotel: Exotel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialer.carriers.exotel.rest.PAGE", 2)
    since = datetime.now(UTC) - timedelta(seconds=2)
    sids = []
    for _ in range(5):
        answer = await exotel.place(_order())
        assert isinstance(answer, Placed)
        sids.append(answer.sid)
    for sid in sids:
        await _over(exotel, sid)
    assert {report.sid for report in await exotel.placed_since(since)} == set(sids)


async def test_the_doctor_is_content_with_right_keys_and_names_what_to_check_of_wrong_ones(ours: Settings) -> None:
    right = await _exotel(ours)
    assert (right.state, right.says) == ("ok", "0 of 100 streams in use")
    wrong = await _exotel(exotel_settings(ours, exotel_api_token="other"))
    assert wrong.state == "wrong"
    assert "Authentication failed" in wrong.says
    assert "EXOTEL_API_TOKEN" in wrong.says


async def test_the_doctor_asks_for_the_exchange_of_what_exotel_bills_in(ours: Settings) -> None:
    asks = await _exchange(ours)
    assert asks.state == "missing"
    assert "dialer prices set INR money PRICE" in asks.says
    async with open_store(ours) as store, store.sessions.begin() as session:
        await set_price(session, ADMIN, "INR", MONEY, Decimal(11_304), store.clock.now().date(), "for this test")
    assert (await _exchange(ours)).state == "ok"
    assert (await _exchange(ours.model_copy(update={"exotel_account_sid": None}))).says == "costs are counted in USD"
