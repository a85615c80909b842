"""Runs `python -m dialer …` in tests without importing the dialer each time: imports are most of a command's 2 s of CPU.

A server process imports everything once and forks each command. The command becomes a child of the test process, so
`subprocess` and `asyncio` treat it like any other child. On other systems than Linux, commands start the usual way.
"""

import atexit
import ctypes
import functools
import inspect
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PR_SET_CHILD_SUBREAPER = 36
COMMAND = [sys.executable, "-m", "dialer"]
TASK = [sys.executable, "-m", "dialer.isolated"]
"""A task in a limited child (dialer/isolated): forked as well, with its limits."""
MODELS = tuple(
    f"dialer.voices.pipeline.llm.{name}" for name in ("anthropic", "cohere", "google", "huggingface", "openai")
)
WITH_MODELS = (["script", "try"], ["doctor"])
TASKS_WITH_MODELS = ("dialer.isolated.trial_turn:take_trial_turn", "dialer.doctor.checks:run_checks_as_json")
"""Commands that import the text models' clients, which takes longer than everything else."""
STANDARD = ("p2cread", "c2pwrite", "errwrite")
PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
SPECIAL = ("executable", "preexec_fn", "pass_fds", "shell", "gid", "gids", "uid")
AT_IMPORT = "DIALER_FAILPOINT"
"""A variable that the dialer reads at import."""
ANSWER_TIMEOUT_S = 60.0
PLAIN = subprocess.Popen
NAMES = list(inspect.signature(subprocess.Popen._execute_child).parameters)[1:]  # type: ignore[attr-defined]


class _Server:
    """The process that has everything imported and forks commands."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._link.settimeout(ANSWER_TIMEOUT_S)
        here = Path(__file__).parents[2]
        bare = {name: value for name, value in os.environ.items() if not name.startswith("DIALER_")}
        quiet = "ignore:This process:DeprecationWarning"  # of threads that NumPy started; a command uses none of them
        words = [sys.executable, "-W", quiet, "-m", "tests.support.forking", str(theirs.fileno()), *modules]
        with theirs:
            self._process = PLAIN(words, cwd=here, env=bare, pass_fds=[theirs.fileno()])
        self._lock = threading.Lock()
        self._libc = ctypes.CDLL(None)
        atexit.register(self.end)

    def fork(
        self, words: Sequence[str], environment: Mapping[str, str], folder: str, files: list[int], *, leads: bool
    ) -> int:
        """Fork a command with these as stdin, stdout and stderr, a child of this process; its pid."""
        request = json.dumps([list(words), dict(environment), folder, leads]).encode()
        with self._lock:
            # Only during the fork: orphans of other processes must not become children of this one.
            self._libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            try:
                socket.send_fds(self._link, [request], files)
                pid = int(self._link.recv(64))
                self._link.recv(64)
            finally:
                self._libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        return pid

    def end(self) -> None:
        """Stop the server; running commands go on."""
        self._link.close()
        self._process.wait(timeout=60)


@functools.cache
def _server(modules: Sequence[str]) -> _Server:
    return _Server(modules)


def load() -> None:
    """Start the server early, so that the first command does not wait for it."""
    if sys.platform == "linux":
        _server(())


def _needs_models(words: list[str]) -> bool:
    return words[:2] in WITH_MODELS or words[:1] in WITH_MODELS or any(word in TASKS_WITH_MODELS for word in words[1:2])


class Forked(subprocess.Popen[Any]):
    """A child process: forked if it runs the dialer, started the usual way otherwise."""

    def _execute_child(self, *given: Any) -> None:
        told = dict(zip(NAMES, given, strict=True))
        words = [os.fspath(each) for each in told["args"]] if isinstance(told["args"], list | tuple) else []
        environment = os.environ if told["env"] is None else told["env"]
        plainly = any(told[each] for each in SPECIAL) or AT_IMPORT in environment or sys.platform != "linux"
        if words[:3] not in (COMMAND, TASK) or plainly:
            super()._execute_child(*given)  # type: ignore[misc]
            return
        words = words[2:] if words[:3] == TASK else words[3:]
        files = [own if told[name] == -1 else told[name] for own, name in enumerate(STANDARD)]
        server = _server(MODELS if _needs_models(words) else ())
        self.pid = server.fork(
            words, environment, os.fspath(told["cwd"] or Path.cwd()), files, leads=told["start_new_session"]
        )
        self._child_created = True
        self._close_pipe_fds(*[told[name] for name in PIPES])  # type: ignore[attr-defined]


@contextmanager
def forked_commands() -> Iterator[None]:
    """Fork every dialer command that is started in this context."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", Forked)
        yield


@contextmanager
def plain_commands() -> Iterator[None]:
    """Start commands the usual way, for tests of the start itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", PLAIN)
        yield
