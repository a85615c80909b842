"""Measures the cost of work: wall time, CPU time of its process and of the whole database, and peak memory."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from dialer.bench.harness import Environment
from dialer.store import bench


@dataclass(slots=True)
class Spent:
    """Wall and CPU seconds, and the peak resident memory of the process in MB (0 if not measured)."""

    wall: float = 0
    cpu: float = 0
    peak_mb: float = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.wall + other.wall, self.cpu + other.cpu, max(self.peak_mb, other.peak_mb))


async def postmaster(env: Environment) -> psutil.Process:
    """Return the database's parent process; all its other processes are children."""
    async with env.sessions() as session:
        pid = await bench.backend_pid(session)
    parent = psutil.Process(pid).parent()
    assert parent is not None
    return parent


def database_cpu(first: psutil.Process) -> float:
    """Return the CPU seconds of all database processes, including those that have ended."""
    times = first.cpu_times()
    total: float = times.user + times.system + times.children_user + times.children_system
    for child in first.children():
        try:
            child_times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += child_times.user + child_times.system
    return total


@contextmanager
def spending(first: psutil.Process) -> Iterator[Spent]:
    """Measure what this process and the database spend inside the context."""
    spent = Spent()
    wall, own_cpu, database_before = time.perf_counter(), time.process_time(), database_cpu(first)
    yield spent
    spent.wall = time.perf_counter() - wall
    spent.cpu = time.process_time() - own_cpu + database_cpu(first) - database_before


async def command(env: Environment, first: psutil.Process, words: Sequence[str]) -> tuple[Spent, bytes]:
    """Run a `dialer` command in its own process; return its cost, including the database's, and its output."""
    return await program(env, first, ["-m", "dialer", *words])


async def program(env: Environment, first: psutil.Process, words: Sequence[str]) -> tuple[Spent, bytes]:
    """Run Python with these arguments in its own process; return its cost and output."""
    environment = {
        **os.environ,
        "DIALER_DATABASE_URL": env.settings.dialer_database_url or "",
        "DIALER_REDIS_URL": env.settings.dialer_redis_url or "",
    }
    read, write = os.pipe()
    database_before, wall = database_cpu(first), time.perf_counter()
    pid = await asyncio.to_thread(
        os.posix_spawn,
        sys.executable,
        [sys.executable, *words],
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_CLOSE, read)],
    )
    os.close(write)
    output, (_, status, usage), peak = await asyncio.gather(
        asyncio.to_thread(_all_of, read), asyncio.to_thread(os.wait4, pid, 0), _peak(pid)
    )
    wall = time.perf_counter() - wall
    assert status == 0, f"{' '.join(words)} ended with status {status}"
    cpu = usage.ru_utime + usage.ru_stime + database_cpu(first) - database_before
    return Spent(wall, cpu, peak), output


def _all_of(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


async def _peak(pid: int) -> float:
    """Sample a process's peak resident memory in MB. `ru_maxrss` cannot be used: it includes the parent's at the fork."""
    peak = 0
    try:
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            peak = max(peak, process.memory_info().rss)
            await asyncio.sleep(0.02)
    except psutil.NoSuchProcess:
        pass
    return peak / 1024**2
