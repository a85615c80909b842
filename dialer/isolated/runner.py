"""Run a task in a child process with limits, so that a hostile or large input costs this process neither memory nor time.

Request and reply are JSON, over the child's standard input and output; the child's log lines go to our standard error.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pydantic import BaseModel

from dialer.isolated.tasks import Task
from dialer.settings import Settings

Request = TypeVar("Request", bound=BaseModel)

MAX_REPLY_BYTES = 32 * 1024**2
TOO_MUCH = "This needs more memory or time than is allowed. Split the file, or save it as .csv."
FAILED = "This could not be done because of a problem on our side. Ask your administrator to look at the log."


class TaskError(Exception):
    """The task refused or failed; the message is one line for the user."""


class TaskBusyError(TaskError):
    """As many children of this task run as may; try again later."""


class TaskLimitError(TaskError):
    """The task used more memory or CPU time than it may, or its reply is too long."""


class TaskTimeoutError(TaskError):
    """The task took too long and was ended."""


_running: Counter[str] = Counter()


async def run_isolated(task: Task[Request], request: Request, settings: Settings) -> Any:
    """Run a task and return its reply.

    Raises:
        TaskBusyError: `task.max_concurrent` children run already.
        TaskTimeoutError: `task.timeout_s` passed.
        TaskLimitError: it exceeded its memory or its CPU time.
        TaskError: the task refused its input, or failed.
    """
    with _slot(task):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dialer.isolated", task.function),
            *(str(task.limits.memory_mb), str(task.limits.cpu_s)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                "DIALER_DATABASE_URL": settings.dialer_database_url or "",
                "DIALER_REDIS_URL": settings.dialer_redis_url or "",
                "DIALER_DATA_DIR": str(settings.dialer_data_dir.absolute()),
                "DIALER_PARENT": str(os.getpid()),
            },
        )
        try:
            async with asyncio.timeout(task.timeout_s):
                out = await _exchange(process, request.model_dump_json().encode())
                status = await process.wait()
        except TimeoutError as error:
            raise TaskTimeoutError("This took too long and was stopped. Nothing was changed.") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return _reply(out, status)


async def _exchange(process: asyncio.subprocess.Process, request: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(request)
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the child ended before it read its request; its exit status says why
    finally:
        process.stdin.close()
    pieces, size = [], 0
    while piece := await process.stdout.read(1 << 16):
        size += len(piece)
        if size > MAX_REPLY_BYTES:
            process.kill()
            raise TaskLimitError(TOO_MUCH)
        pieces.append(piece)
    return b"".join(pieces)


def _reply(out: bytes, status: int) -> Any:
    if status == 0 and out:
        answer = json.loads(out)
        if "error" in answer:
            raise TaskError(answer["error"])
        return answer["reply"]
    # Killed by the kernel (CPU time), aborted by a native library that got no memory, or out of memory in Python.
    if status < 0 or status == MEMORY_STATUS:
        raise TaskLimitError(TOO_MUCH)
    raise TaskError(FAILED)


MEMORY_STATUS = 9
"""Exit status of a child that ran out of its memory limit."""


@contextmanager
def _slot(task: Task[Any]) -> Iterator[None]:
    if _running[task.function] >= task.max_concurrent:
        raise TaskBusyError(task.busy)
    _running[task.function] += 1
    try:
        yield
    finally:
        _running[task.function] -= 1
