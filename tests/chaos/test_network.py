"""The wires between the processes, their servers and the carrier are slow, cut, silent or broken; nobody is wronged."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.proxy import Proxy
from tests.support.rehearsed import BUSY, Wire, hurting

FULL = pytest.mark.full


@FULL
async def test_an_answer_of_the_carrier_that_breaks_off_asks_nobody_twice(tmp_path: Path) -> None:
    """F26, reset_peer and limit_data: the request was accepted, the connection is reset in the middle of the answer."""
    numbers = BUSY[:6]
    with hurting(tmp_path / "data", wires=["twilio"]) as hurt:
        hurt.wires["twilio"].cut_answers_after = 60
        hurt.begin(numbers)
        await hurt.rung_at_least(3)
        hurt.wires["twilio"].heal()
        hurt.measured("cut answers: all settled after s", await hurt.settle())
        assert await hurt.fetch("SELECT 1 FROM call WHERE unknown_at IS NOT NULL"), "an answer did break off"
        hurt.assert_nobody_wronged(numbers)


@FULL
async def test_a_carrier_that_cannot_be_reached_costs_nobody_an_attempt(tmp_path: Path) -> None:
    """F26: nothing was sent, so nothing is burned, and everybody is rung when the wire is back."""
    numbers = BUSY[:8]
    with hurting(tmp_path / "data", wires=["twilio"]) as hurt:
        hurt.wires["twilio"].down()
        hurt.begin(numbers)
        await asyncio.sleep(6)
        assert hurt.rung() == []
        hurt.wires["twilio"].up()
        await hurt.settle(150)
        assert await hurt.fetch("SELECT 1 FROM campaign_lead WHERE attempts <> 1") == []
        hurt.assert_nobody_wronged(numbers)


@FULL
async def test_a_carrier_that_takes_the_request_and_says_nothing_is_not_asked_again(tmp_path: Path) -> None:
    """F26, timeout: the request arrives, the answer is held back for longer than anybody waits."""
    numbers = BUSY[:6]
    with hurting(tmp_path / "data", wires=["twilio"]) as hurt:
        hurt.wires["twilio"].latency_s = 8.0  # 16 s there and back; the request is given up after ten
        hurt.begin(numbers)
        await hurt.rung_at_least(3)
        await asyncio.sleep(10)
        hurt.wires["twilio"].heal()
        await hurt.settle(150)
        assert await hurt.fetch("SELECT 1 FROM call WHERE unknown_at IS NOT NULL"), "an answer was given up"
        hurt.assert_nobody_wronged(numbers)


def _slow(wire: Proxy) -> None:
    wire.latency_s, wire.slice_bytes = 0.03, 7


def _silent(wire: Proxy) -> None:
    wire.stalled = True


ILLS: dict[str, Callable[[Proxy], None]] = {
    "slow and in pieces": _slow,
    "silent": _silent,
    "refused": Proxy.down,
    "half closed": Proxy.half_close_all,
}


@FULL
@pytest.mark.parametrize("ill", list(ILLS))
@pytest.mark.parametrize("wire", ["redis", "postgres", "twilio"])
async def test_a_broken_wire_wrongs_nobody(ill: str, wire: Wire, tmp_path: Path) -> None:
    """F13, F16, F18, F26: one wire is ill for eight seconds in the middle of a campaign, then well again."""
    numbers = BUSY[:30]
    with hurting(tmp_path / "data", wires=[wire]) as hurt:
        hurt.begin(numbers, per_second=3)
        await hurt.rung_at_least(6)
        ILLS[ill](hurt.wires[wire])
        await asyncio.sleep(8)
        hurt.wires[wire].heal()
        hurt.wires[wire].up()
        before = len(hurt.rung())
        if before < len(numbers):
            hurt.measured(f"{wire} {ill}: rings again after s", await hurt.rung_at_least(before + 1, 90))
        hurt.measured(f"{wire} {ill}: all settled after s", await hurt.settle(150))
        hurt.assert_nobody_wronged(numbers)


@FULL
@pytest.mark.parametrize("wire", ["redis", "postgres", "twilio"])
async def test_connections_that_are_reset_again_and_again_wrong_nobody(wire: Wire, tmp_path: Path) -> None:
    """F13, F18, F26, reset_peer: every connection is broken every half second for ten seconds."""
    numbers = BUSY[:30]
    with hurting(tmp_path / "data", wires=[wire]) as hurt:
        hurt.begin(numbers, per_second=3)
        await hurt.rung_at_least(4)
        for _ in range(20):
            hurt.wires[wire].reset_all()
            await asyncio.sleep(0.5)
        await hurt.settle(150)
        hurt.assert_nobody_wronged(numbers)
