"""Start-up time of the command line: `--help` of every command, against a Python that only imports click."""

import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence

from dialer.bench.harness import Result

ROUNDS = 3
MAX_COMMANDS = 1000
"""The maximum number of commands to measure; the tests lower it."""
# A small driver process starts the commands, because a child's peak memory includes its parent's at the fork.
DRIVER = """
import json, os, subprocess, sys, time
samples = []
for command in json.load(sys.stdin):
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, command
    samples.append((time.perf_counter() - began, usage.ru_maxrss / 1024))
print(json.dumps(samples))
"""


async def measure(say: Callable[[str], None], *, commands: Sequence[tuple[str, ...]]) -> Result:
    """Measure seconds and megabytes of `--help` of each command (a path of words); the yardstick runs before each."""
    paths = commands[:MAX_COMMANDS]
    say(f"--help of {len(paths)} commands, {ROUNDS} times each")
    yardstick = [sys.executable, "-c", "import click"]
    order = [run for path in paths for run in (yardstick, [sys.executable, "-m", "dialer", *path, "--help"])]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", DRIVER],
        input=json.dumps(order * ROUNDS),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    samples: list[tuple[float, float]] = [(seconds, mb) for seconds, mb in json.loads(done.stdout)]
    click_s = statistics.median(seconds for seconds, _ in samples[::2])
    ours = samples[1::2]
    seconds = [statistics.median(sample for sample, _ in ours[n :: len(paths)]) for n in range(len(paths))]
    megabytes = [mb for _, mb in ours]
    slowest = max(range(len(paths)), key=seconds.__getitem__)
    say(f"slowest: dialer {' '.join(paths[slowest])} --help")
    return Result(
        "start",
        {
            "help_ms": seconds[0] * 1000,
            "slowest_help_ms": seconds[slowest] * 1000,
            "help_mb": max(megabytes[:: len(paths)]),
            "largest_help_mb": max(megabytes),
        },
        {"import_click_ms": click_s * 1000},
        {"help_over_click": seconds[0] / click_s, "slowest_help_over_click": seconds[slowest] / click_s},
    )
