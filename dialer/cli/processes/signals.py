"""How a command ends when it is told to: SIGTERM and SIGHUP unwind it as Ctrl-C does, so that its servers end with it."""

import signal
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio  # `--help` does without

BY_SIGNAL = (signal.SIGTERM, signal.SIGHUP)
tasks: list["asyncio.Task[Any]"] = []
"""The task that a signal is to cancel: an exception in the middle of a loop's callback would harm libraries in C."""
came: list[int] = []
"""The signal that cancelled it."""


class TerminatedError(SystemExit):
    """SIGTERM or SIGHUP came. An exit, so that `except Exception` lets it pass."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)


def unwind_on_signals() -> None:
    """Raise `TerminatedError` at the first signal; later ones do not disturb the unwinding.

    A signal that this process ignores by inheritance (`nohup`) stays ignored. Commands that serve replace the handler by
    one of their own while they do.
    """

    def end(number: int, frame: FrameType | None) -> None:
        for each in ours:
            signal.signal(each, lambda *_: None)  # not SIG_IGN, which children would inherit
        if not tasks:
            raise TerminatedError(number)
        came.append(number)
        with suppress(RuntimeError):  # the loop is closed already: `run` raises
            tasks[-1].get_loop().call_soon_threadsafe(tasks[-1].cancel)

    ours = [each for each in BY_SIGNAL if signal.getsignal(each) is not signal.SIG_IGN]
    for each in ours:
        signal.signal(each, end)
