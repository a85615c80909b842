"""Commands as scripts call them. Python and the dialer are loaded once; every command is a process forked from there."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

# One request a line: [words, environment, file for stdout, file for stderr]; one exit status a line.
SERVER = """
import gc, importlib, json, os, signal, sys, traceback
from dialer.cli.benches.starting import every_command
from dialer.cli.lazy import Implemented
from dialer.cli.main import main
importlib.import_module("dialer.cli.failing")
for _, command in every_command():
    if isinstance(command.callback, Implemented):
        command.callback.load()
gc.freeze()
for line in sys.stdin:
    words, environment, out, err = json.loads(line)
    child = os.fork()
    if not child:
        signal.alarm(15)  # a command that hangs is killed and fails its test
        os.environ.clear()
        os.environ.update(environment)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        sys.argv = ["dialer", *words]
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        except BaseException:
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # taking down all that was loaded would cost more than the command
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left: its exit status and what it wrote."""

    status: int
    out: str
    err: str


class Loaded:
    """The process that every command is forked from."""

    def __enter__(self) -> "Loaded":
        bare = {name: value for name, value in os.environ.items() if not name.startswith("DIALER_")}
        here = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER], cwd=here, env=bare, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=60)

    def run(self, words: Sequence[str], environment: Mapping[str, str], out: Path, err: Path) -> int:
        """Run a command to its end; its exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = json.dumps([words, dict(environment), str(out), str(err)])
        print(request, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands with an environment of their own."""

    loaded: Loaded
    environment: dict[str, str]
    folder: Path

    def __call__(self, *words: str, **changes: str | None) -> Said:
        """Run a command; `changes` are variables set or (None) taken away."""
        told = {name: value for name, value in {**self.environment, **changes}.items() if value is not None}
        out, err = self.folder / "stdout", self.folder / "stderr"
        status = self.loaded.run(words, told, out, err)
        return Said(status, out.read_text(), err.read_text())

    def done(self, *words: str) -> Any:
        """Run a command that must succeed, and read its JSON."""
        said = self(*words, "--json")
        assert (said.status, said.err) == (0, ""), said
        return json.loads(said.out)

    def refused(self, *words: str, **changes: str | None) -> str:
        """Run a command that must be refused; its one line."""
        said = self(*words, **changes)
        assert "Traceback" not in said.err, said.err.splitlines()[-1]
        lines = said.err.splitlines()
        assert (said.status, said.out, len(lines)) == (1, "", 1), said
        assert lines[0].startswith("dialer: ")
        return lines[0]
