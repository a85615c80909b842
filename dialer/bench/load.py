"""A load generator for a local HTTP server: prepared requests over keep-alive connections, and the server's CPU time."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

START_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """Requests per second of the server's CPU, requests per second, and the p99 latency in milliseconds."""

    per_cpu_second: float
    per_second: float
    p99_ms: float


def request(path: str, body: bytes, **headers: str) -> bytes:
    """Return the bytes of a POST request."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nhost: dialer.example.org\r\n{more}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def load(port: int, pid: int, requests: Sequence[bytes], status: bytes, at_once: int) -> Load:
    """Send the requests over `at_once` connections; every response must have this status."""
    pending = iter(requests)
    latencies: list[float] = []

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for raw in pending:
            before = time.perf_counter()
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.split(b" ", 2)[1] == status, head
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
            if length:
                await reader.readexactly(int(length))
            latencies.append(time.perf_counter() - before)
        writer.close()

    server = psutil.Process(pid)
    cpu, wall = sum(server.cpu_times()[:2]), time.perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(at_once)))
    wall = time.perf_counter() - wall
    cpu = sum(server.cpu_times()[:2]) - cpu
    latencies.sort()
    return Load(len(requests) / cpu, len(requests) / wall, latencies[len(latencies) * 99 // 100] * 1000)


@contextmanager
def server(words: Sequence[str], port: int, environment: dict[str, str]) -> Iterator[int]:
    """Run a Python server process; yield its pid once it accepts connections on the port."""
    process = subprocess.Popen([sys.executable, *words], env={**os.environ, **environment})
    try:
        until = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "the server exited before it accepted connections"
                assert time.monotonic() < until, "the server did not start in time"
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait()
