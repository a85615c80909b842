"""The pair of servers of one data folder, shared by every process that uses the folder.

The first process starts the pair, the last one stops it. File locks say who uses it, so a killed process leaves no
false trace. A server that died is started again at its old address, which its users already know.
"""

import fcntl
import json
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from dialer.embedded import postgres, valkey
from dialer.embedded.processes import EmbeddedError, deferred_signals, running, stop


@dataclass(frozen=True, slots=True)
class ServerUrls:
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

    def __enter__(self) -> ServerUrls:
        try:
            self._dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(
                f"the data folder {self._dir} cannot be made: {error.strerror}; "
                "set DIALER_DATA_DIR to a folder that you can write to"
            ) from error
        try:
            with deferred_signals(), self._control():
                self._use()
                self._start_missing()
                state = self._read_state()
        except BaseException:  # a server that did not start, or a signal that came meanwhile
            self._leave()
            raise
        password = state["password"]
        return ServerUrls(
            f"postgresql://{postgres.USER}:{password}@127.0.0.1:{state['postgres']['port']}/dialer",
            f"redis://:{password}@127.0.0.1:{state['valkey']['port']}/0",
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def revive(self) -> tuple[str, ...]:
        """Start again, at its old address, whichever of a pair in use has died; their names.

        Raises:
            EmbeddedError: it does not start.
        """
        with deferred_signals(), self._control():
            return self._start_missing()

    def stop_abandoned(self) -> None:
        """Stop what a killed process left running; nothing where the pair is in use."""
        if self._state_file.exists():
            with deferred_signals(), self._control():
                self._use()
                self._stop_unused()

    def _leave(self) -> None:
        """Stop using the pair; the last user stops it."""
        with deferred_signals():
            if self._users is not None:
                with self._control():
                    self._stop_unused()

    def _use(self) -> None:
        self._users = os.open(self._dir / "embedded.users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._users, fcntl.LOCK_SH)

    def _stop_unused(self) -> None:
        assert self._users is not None
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # somebody else still uses the pair
        else:
            state = self._read_state()
            for name, sign in (("valkey", signal.SIGTERM), ("postgres", signal.SIGINT)):
                stop(running(state.get(name)), sign)
            if not self._durable:
                postgres.forget_outside(self._dir)
        finally:
            os.close(self._users)
            self._users = None

    def _start_missing(self) -> tuple[str, ...]:
        state, missing = self._read_state(), []
        if not self._state_file.exists():
            self._write_state(state)  # a cluster whose password was lost would be lost with it
        for name, start in (("postgres", self._start_postgres), ("valkey", self._start_valkey)):
            if running(state.get(name)) is None:
                missing.append(name)
                state[name] = start(state)
                self._write_state(state)
        return tuple(missing)

    def _start_postgres(self, state: dict[str, Any]) -> dict[str, Any]:
        return postgres.start(self._dir, state["password"], state.get("postgres"), durable=self._durable)

    def _start_valkey(self, state: dict[str, Any]) -> dict[str, Any]:
        return valkey.start(self._dir, state["password"], state.get("valkey"))

    @contextmanager
    def _control(self) -> Iterator[None]:
        path = self._dir / "embedded.lock"
        try:
            lock = path.open("a")
        except PermissionError as error:
            raise EmbeddedError(
                f"the data folder {self._dir} belongs to another user; set DIALER_DATA_DIR to a folder of your own"
            ) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def _state_file(self) -> Path:
        return self._dir / "embedded.json"

    def _read_state(self) -> dict[str, Any]:
        if self._state_file.exists():
            state: dict[str, Any] = json.loads(self._state_file.read_text())
            return state
        return {"password": secrets.token_hex(16)}

    def _write_state(self, state: dict[str, Any]) -> None:
        fresh = self._state_file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(state))
        fresh.replace(self._state_file)
