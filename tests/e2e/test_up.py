"""`dialer up` as a person uses it: started in an empty folder, asked twice, ended with Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from dialer.net.ports import free_ports
from dialer.web.api.health import is_healthy
from dialer.wiring.environment import clean_environment
from tests.support.clusters import forget

READY_S = 60.0


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    web, bridge = free_ports(2)
    ports = {"DIALER_WEB_PORT": str(web), "DIALER_BRIDGE_PORT": str(bridge)}
    yield {**clean_environment(), **ports, "DIALER_DATA_DIR": str(tmp_path / "data"), "DIALER_ENV_FILE": os.devnull}
    forget(tmp_path / "data")


@pytest.fixture
def up(plain_start: None, environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A running `dialer up`, ready for work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dialer", "up"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    until = time.monotonic() + READY_S
    while not is_healthy(f"http://127.0.0.1:{environment['DIALER_WEB_PORT']}/health"):
        assert process.poll() is None, "it ended before it was ready"
        assert time.monotonic() < until, "not ready"
        time.sleep(0.2)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("ready: http://127.0.0.1:")
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()
    process.stdout.close()


def test_everything_starts_with_one_command_and_ends_with_ctrl_c(
    up: subprocess.Popen[str], environment: dict[str, str], tmp_path: Path
) -> None:
    health = f"http://127.0.0.1:{environment['DIALER_BRIDGE_PORT']}/health"
    with urllib.request.urlopen(health, timeout=5) as answer:
        assert json.load(answer)["status"] == "ok"
    second = subprocess.run(
        [sys.executable, "-m", "dialer", "up"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "is in use" in second.stderr
    assert "DIALER_WEB_PORT" in second.stderr
    beside = subprocess.run(
        [sys.executable, "-m", "dialer", "campaign", "create", "Spring", "--json"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert json.loads(beside.stdout) == {"name": "Spring", "state": "draft"}
    state = json.loads((tmp_path / "data" / "embedded.json").read_text())
    up.send_signal(signal.SIGINT)
    assert up.wait(timeout=45) == 0
    for name in ("postgres", "valkey"):
        with pytest.raises(ProcessLookupError):
            os.kill(state[name]["pid"], 0)


def test_a_killed_up_takes_its_processes_with_it_and_can_be_started_again(
    up: subprocess.Popen[str], environment: dict[str, str]
) -> None:
    up.kill()
    up.wait()
    web = f"http://127.0.0.1:{environment['DIALER_WEB_PORT']}/health"
    until = time.monotonic() + 30
    while is_healthy(web):
        assert time.monotonic() < until, "its children live on"
        time.sleep(0.2)
    done = subprocess.run(
        [sys.executable, "-m", "dialer", "campaign", "status"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert "no campaign yet" in done.stdout


def worker_of(up: subprocess.Popen[str]) -> int | None:
    """The worker that lives now."""
    for child in psutil.Process(up.pid).children():
        with suppress(psutil.Error):
            if child.cmdline()[-1:] == ["worker"]:
                return child.pid
    return None


def test_what_dies_is_started_again(up: subprocess.Popen[str], environment: dict[str, str], tmp_path: Path) -> None:
    """R14: a worker that was killed, and both servers, which come back at the addresses that everybody knows."""
    described = tmp_path / "data" / "embedded.json"
    before = json.loads(described.read_text())
    worker = worker_of(up)
    assert worker is not None
    for pid in (worker, before["valkey"]["pid"], before["postgres"]["pid"]):
        os.kill(pid, signal.SIGKILL)

    def all_back() -> bool:
        now = json.loads(described.read_text())
        new = all(now[name]["pid"] != before[name]["pid"] for name in ("postgres", "valkey"))
        healthy = is_healthy(f"http://127.0.0.1:{environment['DIALER_WEB_PORT']}/health")
        return new and healthy and worker_of(up) not in (None, worker)

    until = time.monotonic() + 60
    while not all_back():
        assert up.poll() is None, "it gave up"
        assert time.monotonic() < until, "not all of them came back"
        time.sleep(0.2)
    now = json.loads(described.read_text())
    assert [now[name]["port"] for name in ("postgres", "valkey")] == [
        before[name]["port"] for name in ("postgres", "valkey")
    ]
    up.send_signal(signal.SIGTERM)
    assert up.wait(timeout=45) == 0
    for name in ("postgres", "valkey"):
        assert not psutil.pid_exists(now[name]["pid"])


def marked(mark: str) -> list[psutil.Process]:
    """Every process, of whatever parent, that was started with this in its environment."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.mark.parametrize(
    ("words", "when", "status"),
    [
        (("up",), "postgres.log", 0),
        (("demo",), "demo/postgres.log", 143),
        (("demo",), "Imported", 143),
    ],
    ids=["up, its servers starting", "demo, its servers starting", "demo, calls in progress"],
)
def test_what_is_told_to_end_leaves_no_process(
    words: tuple[str, ...],
    when: str,
    status: int,
    plain_start: None,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """By SIGTERM, as systemd and containers send it."""
    mark = str(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "dialer", *words],
        env={**environment, "MARK": mark},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        if when.endswith(".log"):
            until = time.monotonic() + READY_S
            while not (tmp_path / "data" / when).exists():
                assert time.monotonic() < until, "nothing was started"
                time.sleep(0.002)
        else:
            assert any(when in line for line in process.stdout)
        while len(marked(mark)) < 2:
            time.sleep(0.01)
        process.terminate()
        process.communicate(timeout=45)
        assert process.returncode == status
        assert marked(mark) == []
    finally:
        for left in marked(mark):
            left.kill()
        process.communicate()
        if (tmp_path / "data" / "demo").exists():
            forget(tmp_path / "data" / "demo")
