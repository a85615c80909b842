"""Redis restarts, forgets, remembers too much, is away or refuses: it is a doorbell, and no lead is lost or rung twice."""

import asyncio
import signal
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError

from tests.support.rehearsed import BUSY, Hurt, hurting

FULL = pytest.mark.full


def redis_of(hurt: Hurt) -> "Redis":
    """A client of the dialer's Redis."""
    assert hurt.settings.dialer_redis_url is not None
    client: Redis = Redis.from_url(hurt.settings.dialer_redis_url)
    return client


@FULL
async def test_redis_that_restarts_loses_no_lead_and_no_worker(tmp_path: Path) -> None:
    """F13: five seconds away in the middle of a campaign, and empty when it is back."""
    numbers = BUSY[:12]
    with hurting(tmp_path / "data") as hurt:
        hurt.begin(numbers, per_second=4)
        await hurt.rung_at_least(4)
        hurt.kill_server("valkey")
        await asyncio.sleep(5)
        assert hurt.servers.revive() == ("valkey",)
        before = len(hurt.rung())
        hurt.measured("F13 rings again after s", await hurt.rung_at_least(before + 1))
        hurt.measured("F13 all settled after s", await hurt.settle())
        assert hurt.deaths == [], "nobody had to be started again"
        hurt.assert_nobody_wronged(numbers)


async def test_redis_that_forgets_everything_is_told_again(tmp_path: Path) -> None:
    """F14: FLUSHALL while leads are scheduled; what is due is found in SQL."""
    numbers = BUSY[:12]
    with hurting(tmp_path / "data") as hurt:
        hurt.begin(numbers, per_second=4)
        redis = redis_of(hurt)
        for rung in (2, 6):
            await hurt.rung_at_least(rung)
            await redis.flushall()
            before = len(hurt.rung())
            hurt.measured(f"F14 rings again after s ({rung})", await hurt.rung_at_least(before + 1))
        await redis.aclose()
        hurt.measured("F14 all settled after s", await hurt.settle())
        assert hurt.deaths == []
        hurt.assert_nobody_wronged(numbers)


@FULL
async def test_redis_restored_from_an_older_snapshot_rings_nobody_again(tmp_path: Path) -> None:
    """F15: jobs that were done long ago stand in the queue again."""
    numbers = BUSY[:40]
    with hurting(tmp_path / "data") as hurt:
        redis = redis_of(hurt)
        hurt.begin(numbers, per_second=10)
        saved: set[bytes] = set()
        while not saved:
            hurt.signal("worker", signal.SIGSTOP)
            saved = {job for job in await redis.zrange("arq:queue", 0, -1) if job.startswith(b"calls:")}
            if saved:
                await redis.execute_command("SAVE")
            hurt.signal("worker", signal.SIGCONT)
            await asyncio.sleep(0.03)
        await hurt.settle()
        assert not {job for job in await redis.zrange("arq:queue", 0, -1) if job.startswith(b"calls:")}
        hurt.signal("worker", signal.SIGSTOP)
        hurt.kill_server("valkey")
        await redis.connection_pool.disconnect()
        hurt.servers.revive()
        restored = {job for job in await redis.zrange("arq:queue", 0, -1) if job.startswith(b"calls:")}
        assert restored == saved, "the old jobs are back"
        hurt.signal("worker", signal.SIGCONT)

        async def done_again() -> bool:
            return not saved & set(await redis.zrange("arq:queue", 0, -1))

        await hurt.until(done_again, 100, "the old jobs were not looked at")
        await redis.aclose()
        await hurt.settle()
        hurt.assert_nobody_wronged(numbers)


@FULL
async def test_a_dialer_without_redis_stays_up_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    """F16: away for longer than any retry; the pages answer, webhooks are kept, and dialing is paused."""
    numbers = BUSY[:30]
    with hurting(tmp_path / "data") as hurt:
        hurt.begin(numbers, per_second=3)
        await hurt.rung_at_least(6)
        hurt.kill_server("valkey")
        for _ in range(8):
            await asyncio.sleep(5)
            assert hurt.health()[0] == 200
        placed = await hurt.fetch("SELECT 1 FROM call WHERE state IN ('placed', 'ringing')")
        assert placed == [], "what the carrier said meanwhile was heard"
        assert "Redis is unavailable" in hurt.log("worker")
        hurt.servers.revive()
        before = len(hurt.rung())
        hurt.measured("F16 rings again after s", await hurt.rung_at_least(before + 1))
        hurt.measured("F16 all settled after s", await hurt.settle())
        assert hurt.deaths == []
        hurt.assert_nobody_wronged(numbers)


@FULL
@pytest.mark.parametrize("ill", ["full", "read only", "loading"])
async def test_redis_that_refuses_is_waited_for(ill: str, tmp_path: Path) -> None:
    """F17: full (maxmemory, noeviction), a read-only replica, or still loading its file."""
    numbers = BUSY[:30]
    with hurting(tmp_path / "data") as hurt:
        redis = redis_of(hurt)
        hurt.begin(numbers, per_second=3)
        await hurt.rung_at_least(6)
        match ill:
            case "full":
                await redis.config_set("maxmemory", "1mb")
                await asyncio.sleep(12)
                assert "maxmemory" in hurt.log("worker")
                await redis.config_set("maxmemory", "0")
            case "read only":
                await redis.execute_command("REPLICAOF", "127.0.0.1", "1")
                await asyncio.sleep(12)
                assert "read only" in hurt.log("worker")
                await redis.execute_command("REPLICAOF", "NO", "ONE")
            case _:
                await redis.eval("for n = 1, 1500000 do redis.call('set', n, n) end", 0)
                await redis.execute_command("SAVE")
                hurt.kill_server("valkey")
                await redis.connection_pool.disconnect()
                hurt.servers.revive()
                with pytest.raises(BusyLoadingError):
                    await redis.get("1")
        await redis.aclose()
        before = len(hurt.rung())
        hurt.measured(f"F17 {ill}: rings again after s", await hurt.rung_at_least(before + 1))
        await hurt.settle()
        assert hurt.deaths == []
        hurt.assert_nobody_wronged(numbers)
