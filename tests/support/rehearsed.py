"""A whole dialer against the simulated world that a test can hurt: processes, servers and wires broken and healed."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from signal import SIGCONT, SIGKILL, Signals
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import asyncpg
import psutil

from dialer.cli.rehearsal.environment import simulated_world
from dialer.embedded import Embedded
from dialer.isolated.parent import PARENT
from dialer.net.ports import free_ports
from dialer.settings import Settings
from dialer.web.api.health import is_healthy
from dialer.wiring.environment import clean_environment, settings_environment
from tests.support import forks
from tests.support.clusters import forget
from tests.support.databases import aside
from tests.support.paper_bridge import PAPER_BRIDGE
from tests.support.proxy import Proxy
from tests.support.shell import Said, run

TUESDAY_MORNING = datetime(2026, 3, 3, 11, 0, tzinfo=ZoneInfo("Asia/Kolkata"))
BUSY = [f"+91987{n:06}2" for n in range(650001, 651401)]
"""Invented numbers whose last digit makes the simulated line busy: a call of a second."""
FIGURES = "TEST_FIGURES"
Wire = Literal["twilio", "redis", "postgres"]


@dataclass
class Hurt:
    """The running dialer. Every process that dies is started again, as `dialer up` does."""

    settings: Settings
    twilio_url: str
    environment: dict[str, str]
    folder: Path
    servers: Embedded
    wires: dict[Wire, Proxy]
    by_wire: dict[str, str]
    """What the processes are told instead, where a wire of theirs goes through a proxy."""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    deaths: list[str] = field(default_factory=list)
    _ending: bool = False

    def start(self, *names: str, **more: str) -> None:
        """Start processes, with more environment where a crash is to happen; what they log is kept in a file."""
        for name in names:
            kind = name.partition(":")[0]
            with (self.folder / f"{kind}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "dialer", kind],
                    env={**self.environment, **self.by_wire, **more, PARENT: str(os.getpid())},
                    stderr=log,
                    start_new_session=True,
                )

    def log(self, kind: str) -> str:
        """What the processes of a kind have logged."""
        path = self.folder / f"{kind}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def keep_alive(self) -> None:
        """Start again what has died, until the end."""
        while not self._ending:
            for name, process in list(self.processes.items()):
                if process.poll() is not None and not self._ending:
                    self.deaths.append(name)
                    self.start(name)
            time.sleep(0.1)

    def signal(self, name: str, sign: Signals) -> None:
        """Send a signal to one of the processes."""
        with suppress(ProcessLookupError):
            self.processes[name].send_signal(sign)

    def kill_server(self, name: Literal["postgres", "valkey"], sign: Signals = SIGKILL) -> None:
        """End a server, by SIGKILL as if its machine had lost power; `servers.revive()` brings it back."""
        state = json.loads((self.folder / "embedded.json").read_text())
        server = psutil.Process(state[name]["pid"])
        server.send_signal(sign)
        server.wait(timeout=30)

    def stop(self) -> None:
        """End everything."""
        self._ending = True
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                process.send_signal(SIGCONT)
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def command(self, *words: str) -> Said:
        """Run a command beside it."""
        return run(words, self.environment, self.folder)

    def dialer(self, *words: str) -> str:
        """Run a command beside it; it must succeed."""
        said = self.command(*words)
        assert said.status == 0, said
        return said.out

    def begin(self, numbers: Sequence[str], *, per_second: int = 20) -> None:
        """Import these numbers and start to ring them."""
        self.dialer("campaign", "create", "Chaos", "--concurrency", "200", "--per-second", str(per_second))
        self.dialer("leads", "import", str(write_list(self.folder / "list.csv", numbers)), "--campaign", "Chaos")
        self.dialer("campaign", "start", "Chaos")

    async def let_start(self, calls: int) -> None:
        """Fill the buckets, so that so many calls may start at the first tick."""
        await self.fetch(
            "INSERT INTO rate_bucket (key, tokens, at) SELECT key, $1, clock_timestamp() FROM "
            "(SELECT 'campaign:' || id AS key FROM campaign UNION ALL VALUES ('carrier:twilio'), ('number:' || $2)) keys "
            "ON CONFLICT (key) DO UPDATE SET tokens = excluded.tokens, at = excluded.at",
            float(calls),
            self.settings.twilio_from_number,
        )

    def world(self, path: str, body: object | None = None, method: str | None = None) -> Any:
        """Ask or tell the simulated world."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            f"{self.twilio_url}/_world/{path}", data, {"content-type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def rung(self) -> list[str]:
        """The numbers that truly rang, by the world's ledger, in order."""
        return [call["to"] for call in self.world("ledger")["calls"]]

    def await_health(self, within_s: float = 30.0) -> None:
        """Wait until carriers are heard."""
        until = time.monotonic() + within_s
        while not is_healthy(f"{self.settings.public_url}/health"):
            assert time.monotonic() < until, f"the web process is not healthy within {within_s} s"
            time.sleep(0.05)

    def health(self) -> tuple[int, dict[str, Any]]:
        """What the web process says of itself."""
        with urllib.request.urlopen(f"{self.settings.public_url}/health", timeout=10) as answer:
            return answer.status, json.load(answer)

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Read from (or write to) the dialer's database."""
        assert self.settings.dialer_database_url is not None
        connection = await asyncpg.connect(self.settings.dialer_database_url)
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    async def until(self, done: Callable[[], Any], within_s: float, says: str) -> float:
        """Wait until an awaited question is answered yes; how many seconds that took."""
        began = time.monotonic()
        while not await done():
            assert time.monotonic() < began + within_s, f"not within {within_s} s: {says}"
            await asyncio.sleep(0.2)
        return time.monotonic() - began

    async def rung_at_least(self, count: int, within_s: float = 60.0) -> float:
        """Wait until so many calls were accepted by the carrier; how many seconds that took."""

        async def enough() -> bool:
            return len(self.rung()) >= count

        return await self.until(enough, within_s, f"{count} calls at the carrier")

    async def settle(self, within_s: float = 90.0) -> float:
        """Wait until every lead is done or scheduled; how many seconds that took."""
        return await self.until(self.settled, within_s, "leads are neither done nor scheduled")

    async def settled(self) -> bool:
        """Whether every lead is done or scheduled, and no call is in progress."""
        (row,) = await self.fetch(
            "SELECT count(*) FILTER (WHERE state = 'calling' OR (state <> 'done' AND greatest(next_attempt_at, opens_at) <= "
            "(SELECT start + (clock_timestamp() - began_at) * speed FROM simulated_clock))) AS open, count(*) AS leads "
            "FROM campaign_lead LEFT JOIN campaign_hours USING (campaign_id, hours_id)"
        )
        return bool(row["leads"] and not row["open"])

    def measured(self, what: str, figure: object) -> None:
        """Say a figure; with TEST_FIGURES naming a file, it is kept there too."""
        line = f"{what}: {figure:.1f}" if isinstance(figure, float) else f"{what}: {figure}"
        print(line)
        if kept := os.environ.get(FIGURES):
            with Path(kept).open("a") as file:
                file.write(f"{line}\n")

    def assert_nobody_wronged(self, numbers: Sequence[str], *, all_rung: bool = True) -> None:
        """One ring each at most, everybody rung who should be, and the proof clean."""
        rung = Counter(self.rung())
        assert {number for number, times in rung.items() if times > 1} == set()
        assert set(rung) <= set(numbers)
        if all_rung:
            assert set(rung) == set(numbers)
        proof = json.loads(self.command("prove", "--json").out)
        assert proof["clean"], [each for each in proof["invariants"] if each["breaches"]]


def write_list(path: Path, numbers: Sequence[str]) -> Path:
    """A list of leads with these numbers."""
    path.write_text("Name,Phone,Consent\n" + "".join(f"Lead {n},{number},Yes\n" for n, number in enumerate(numbers)))
    return path


async def _bridge_on_paper(database_url: str) -> None:
    """A row that says that a bridge is up and takes whatever comes: without one nothing is claimed."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(PAPER_BRIDGE)
    await connection.close()


def _replaced(url: str, port: int) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")).geturl()


@contextmanager
def hurting(
    folder: Path,
    *,
    speed: float = 20.0,
    workers: int = 1,
    with_bridge: bool = False,
    wires: Sequence[Wire] = (),
    **changed: object,
) -> Iterator[Hurt]:
    """A running dialer with its own servers and world. The `wires` of its processes lead through proxies.

    A test that crashes the first worker at a named place starts with none, and starts it when there is work.
    """
    web_port, bridge_port = free_ports(2)
    forks.load()  # while the servers start
    with ExitStack() as stack:
        twilio_url, settings = stack.enter_context(simulated_world(clean_environment(), speed))
        servers = Embedded(folder, durable=True)
        stack.callback(forget, folder)
        addresses = stack.enter_context(servers)
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
        named: dict[Wire, tuple[str, str]] = {
            "twilio": ("TWILIO_API_URL", twilio_url),
            "redis": ("DIALER_REDIS_URL", addresses.redis_url),
            "postgres": ("DIALER_DATABASE_URL", addresses.database_url),
        }
        proxies, by_wire = dict[Wire, Proxy](), dict[str, str]()
        for wire in wires:
            variable, url = named[wire]
            parts = urlsplit(url)
            assert parts.port is not None
            proxies[wire] = stack.enter_context(Proxy("127.0.0.1", parts.port))
            by_wire[variable] = _replaced(url, proxies[wire].port)
        environment = {**clean_environment(), **settings_environment(settings), "DIALER_LOG_LEVEL": "warning"}
        hurt = Hurt(settings, twilio_url, environment, folder, servers, proxies, by_wire)
        hurt.dialer("campaign", "status")  # makes the schema before the processes race for it
        if not with_bridge:  # a line is busy or rings: a bridge on paper is enough for that
            aside(_bridge_on_paper(addresses.database_url))
        hurt.start("web", *(["bridge"] if with_bridge else []))
        hurt.start(*["worker" if not n else f"worker:{n}" for n in range(workers)])
        keeper = threading.Thread(target=hurt.keep_alive, daemon=True)
        keeper.start()
        try:
            hurt.await_health()
            yield hurt
        except BaseException:
            for kind in ("web", "bridge", "worker"):
                print(f"--- the end of what {kind} logged\n{hurt.log(kind)[-6000:]}")
            raise
        finally:
            hurt.stop()
            keeper.join(timeout=5)
