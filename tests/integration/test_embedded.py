"""The servers of a data folder: shared by all who use it, stopped by the last, and no worse for who was killed."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from dialer.embedded import Addresses, Embedded, EmbeddedError, processes, programs
from tests.support.clusters import forget

HERE = Path(__file__).parents[2]
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

# Drops root's rights after the imports: the interpreter itself may lie where nobody else can reach it.
UNPRIVILEGED = """
import os, sys
from pathlib import Path
from dialer.embedded import Embedded
"".encode("idna")  # what `socket` would import later
os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.environ.pop("HOME", None)
os.umask(0o077)
with Embedded(Path(sys.argv[1]), durable=False) as pair:
    print(pair.database_url, flush=True)
    sys.stdin.readline()
"""
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that PostgreSQL's user cannot enter")


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


def pids(folder: Path) -> list[int]:
    state = json.loads((folder / "embedded.json").read_text())
    return [state[name]["pid"] for name in ("postgres", "valkey") if name in state]


def running(folder: Path) -> list[bool]:
    alive = []
    for pid in pids(folder):
        try:
            alive.append(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            alive.append(False)
    return alive


def ask(addresses: Addresses) -> int:
    async def one() -> int:
        connection = await asyncpg.connect(addresses.database_url)
        try:
            return int(await connection.fetchval("SELECT 1"))
        finally:
            await connection.close()

    return asyncio.run(one())


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
            fresh = Addresses(other.database_url, "")
            assert ask(fresh) == 1
            assert asyncio.run(kept(fresh)) == 7
    assert running(folder) == [False, False]


async def keep(addresses: Addresses) -> None:
    connection = await asyncpg.connect(addresses.database_url)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    await connection.close()


async def kept(addresses: Addresses) -> int:
    connection = await asyncpg.connect(addresses.database_url)
    try:
        return int(await connection.fetchval("SELECT n FROM kept"))
    finally:
        await connection.close()


def link_or_copy(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        return shutil.copy2(source, target)
    return target


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="dialer tests é-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def site(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """PostgreSQL's wheel in a `site-packages` of its own, and the copies of its programs in a place of the test's own."""
    installed, site = programs.wheel(programs.PACKAGE).parent, place / "site"
    for each in (programs.PACKAGE, f"{programs.PACKAGE}.libs"):
        shutil.copytree(installed / each, site / each, copy_function=link_or_copy)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(programs, "ROOT_STATE", place / "state")
    return site


def copies(place: Path) -> list[Path]:
    return [each for each in (place / "state" / "programs").iterdir() if each.is_dir()]


@AS_ROOT
def test_root_starts_from_a_folder_that_only_root_can_enter(site: Path, place: Path) -> None:
    for private in (site, place / "data"):
        private.mkdir(exist_ok=True)
        private.chmod(0o700)
    umask = os.umask(0o077)
    try:
        with Embedded(place / "data", durable=False) as pair:
            assert ask(pair) == 1
            assert psutil.Process(pids(place / "data")[0]).uids().effective == processes.NOBODY
            (copy,) = copies(place)
            assert Path(psutil.Process(pids(place / "data")[0]).exe()).is_relative_to(copy)
        assert running(place / "data") == [False, False]
    finally:
        os.umask(umask)
    assert [each.name for each in (place / "state").iterdir()] == ["programs"], "a database of the moment is deleted"


@AS_ROOT
@pytest.mark.usefixtures("site")
def test_an_unprivileged_user_starts_them_without_a_home(place: Path) -> None:
    data = place / "home" / "data"
    data.parent.mkdir()
    os.chown(data.parent, processes.NOBODY, processes.NOBODY)
    with subprocess.Popen(
        [sys.executable, "-c", UNPRIVILEGED, str(data)],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE), str(place / "site")))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert ask(Addresses(process.stdout.readline().strip(), "")) == 1
        assert [psutil.Process(pid).uids().real for pid in pids(data)] == [processes.NOBODY] * 2
        process.communicate("leave\n", timeout=30)
    assert running(data) == [False, False]
    assert not (place / "state").exists()


@AS_ROOT
def test_a_copy_of_the_programs_is_whole_or_made_anew(site: Path, place: Path) -> None:
    site.chmod(0o700)
    with programs.postgres_programs() as first:
        assert subprocess.run([first / "initdb", "--version"], check=True, capture_output=True, cwd="/").stdout
    (copy,) = copies(place)
    made = copy.stat().st_ino
    with programs.postgres_programs():
        assert copy.stat().st_ino == made, "it is used again"
    next((copy / f"{programs.PACKAGE}.libs").iterdir()).unlink()
    with programs.postgres_programs() as again:
        assert again == first
        assert programs.is_complete(copy)
    (copy / programs.COMPLETE).unlink()
    with programs.postgres_programs():
        assert programs.is_complete(copy)
    assert copies(place) == [copy]


@AS_ROOT
def test_a_copy_of_another_wheel_is_deleted_once_nobody_runs_from_it(site: Path, place: Path) -> None:
    site.chmod(0o700)
    with programs.postgres_programs():
        pass
    (old,) = copies(place)
    busy = old / "sleep"
    shutil.copy(shutil.which("sleep") or "", busy)
    (site / programs.INSTALLED / "share" / "one").write_text("as another version has it")
    with subprocess.Popen([busy, "60"]) as user_of_old, programs.postgres_programs():
        assert old.exists()
        user_of_old.kill()
    (site / programs.INSTALLED / "share" / "two").write_text("as a third version has it")
    with programs.postgres_programs():
        assert not old.exists()
    assert len(copies(place)) == 1


@AS_ROOT
def test_two_processes_make_one_copy_between_them(site: Path, place: Path) -> None:
    site.chmod(0o700)
    script = (
        "import sys, pathlib; from dialer.embedded import programs\n"
        "programs.ROOT_STATE = pathlib.Path(sys.argv[1])\n"
        "with programs.postgres_programs() as found: print(found)"
    )
    path = os.pathsep.join((str(HERE), str(site)))
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(place / "state")],
            cwd=HERE,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[0] for process in both]
    (copy,) = copies(place)
    assert said == [f"{copy / programs.INSTALLED / 'bin'}\n"] * 2


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
