"""The process that commands are forked from: `python -m tests.support.forking SOCKET [MODULE …]`; see `forks`.

A request is one message: arguments, environment, working directory, and whether to start a new session, with file
descriptors for stdin, stdout and stderr. Two messages answer it: the command's pid, then "ready" once the command has been
reparented to the test process.
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

from dialer.cli.every_command import every_command
from dialer.cli.lazy import Implemented
from dialer.cli.main import main
from dialer.isolated.__main__ import main as run_task
from dialer.isolated.limits import Limits
from dialer.isolated.tasks import TASKS

MAX_FILES = 4096


def serve(link: socket.socket) -> None:
    """Fork a command per request, until the socket is closed."""
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
    """Fork the command from a process that exits at once, so that the test process, a subreaper, becomes its parent."""
    here = os.getpid()
    child = os.fork()
    if child:
        link.send(str(child).encode())
        os._exit(0)
    while os.getppid() == here:
        time.sleep(0.0005)
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.closerange(3, MAX_FILES)
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
        if words[0] == "dialer.isolated":
            _, function, memory_mb, cpu_s = words
            status = run_task(function, Limits(int(memory_mb), int(cpu_s)))
        else:
            main()
            status = 0
    except SystemExit as end:
        status = end.code
    except Exception:  # noqa: BLE001  # print any traceback, as Python itself does
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(
            status if isinstance(status, int) else int(status is not None)
        )  # a full shutdown of the interpreter is slow


if __name__ == "__main__":
    importlib.import_module("dialer.cli.error_messages")
    for _, command in every_command():
        if isinstance(command.callback, Implemented):
            command.callback.load()
    for name in (*sys.argv[2:], *(function.partition(":")[0] for function in TASKS)):
        importlib.import_module(name)
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
