"""How a command ends when it is told to: SIGTERM and SIGHUP unwind it as Ctrl-C does, so that its servers end with it."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")
BY_SIGNAL = (signal.SIGTERM, signal.SIGHUP)
# The task of `run`, if a signal is to cancel it: an exception in the middle of a loop's callback would harm libraries in C.
_tasks: list[asyncio.Task[Any]] = []
_came: list[int] = []


class TerminatedError(SystemExit):
    """SIGTERM or SIGHUP came. An exit, so that `except Exception` lets it pass."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)


def end_by_unwinding() -> None:
    """Raise `TerminatedError` at the first signal; later ones do not disturb the unwinding.

    A signal that this process ignores by inheritance (`nohup`) stays ignored. Commands that serve replace the handler by
    one of their own while they do.
    """

    def end(number: int, frame: FrameType | None) -> None:
        for each in ours:
            signal.signal(each, lambda *_: None)  # not SIG_IGN, which children would inherit
        if not _tasks:
            raise TerminatedError(number)
        _came.append(number)
        with suppress(RuntimeError):  # the loop is closed already: `run` raises
            _tasks[-1].get_loop().call_soon_threadsafe(_tasks[-1].cancel)

    ours = [each for each in BY_SIGNAL if signal.getsignal(each) is not signal.SIG_IGN]
    for each in ours:
        signal.signal(each, end)


def run(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, whose task is cancelled by a signal.

    Raises:
        TerminatedError: a signal came, and the task has unwound.
    """

    async def cancellable() -> T:
        task = asyncio.current_task()
        assert task is not None
        _tasks.append(task)
        return await work

    try:
        done = asyncio.run(cancellable())
    except asyncio.CancelledError:
        if not _came:
            raise
    finally:
        _tasks.clear()
    if _came:
        raise TerminatedError(_came[0])
    return done
