"""What a piece of work costs: wall time, CPU of the process that does it and of the whole database, and peak memory."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from dialer.bench.harness import Ground
from dialer.store import bench


@dataclass(slots=True)
class Spent:
    """Seconds, and the peak resident memory of the working process in MB (0 where it was not measured)."""

    wall: float = 0
    cpu: float = 0
    peak_mb: float = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.wall + other.wall, self.cpu + other.cpu, max(self.peak_mb, other.peak_mb))


async def postmaster(here: Ground) -> psutil.Process:
    """The database's first process: all others are its children."""
    async with here.sessions() as session:
        pid = await bench.backend_pid(session)
    parent = psutil.Process(pid).parent()
    assert parent is not None
    return parent


def database_cpu(first: psutil.Process) -> float:
    """CPU seconds of all of the database's processes, of those that have ended too."""
    times = first.cpu_times()
    total: float = times.user + times.system + times.children_user + times.children_system
    for child in first.children():
        try:
            own = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += own.user + own.system
    return total


@contextmanager
def spending(first: psutil.Process) -> Iterator[Spent]:
    """Measure what this process and the database spend meanwhile."""
    spent = Spent()
    wall, own, theirs = time.perf_counter(), time.process_time(), database_cpu(first)
    yield spent
    spent.wall = time.perf_counter() - wall
    spent.cpu = time.process_time() - own + database_cpu(first) - theirs


async def command(here: Ground, first: psutil.Process, words: Sequence[str]) -> tuple[Spent, bytes]:
    """Run a command of ours as people do, in a process of its own; what it cost with the database, and what it said."""
    return await program(here, first, ["-m", "dialer", *words])


async def program(here: Ground, first: psutil.Process, words: Sequence[str]) -> tuple[Spent, bytes]:
    """Run Python with these words, likewise."""
    environment = {
        **os.environ,
        "DIALER_DATABASE_URL": here.settings.dialer_database_url or "",
        "DIALER_REDIS_URL": here.settings.dialer_redis_url or "",
    }
    read, write = os.pipe()
    theirs, wall = database_cpu(first), time.perf_counter()
    pid = await asyncio.to_thread(
        os.posix_spawn,
        sys.executable,
        [sys.executable, *words],
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_CLOSE, read)],
    )
    os.close(write)
    said, (_, status, usage), peak = await asyncio.gather(
        asyncio.to_thread(_all_of, read), asyncio.to_thread(os.wait4, pid, 0), _peak(pid)
    )
    wall = time.perf_counter() - wall
    assert status == 0, f"{' '.join(words)} ended with {status}"
    cpu = usage.ru_utime + usage.ru_stime + database_cpu(first) - theirs
    return Spent(wall, cpu, peak), said


def _all_of(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


async def _peak(pid: int) -> float:
    """The most memory that a process was seen to hold, in MB: what its usage says counts ours from before its start."""
    most = 0
    try:
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(0.02)
    except psutil.NoSuchProcess:
        pass
    return most / 1024**2
