"""The bridge's cost per call, against a relay in C that only forwards frames, measured in the same run.

The load generator (tests/bench/bridge) simulates the carrier and the voice of every call, and timestamps every frame.
The bridge does everything that it does in production: state, transcript, playback, turns in SQL, live events over Redis.
Recording is measured separately, because it is optional.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from twilio.request_validator import RequestValidator

from dialer.bench.harness import CannotMeasureError, Environment, Result, bench_environment, campaign_of
from dialer.bench.load import server
from dialer.net.ports import free_ports
from dialer.store import bench as rows

LOAD = Path(__file__).parents[2] / "tests" / "bench" / "bridge"
KEY = "0" * 32
CALLS, SECONDS = (50, 200), 10
LADDER, LADDER_SECONDS = (250, 300, 350, 400, 500), 6
SOAK_MINUTES = 10
LATE_MS = 20.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of the load."""

    cpu_ms: float
    """CPU milliseconds of the bridge per call and second."""
    up_p50: float
    up_p99: float
    down_p50: float
    down_p99: float
    kb_per_call: float
    rss_mb: float
    kept_up: bool
    """Whether every frame arrived, and 99 % of them within 20 ms."""


async def measure(say: Callable[[str], None], *, full: bool = False) -> Result:
    """Measure CPU per call at 50 and 200 calls, added latency, memory, and the calls that one core carries."""
    result = Result("bridge")
    max_calls = max((*CALLS, *LADDER))
    with tempfile.TemporaryDirectory(prefix="dialer-relay-") as folder:
        relay = _build(Path(folder))
        async with bench_environment() as env:
            bench = _Bench(env, await _calls(env, max_calls), relay, *free_ports(1))
            for calls in CALLS:
                say(f"{calls} calls over the relay, then over the bridge …")
                with bench.relay() as (port, pid):
                    yardstick = await bench.load(port, pid, calls, SECONDS)
                ours = await bench.run(calls, SECONDS)
                recorded = await bench.run(calls, SECONDS, recording=True)
                _note(result, calls, ours, yardstick)
                result.figures[f"cpu_ms_recorded_{calls}"] = recorded.cpu_ms
            carried = CALLS[-1] if ours.kept_up else 0
            for calls in LADDER if carried else ():
                say(f"{calls} calls on one core …")
                if not (await bench.run(calls, LADDER_SECONDS)).kept_up:
                    break
                carried = calls
            result.figures["calls_per_core"] = carried
            if full:
                say(f"{CALLS[0]} calls for {SOAK_MINUTES} minutes …")
                await _soak(bench, result)
    return result


def _note(result: Result, calls: int, ours: Measured, yardstick: Measured) -> None:
    result.figures |= {
        f"cpu_ms_{calls}": ours.cpu_ms,
        f"up_p50_ms_{calls}": ours.up_p50,
        f"up_p99_ms_{calls}": ours.up_p99,
        f"down_p50_ms_{calls}": ours.down_p50,
        f"down_p99_ms_{calls}": ours.down_p99,
        f"kb_per_call_{calls}": ours.kb_per_call,
    }
    result.yardsticks |= {
        f"relay_cpu_ms_{calls}": yardstick.cpu_ms,
        f"relay_up_p99_ms_{calls}": yardstick.up_p99,
        f"relay_down_p99_ms_{calls}": yardstick.down_p99,
    }
    result.ratios[f"cpu_over_relay_{calls}"] = ours.cpu_ms / yardstick.cpu_ms


async def _soak(bench: "_Bench", result: Result) -> None:
    """Run the same calls for ten minutes, and compare the memory at the end with that after the first minute."""
    async with bench.bridge() as (port, pid):
        first = await bench.load(port, pid, CALLS[0], 60)
        await _until_empty(port)
        await bench.reset()
        last = await bench.load(port, pid, CALLS[0], SOAK_MINUTES * 60)
    result.figures |= {
        "soak_rss_mb_first": first.rss_mb,
        "soak_rss_mb_last": last.rss_mb,
        "soak_cpu_ms": last.cpu_ms,
        "soak_up_p99_ms": last.up_p99,
    }
    result.ratios["soak_rss_over_first"] = last.rss_mb / first.rss_mb


async def _until_empty(port: int) -> None:
    """Wait until the bridge has no calls: it still writes their results after the load generator has hung up."""
    async with aiohttp.ClientSession() as client:
        for _ in range(300):
            async with client.get(f"http://127.0.0.1:{port}/health") as response:
                if not (await response.json())["calls"]:
                    return
            await asyncio.sleep(0.1)
    raise CannotMeasureError("the bridge still has calls 30 s after they were hung up")


@dataclass(frozen=True, slots=True)
class _Bench:
    env: Environment
    calls: int
    binary: Path
    voice_port: int

    async def run(self, calls: int, seconds: int, *, recording: bool = False) -> Measured:
        """Measure a number of calls on a new bridge process."""
        await self.reset(recording=recording)
        async with self.bridge() as (port, pid):
            return await self.load(port, pid, calls, seconds)

    @asynccontextmanager
    async def bridge(self) -> AsyncIterator[tuple[int, int]]:
        """Run a bridge process; yield its port and pid."""
        (port,) = free_ports(1)
        settings = self.env.settings
        with tempfile.TemporaryDirectory(prefix="dialer-bench-data-") as data:
            environment = {
                "DIALER_DATABASE_URL": settings.dialer_database_url or "",
                "DIALER_REDIS_URL": settings.dialer_redis_url or "",
                "DIALER_DATA_DIR": data,
                "DIALER_BRIDGE_PORT": str(port),
                "DIALER_MEDIA_URL": f"ws://127.0.0.1:{port}",
                "DIALER_BRIDGE_MOST_CALLS": "100000",
                "DIALER_LOG_LEVEL": "error",
                "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
                "TWILIO_AUTH_TOKEN": KEY,
                "TWILIO_FROM_NUMBER": "+15005550006",
                "OPENAI_API_KEY": "sk-bench",
                "OPENAI_REALTIME_URL": f"ws://127.0.0.1:{self.voice_port}/v1/realtime",
            }
            with server(["-m", "dialer", "bridge"], port, environment) as pid:
                yield port, pid

    @contextmanager
    def relay(self) -> Iterator[tuple[int, int]]:
        """Run the relay; yield its port and pid."""
        (port,) = free_ports(1)
        process = subprocess.Popen([self.binary, str(port), str(self.voice_port)])
        try:
            yield port, process.pid
        finally:
            process.terminate()
            process.wait()

    async def load(self, port: int, pid: int, calls: int, seconds: int) -> Measured:
        """Run the load generator against a bridge or relay. Raises CannotMeasureError."""
        signature = RequestValidator(KEY).compute_signature(f"ws://127.0.0.1:{port}/media-stream", {})
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(LOAD / "load.py"), "--port", str(port), "--path", "/media-stream"),
            *("--pid", str(pid), "--calls", str(calls), "--seconds", str(seconds)),
            *(
                "--openai-port",
                str(self.voice_port),
                "--header",
                f"X-Twilio-Signature={signature}",
                "--param",
                "token=bench-{i}",
            ),
            stdout=subprocess.PIPE,
        )
        output, _ = await process.communicate()
        if process.returncode:
            raise CannotMeasureError("the load generator failed; its error is above")
        return _measured(json.loads(output), calls)

    async def reset(self, *, recording: bool = False) -> None:
        """Reset every call to placed and not yet answered."""
        async with self.env.sessions.begin() as session:
            await rows.reset_calls(session, recording=recording)


def _measured(report: dict[str, Any], calls: int) -> Measured:
    if report["alive"] != calls or report["errors"]:
        raise CannotMeasureError(f"only {report['alive']} of {calls} calls survived the run: {report['errors'][:1]}")
    up, down = report["up_ms"], report["down_ms"]
    late = max(up["p99"], down["p99"]) > LATE_MS
    return Measured(
        report["cpu_ms_per_call_second"],
        *(up["p50"], up["p99"], down["p50"], down["p99"]),
        report["rss_kb_per_call"],
        report["rss_mb"],
        kept_up=not late and report["up_lost"] <= 0 and report["down_lost"] <= 0,
    )


def _build(folder: Path) -> Path:
    """Compile the relay. Raises CannotMeasureError."""
    if not LOAD.is_dir():
        raise CannotMeasureError(
            "the load generator (tests/bench/bridge) is only in a source checkout; run this bench from one"
        )
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise CannotMeasureError("the yardstick needs a C compiler; install one, for example with apt-get install gcc")
    binary = folder / "relay"
    subprocess.run([compiler, "-O2", "-w", str(LOAD / "relay.c"), "-o", str(binary)], check=True)
    return binary


async def _calls(env: Environment, calls: int) -> int:
    """Create placed calls with the tokens that the load generator uses."""
    campaign_id = await campaign_of(env.sessions, "Bridge", calls)
    async with env.sessions.begin() as session:
        await rows.add_placed_calls(session, campaign_id)
    return calls
