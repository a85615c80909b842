"""The process that commands are forked from: `python -m tests.support.forking SOCKET [MODULE …]`; see `forks`.

One message a command: its words, environment, folder and whether it leads a session; with it come stdin, stdout, stderr.
Two answer it: the pid of the command, and that it is a child of whoever asked.
"""

import atexit
import gc
import importlib
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import NoReturn

from dialer.cli.benches.starting import every_command
from dialer.cli.lazy import Implemented
from dialer.cli.main import main

MOST_FILES = 4096


def serve(link: socket.socket) -> None:
    """Fork what is asked for, until nobody can ask any more."""
    while True:
        message, files, _, _ = socket.recv_fds(link, 1 << 20, 3)
        if not message:
            return
        words, environment, folder, leads = json.loads(message)
        between = os.fork()
        if not between:
            _fork_on(link, words, environment, folder, files, leads=leads)
        os.waitpid(between, 0)
        link.send(b"ready")
        for file in files:
            os.close(file)


def _fork_on(
    link: socket.socket, words: list[str], environment: Mapping[str, str], folder: str, files: list[int], *, leads: bool
) -> NoReturn:
    """Fork the command from a process that ends at once: the nearest subreaper, which is who asked, becomes its parent."""
    here = os.getpid()
    child = os.fork()
    if child:
        link.send(str(child).encode())
        os._exit(0)
    while os.getppid() == here:
        time.sleep(0.0005)
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.closerange(3, MOST_FILES)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if leads:
        os.setsid()
    _run(words)


def _run(words: Sequence[str]) -> NoReturn:
    sys.argv = ["dialer", *words]
    status: object = 1
    try:
        main()
        status = 0
    except SystemExit as end:
        status = end.code
    except Exception:  # noqa: BLE001  # told as Python tells what nobody caught
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else int(status is not None))  # taking everything down costs more


if __name__ == "__main__":
    importlib.import_module("dialer.cli.failing")
    for _, command in every_command():
        if isinstance(command.callback, Implemented):
            command.callback.load()
    for name in sys.argv[2:]:
        importlib.import_module(name)
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
