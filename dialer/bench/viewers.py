"""The cost of Live page viewers to a bridge: CPU time per message without viewers and with 500 of them."""

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
READY_TIMEOUT_S, CONNECT_TIMEOUT_S = 60.0, 60.0


async def cost_of_viewers(settings: Settings) -> tuple[float, float, int]:
    """Return the sender's CPU microseconds per message without and with viewers, and how many viewers were reached."""
    (port,) = free_ports(1)
    served = settings.model_copy(update={"dialer_web_port": port, "dialer_public_url": f"http://127.0.0.1:{port}"})
    assert served.dialer_redis_url is not None
    redis: Redis = Redis.from_url(served.dialer_redis_url)
    try:
        with _web(served):
            unwatched = await _publish(redis)
            with Crowd(port, operator_token(served.dialer_data_dir)) as crowd:
                watched = await _publish(redis)
                await asyncio.sleep(2)
                return unwatched, watched, crowd.served()
    finally:
        await redis.aclose()


async def _publish(redis: "Redis") -> float:
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
        until = time.monotonic() + READY_TIMEOUT_S
        while not is_healthy(f"{settings.dialer_public_url}/health"):
            if process.poll() is not None or time.monotonic() > until:
                raise CannotMeasureError("the web process did not become healthy")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


class Crowd:
    """All viewers, in a separate thread, so that their CPU time is not counted as the sender's."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"authorization": f"Bearer {token}"}
        self._received = [0] * VIEWERS
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._all(),))
        self._connected = threading.Semaphore(0)
        self._over = asyncio.Event()

    def __enter__(self) -> "Crowd":
        self._thread.start()
        for _ in range(VIEWERS):
            if not self._connected.acquire(timeout=CONNECT_TIMEOUT_S):
                raise CannotMeasureError("not all viewers could connect")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    def served(self) -> int:
        """Return how many viewers received messages."""
        return sum(received > 0 for received in self._received)

    async def _all(self) -> None:
        viewers = [asyncio.create_task(self._watch(n)) for n in range(VIEWERS)]
        await self._over.wait()
        for viewer in viewers:
            viewer.cancel()
        await asyncio.gather(*viewers, return_exceptions=True)

    async def _watch(self, n: int) -> None:
        async with connect(
            f"ws://127.0.0.1:{self._port}/ws/live", max_size=None, additional_headers=self._headers
        ) as socket:
            await socket.recv()
            self._connected.release()
            async for _ in socket:
                self._received[n] += 1
