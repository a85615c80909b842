"""A whole dialer against the simulated world that a test can hurt: processes killed, frozen and started again."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import psutil

from dialer.cli.parent import PARENT
from dialer.cli.rehearsal import free_ports, own_environment, simulated, told
from dialer.embedded import Embedded
from dialer.settings import Settings

TUESDAY_MORNING = datetime(2026, 3, 3, 11, 0, tzinfo=ZoneInfo("Asia/Kolkata"))


@dataclass
class Hurt:
    """The running dialer. Every process that dies is started again, as `dialer up` does."""

    settings: Settings
    twilio_url: str
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    deaths: list[str] = field(default_factory=list)
    _ending: bool = False

    def start(self, *names: str, **more: str) -> None:
        """Start processes, with more environment where a crash is to happen."""
        for name in names:
            kind = name.partition(":")[0]
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "dialer", kind],
                env={**self.environment, **more, PARENT: str(os.getpid())},
                start_new_session=True,
            )

    def keep_alive(self) -> None:
        """Start again what has died, until the end."""
        while not self._ending:
            for name, process in list(self.processes.items()):
                if process.poll() is not None and not self._ending:
                    self.deaths.append(name)
                    self.start(name)
            time.sleep(0.1)

    def signal(self, name: str, sign: signal.Signals) -> None:
        """Send a signal to one of the processes."""
        with suppress(ProcessLookupError):
            self.processes[name].send_signal(sign)

    def stop(self) -> None:
        """End everything."""
        self._ending = True
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def dialer(self, *words: str) -> str:
        """Run a command beside it; it must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "dialer", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def world(self, path: str, body: object | None = None) -> Any:
        """Ask or tell the simulated world."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.twilio_url}/_world/{path}", data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def rung(self) -> list[str]:
        """The numbers that truly rang, by the world's ledger, in order."""
        return [call["to"] for call in self.world("ledger")["calls"]]

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Read from the dialer's database."""
        assert self.settings.dialer_database_url is not None
        connection = await asyncpg.connect(self.settings.dialer_database_url)
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    async def until(self, done: Callable[[], Any], within_s: float, says: str) -> None:
        """Wait until an awaited question is answered yes."""
        until = time.monotonic() + within_s
        while not await done():
            assert time.monotonic() < until, f"not within {within_s} s: {says}"
            await asyncio.sleep(0.3)

    async def settled(self) -> bool:
        """Whether every lead is done or scheduled, and no call is in progress."""
        (row,) = await self.fetch(
            "SELECT count(*) FILTER (WHERE state = 'calling' OR (state <> 'done' AND next_attempt_at <= "
            "(SELECT start + (clock_timestamp() - began) * speed FROM lived_clock))) AS open, count(*) AS leads FROM campaign_lead"
        )
        return bool(row["leads"] and not row["open"])

    def worker_pids(self) -> list[int]:
        """The processes that place calls."""
        return [
            each.pid
            for name, each in self.processes.items()
            if name.startswith("worker") and psutil.pid_exists(each.pid)
        ]


def write_list(path: Path, numbers: list[str]) -> Path:
    """A list of leads with these numbers."""
    path.write_text("Name,Phone,Consent\n" + "".join(f"Lead {n},{number},Yes\n" for n, number in enumerate(numbers)))
    return path


@contextmanager
def hurting(
    folder: Path,
    *,
    speed: float = 20.0,
    workers: int = 1,
    with_bridge: bool = False,
    crash: dict[str, str] | None = None,
    **changed: object,
) -> Iterator[Hurt]:
    """A running dialer with its own servers and world. `crash` is more environment for the first worker only."""
    web_port, bridge_port = free_ports(2)
    with simulated(own_environment(), speed) as (twilio_url, settings), Embedded(folder, durable=True) as addresses:
        settings = settings.model_copy(
            update={
                "dialer_data_dir": folder,
                "dialer_database_url": addresses.database_url,
                "dialer_redis_url": addresses.redis_url,
                "dialer_web_port": web_port,
                "dialer_bridge_port": bridge_port,
                "dialer_public_url": f"http://127.0.0.1:{web_port}",
                "dialer_media_url": f"ws://127.0.0.1:{bridge_port}",
                "dialer_clock": TUESDAY_MORNING.isoformat(timespec="minutes"),
                "dialer_placing_after_s": 14.0,
                "dialer_unknown_horizon_s": 25.0,
                **changed,
            }
        )
        hurt = Hurt(settings, twilio_url, {**own_environment(), **told(settings)})
        hurt.dialer("campaign", "status")  # makes the schema before the processes race for it
        hurt.start("web", *(["bridge"] if with_bridge else []))
        hurt.start("worker", **(crash or {}))
        for extra in range(1, workers):
            hurt.start(f"worker:{extra}")
        keeper = threading.Thread(target=hurt.keep_alive, daemon=True)
        keeper.start()
        try:
            yield hurt
        finally:
            hurt.stop()
            keeper.join(timeout=5)
