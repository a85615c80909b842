"""How soon the command line answers: `--help` of everything, beside a Python that imports click and does nothing."""

import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence

from dialer.bench.harness import Result

ROUNDS = 3
MAX_COMMANDS = 1000
"""How many commands are asked at most; the tests ask fewer."""
# A small process starts them and reads their memory: a child's peak counts what its parent held when it was forked.
DRIVER = """
import json, os, subprocess, sys, time
said = []
for command in json.load(sys.stdin):
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0, command
    said.append((time.perf_counter() - began, usage.ru_maxrss / 1024))
print(json.dumps(said))
"""


async def measure(say: Callable[[str], None], *, commands: Sequence[tuple[str, ...]]) -> Result:
    """Seconds and megabytes of `--help` of each command, given by the words that reach it; the yardstick runs before each."""
    asked = commands[:MAX_COMMANDS]
    say(f"--help of {len(asked)} commands, {ROUNDS} times each")
    yardstick = [sys.executable, "-c", "import click"]
    order = [each for path in asked for each in (yardstick, [sys.executable, "-m", "dialer", *path, "--help"])]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", DRIVER],
        input=json.dumps(order * ROUNDS),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    said: list[tuple[float, float]] = [(seconds, mb) for seconds, mb in json.loads(done.stdout)]
    click_s = statistics.median(seconds for seconds, _ in said[::2])
    ours = said[1::2]
    seconds = [statistics.median(each for each, _ in ours[n :: len(asked)]) for n in range(len(asked))]
    megabytes = [mb for _, mb in ours]
    slowest = max(range(len(asked)), key=seconds.__getitem__)
    say(f"slowest: dialer {' '.join(asked[slowest])} --help")
    return Result(
        "start",
        {
            "help_ms": seconds[0] * 1000,
            "slowest_help_ms": seconds[slowest] * 1000,
            "help_mb": max(megabytes[:: len(asked)]),
            "largest_help_mb": max(megabytes),
        },
        {"import_click_ms": click_s * 1000},
        {"help_over_click": seconds[0] / click_s, "slowest_help_over_click": seconds[slowest] / click_s},
    )
