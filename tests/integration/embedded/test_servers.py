"""The servers of a data folder: shared by all who use it, stopped by the last, and no worse for who was killed."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from dialer.embedded import Embedded, EmbeddedError, ServerUrls, processes
from tests.support.clusters import ask, forget, pids, running

HERE = Path(__file__).parents[3]
# Enters, says so, and does on each line from the parent what it says: `leave` the servers, `end` the process.
USER = """
import sys
from pathlib import Path
from dialer.embedded import Embedded
pair = Embedded(Path(sys.argv[1]), durable=False)
addresses = pair.__enter__()
print(addresses.database_url, flush=True)
for line in sys.stdin:
    if line.strip() == "leave":
        pair.__exit__(None, None, None)
        print("left", flush=True)
    else:
        break
"""


class User:
    """Another process that uses the servers of a folder."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(folder)],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.database_url = self.process.stdout.readline().strip()

    def leave(self) -> None:
        """Leave the servers and live on."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("leave\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "left"

    def kill(self) -> None:
        """SIGKILL: no word to anybody."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def user(folder: Path) -> Iterator[User]:
    other = User(folder)
    try:
        yield other
    finally:
        other.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder; whatever a failed test leaves running in it is stopped."""
    place = tmp_path / "data"
    yield place
    for pid in pids(place):
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                psutil.Process(pid).kill()
    forget(place)


def test_two_users_share_one_pair_and_the_last_one_out_stops_it(folder: Path) -> None:
    with Embedded(folder, durable=False) as mine:
        first = pids(folder)
        with user(folder) as other:
            assert other.database_url == mine.database_url
            assert pids(folder) == first
            other.leave()
        assert running(folder) == [True, True]
        assert ask(mine) == 1
    assert running(folder) == [False, False]


def test_the_last_one_out_stops_at_once_what_another_living_process_started(folder: Path) -> None:
    with user(folder) as other:
        with Embedded(folder, durable=False) as mine:
            assert mine.database_url == other.database_url
            other.leave()
            assert running(folder) == [True, True]
            began = time.monotonic()
        assert time.monotonic() - began < 5
        assert running(folder) == [False, False]


def test_a_killed_user_leaves_nothing_that_blocks_the_next(folder: Path) -> None:
    with user(folder) as other:
        other.kill()
        assert running(folder) == [True, True], "its servers live on, for nobody could stop them"
        with Embedded(folder, durable=False) as mine:
            assert mine.database_url == other.database_url
            assert ask(mine) == 1
        assert running(folder) == [False, False]


def test_servers_that_were_killed_are_started_again_with_what_they_held(folder: Path) -> None:
    with Embedded(folder) as mine:
        asyncio.run(keep(mine))
    with Embedded(folder) as again:
        for pid in pids(folder):
            psutil.Process(pid).send_signal(signal.SIGKILL)
        with user(folder) as other:
            assert other.database_url.rsplit("@", 1)[0] == again.database_url.rsplit("@", 1)[0]
            fresh = ServerUrls(other.database_url, "")
            assert ask(fresh) == 1
            assert asyncio.run(kept(fresh)) == 7
    assert running(folder) == [False, False]


async def keep(addresses: ServerUrls) -> None:
    connection = await asyncpg.connect(addresses.database_url)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    await connection.close()


async def kept(addresses: ServerUrls) -> int:
    connection = await asyncpg.connect(addresses.database_url)
    try:
        return int(await connection.fetchval("SELECT n FROM kept"))
    finally:
        await connection.close()


def test_a_path_with_spaces_and_other_letters_is_a_data_folder_too(place: Path) -> None:
    with Embedded(place / "données 資料 'q\"", durable=False) as mine:
        assert ask(mine) == 1
    forget(place / "données 資料 'q\"")


def test_a_port_that_a_stranger_takes_first_is_left_to_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = processes._port_of
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        given = [port, None, port, None]  # a stranger's port first, to PostgreSQL and to Valkey
        monkeypatch.setattr(processes, "_port_of", lambda had: given.pop(0) or free(had))
        with Embedded(folder, durable=False) as mine:
            assert ask(mine) == 1
        assert given == []


def test_a_server_that_does_not_start_leaves_the_other_one_stopped(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EmbeddedError("no Valkey today")

    monkeypatch.setattr("dialer.embedded.valkey.start", fail)
    with pytest.raises(EmbeddedError, match="no Valkey"):
        Embedded(folder, durable=False).__enter__()
    state = json.loads((folder / "embedded.json").read_text())
    assert not psutil.pid_exists(state["postgres"]["pid"])


def test_a_data_folder_of_another_kind_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="set DIALER_DATA_DIR"):
        Embedded(tmp_path / "file" / "data").__enter__()


def test_what_a_killed_user_left_is_stopped_without_being_started_again(folder: Path) -> None:
    with user(folder) as other:
        Embedded(folder).stop_abandoned()
        assert running(folder) == [True, True], "it is in use"
        other.kill()
        Embedded(folder).stop_abandoned()
        assert running(folder) == [False, False]


async def test_the_servers_inherit_no_secret(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """M7: SQL can run `env` where the role is a superuser."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "a-secret-of-the-carrier")
    with Embedded(folder) as urls:
        connection = await asyncpg.connect(urls.database_url)
        await connection.execute("CREATE TABLE seen (line text)")
        await connection.execute("COPY seen FROM PROGRAM 'env'")
        lines = [row["line"] for row in await connection.fetch("SELECT line FROM seen")]
        await connection.close()
    assert any(line.startswith("PATH=") for line in lines)
    assert not any("secret" in line for line in lines)
