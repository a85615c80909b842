"""PostgreSQL from its wheel: a cluster in the data folder, or beside all data folders where root's cannot be shared."""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from dialer.embedded import programs
from dialer.embedded.processes import (
    START_TIMEOUT_S,
    EmbeddedError,
    clean_environment,
    spawn,
    started_at_a_port,
    unprivileged,
)

USER = "dialer"
QUICK = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


def start(data_dir: Path, password: str, had: dict[str, Any] | None, *, durable: bool) -> dict[str, Any]:
    """Start the PostgreSQL of a data folder, with its database; what the state file says of it.

    Raises:
        EmbeddedError: it does not start.
    """
    cluster, log, as_user = cluster_of(data_dir), data_dir / "postgres.log", unprivileged()
    created = data_dir / "postgres.created"
    with programs.postgres_programs() as program:
        if not (cluster / "PG_VERSION").exists():
            created.unlink(missing_ok=True)
            _init_cluster(program, cluster, password, as_user)
        _await_orphans(cluster)
        ready = cluster / "postmaster.pid"
        ready.unlink(missing_ok=True)  # of a server that was killed: whoever asks for a start has looked

        def is_ready() -> bool:
            lines = ready.read_text().splitlines() if ready.exists() else []
            return len(lines) >= 8 and lines[7].strip() == "ready"

        def begin(port: int) -> tuple[subprocess.Popen[bytes], Callable[[], bool]]:
            command = [
                *(program / "postgres", "-D", cluster, "-p", str(port), "-c", "listen_addresses=127.0.0.1"),
                *("-c", "unix_socket_directories=", "-c", "max_connections=300", "-c", "timezone=UTC"),
                *(() if durable else QUICK),
            ]
            return spawn(command, log, "/", as_user), is_ready

        described = started_at_a_port("PostgreSQL", had, log, begin)
        if not created.exists():
            try:
                _create_database(program, described["port"], password)
            except BaseException:
                psutil.Process(described["pid"]).kill()  # nobody else knows of it yet
                raise
            created.touch()
    return described


def cluster_of(data_dir: Path) -> Path:
    """Where the files of a data folder's PostgreSQL lie.

    Raises:
        EmbeddedError: they lie in the data folder, which the user that PostgreSQL runs as can no longer enter.
    """
    inside = data_dir / "postgres"
    if os.geteuid() != 0 or programs.is_reachable_by_all(data_dir):
        return inside
    if (inside / "PG_VERSION").exists():
        raise EmbeddedError(
            f"PostgreSQL's files lie in {inside}, which only root can enter, and it does not run as root; "
            f"let others enter the folders on the way (chmod o+x), or name another folder with DIALER_DATA_DIR"
        )
    outside = programs.ROOT_STATE / hashlib.sha256(str(data_dir).encode(errors="surrogateescape")).hexdigest()[:16]
    if not (data_dir / "postgres.created").exists():
        shutil.rmtree(outside, ignore_errors=True)  # left by a folder of this name that was deleted
    return outside


def forget_outside(data_dir: Path) -> None:
    """Delete the files of a PostgreSQL that has ended, if they had to lie outside its data folder."""
    cluster = cluster_of(data_dir)
    if cluster.is_relative_to(programs.ROOT_STATE):
        shutil.rmtree(cluster, ignore_errors=True)
        (data_dir / "postgres.created").unlink(missing_ok=True)


def _init_cluster(program: Path, cluster: Path, password: str, as_user: dict[str, Any]) -> None:
    shutil.rmtree(cluster, ignore_errors=True)
    if as_user and cluster.is_relative_to(programs.ROOT_STATE):
        programs.make_for_all(programs.ROOT_STATE)
    cluster.mkdir(parents=True, mode=0o700)
    # Beside the cluster, not in $TMPDIR: what the unprivileged user cannot enter may be the folder for root's files.
    secret = cluster.with_name(f"{cluster.name}.password")
    try:
        secret.touch(mode=0o600)
        secret.write_text(password)
        if as_user:
            for path in (cluster, secret):
                os.chown(path, as_user["user"], as_user["group"])
        done = subprocess.run(
            [
                *(program / "initdb", "-D", cluster, "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "-N"),
                *("--auth=scram-sha-256", f"--pwfile={secret}"),
            ],
            cwd="/",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=clean_environment(),
            **as_user,
        )
    finally:
        secret.unlink(missing_ok=True)
    if done.returncode:
        shutil.rmtree(cluster, ignore_errors=True)
        said = (done.stderr.strip() or f"initdb ended with {done.returncode}").splitlines()[-1]
        raise EmbeddedError(f"PostgreSQL could not be set up in {cluster}: {said}")


def _create_database(program: Path, port: int, password: str) -> None:
    done = subprocess.run(
        [program / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", USER, "dialer"],
        env={**clean_environment(), "PGPASSWORD": password},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode and "already exists" not in done.stderr:
        raise EmbeddedError(f"PostgreSQL did not create its database: {done.stderr.strip()}")


def _await_orphans(cluster: Path) -> None:
    """Wait for the processes of a killed PostgreSQL, which may still write to its files."""
    until = time.monotonic() + START_TIMEOUT_S
    while any(_works_in(process, cluster) for process in psutil.process_iter(["name"])):
        if time.monotonic() > until:
            raise EmbeddedError(f"processes of a killed PostgreSQL still work in {cluster}; end them first")
        time.sleep(0.05)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(process.info["name"]).startswith("postgres") and process.cwd() == str(folder.resolve())
    except psutil.Error:
        return False
