"""Commands as scripts call them."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 15.0
"""A command that hangs is killed and fails its test."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left: its exit status and what it wrote."""

    status: int
    out: str
    err: str


def run(words: Sequence[str], environment: Mapping[str, str], folder: Path) -> Said:
    """Run a command to its end, with nothing to read; what it says goes through files in `folder`."""
    out, err = folder / "stdout", folder / "stderr"
    command = [sys.executable, "-m", "dialer", *words]
    with out.open("wb") as said, err.open("wb") as complained:
        files = {"stdin": subprocess.DEVNULL, "stdout": said, "stderr": complained}
        status = subprocess.run(command, env=environment, timeout=TIMEOUT_S, check=False, **files).returncode
    return Said(status, out.read_text(), err.read_text())


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands with an environment of their own."""

    environment: dict[str, str]
    folder: Path

    def __call__(self, *words: str, **changes: str | None) -> Said:
        """Run a command; `changes` are variables set or (None) taken away."""
        told = {name: value for name, value in {**self.environment, **changes}.items() if value is not None}
        return run(words, told, self.folder)

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
