"""What both servers need as processes: a port, a start, readiness, an end that no signal interrupts."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

UNPRIVILEGED_UID = 65534
"""The user and group that PostgreSQL runs as where this process is root's: it refuses to run as root."""
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
MAX_PORTS = 3
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Servers outlive the process that started them, on purpose: held here, they are not taken for forgotten ones.
_started: list[subprocess.Popen[bytes]] = []


class EmbeddedError(Exception):
    """An embedded server that does not start; the message says where its log is."""


class _EndedError(EmbeddedError):
    """The server ended before it was ready."""


def unprivileged() -> dict[str, Any]:
    """The arguments of `subprocess` for a program that must not run as root; none where this process is not root's."""
    return {"user": UNPRIVILEGED_UID, "group": UNPRIVILEGED_UID, "extra_groups": []} if os.geteuid() == 0 else {}


def started_at_a_port(
    name: str, had: dict[str, Any] | None, log: Path, start: Callable[[int], tuple[subprocess.Popen[bytes], Any]]
) -> dict[str, Any]:
    """Start a server at the port it had, or at a free one; what the state file says of it once it is ready.

    `start` is told the port and returns the process with a function that says whether it is ready. Between our look for
    a free port and the server's use of it, another process can take it: then another port is tried.

    Raises:
        EmbeddedError: it does not start.
    """
    for attempt in range(MAX_PORTS):
        port = _port_of(had)
        process, is_ready = start(port)
        try:
            _await(is_ready, process, name, log)
            return {"pid": process.pid, "port": port, "since": psutil.Process(process.pid).create_time()}
        except _EndedError:
            if attempt == MAX_PORTS - 1 or _is_free(port):
                raise
        except BaseException:
            process.kill()
            process.wait()
            raise
    raise AssertionError


KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")


def clean_environment() -> dict[str, str]:
    """Return what a server needs of our environment: no key and no password, which SQL could read or /proc could show."""
    return {name: os.environ[name] for name in KEPT if name in os.environ}


def spawn(command: list[Any], log: Path, folder: Path | str, as_user: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start a server in a folder, with its output in the log."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=clean_environment(),
            start_new_session=True,  # Ctrl-C is for the dialer, which stops its servers last
            **as_user,
        )
    _started.append(process)
    return process


def running(server: dict[str, Any] | None) -> dict[str, Any] | None:
    """The server that the state file describes, if that process still runs."""
    if server is None:
        return None
    try:
        process = psutil.Process(server["pid"])
        same = abs(process.create_time() - server["since"]) < 1
    except psutil.NoSuchProcess:
        return None
    return server if same and _is_alive(process) else None


def stop(server: dict[str, Any] | None, sign: signal.Signals) -> None:
    """End a server: its own signal first, SIGKILL if that takes too long."""
    if server is None:
        return
    try:
        process = psutil.Process(server["pid"])
        process.send_signal(sign)
    except psutil.NoSuchProcess:
        return  # it ended by itself meanwhile
    until = time.monotonic() + STOP_TIMEOUT_S
    while _is_alive(process):
        if time.monotonic() > until:
            process.kill()
            break
        time.sleep(0.02)
    for started in _started:
        started.poll()  # one of ours has ended: collected, so that nobody warns of it


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Let the signals that end a program wait until the body is done: half a start or stop would leave a server behind.

    A program's handlers run in its main thread only, so in any other there is nothing to defer.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {each: signal.getsignal(each) for each in ENDING}
    ours = [each for each, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for each in ours:
        signal.signal(each, note)
    try:
        yield
    finally:
        for each in ours:
            signal.signal(each, before[each])
        for number in came:
            signal.raise_signal(number)


def _await(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], name: str, log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while not is_ready():
        if process.poll() is not None:
            raise _EndedError(f"the embedded {name} did not start; its log is {log}")
        if time.monotonic() > until:
            raise EmbeddedError(f"the embedded {name} was not ready after {START_TIMEOUT_S:.0f} s; its log is {log}")
        time.sleep(0.02)


def _port_of(server: dict[str, Any] | None) -> int:
    """The port that a server had, so that its users need not learn another; a free one if that is taken by now."""
    for port in ([server["port"]] if server else []) + [0]:
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            free: int = probe.getsockname()[1]
            return free
    raise EmbeddedError("this machine has no free port on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _is_alive(process: psutil.Process) -> bool:
    """Whether it runs; one that ended and waits for its parent to notice does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
