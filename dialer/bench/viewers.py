"""What those who watch cost a bridge: its processor's time for a message with nobody and with five hundred of them."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

from redis.asyncio import Redis
from websockets.asyncio.client import connect

from dialer.bench.harness import CannotMeasureError
from dialer.bus import live_feed
from dialer.net.ports import free_ports
from dialer.settings import Settings
from dialer.web.api.health import is_healthy
from dialer.wiring.environment import clean_environment, settings_environment
from dialer.wiring.operator_token import operator_token

VIEWERS, MESSAGES, LOT = 500, 4_000, 20
READY_WITHIN_S, GATHERED_WITHIN_S = 60.0, 60.0


async def cost_of_viewers(settings: Settings) -> tuple[float, float, int]:
    """Microseconds of CPU a message costs its sender with nobody watching, and with all; how many heard of it."""
    (port,) = free_ports(1)
    served = settings.model_copy(update={"dialer_web_port": port, "dialer_public_url": f"http://127.0.0.1:{port}"})
    assert served.dialer_redis_url is not None
    redis: Redis = Redis.from_url(served.dialer_redis_url)
    try:
        with _web(served):
            alone = await _tell(redis)
            with Crowd(port, operator_token(served.dialer_data_dir)) as crowd:
                watched = await _tell(redis)
                await asyncio.sleep(2)
                return alone, watched, crowd.served()
    finally:
        await redis.aclose()


async def _tell(redis: "Redis") -> float:
    call_id, now = uuid4(), datetime.now(UTC)
    began = time.thread_time()
    for n in range(0, MESSAGES, LOT):
        messages = [
            live_feed.message("ava_response", call_id, now, text="A line.", item=f"{n}-{m}") for m in range(LOT)
        ]
        await live_feed.publish(redis, *messages)
        await asyncio.sleep(0.005)
    return (time.thread_time() - began) / MESSAGES * 1e6


@contextmanager
def _web(settings: Settings) -> Iterator[None]:
    environment = {**clean_environment(), **settings_environment(settings)}
    process = subprocess.Popen([sys.executable, "-m", "dialer", "web"], env=environment, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + READY_WITHIN_S
        while not is_healthy(f"{settings.dialer_public_url}/health"):
            if process.poll() is not None or time.monotonic() > until:
                raise CannotMeasureError("the web process does not answer")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


class Crowd:
    """Everybody who watches, in a thread of their own: what they cost is theirs."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"authorization": f"Bearer {token}"}
        self._heard = [0] * VIEWERS
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._all(),))
        self._there = threading.Semaphore(0)
        self._over = asyncio.Event()

    def __enter__(self) -> "Crowd":
        self._thread.start()
        for _ in range(VIEWERS):
            if not self._there.acquire(timeout=GATHERED_WITHIN_S):
                raise CannotMeasureError("not everybody who watches was let in")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    def served(self) -> int:
        """How many heard of it."""
        return sum(heard > 0 for heard in self._heard)

    async def _all(self) -> None:
        watching = [asyncio.create_task(self._watch(n)) for n in range(VIEWERS)]
        await self._over.wait()
        for each in watching:
            each.cancel()
        await asyncio.gather(*watching, return_exceptions=True)

    async def _watch(self, n: int) -> None:
        async with connect(
            f"ws://127.0.0.1:{self._port}/ws/live", max_size=None, additional_headers=self._headers
        ) as socket:
            await socket.recv()
            self._there.release()
            async for _ in socket:
                self._heard[n] += 1
