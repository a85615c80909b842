"""A command's work in an event loop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from dialer.cli.processes.signals import TerminatedError, came, tasks

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, whose task is cancelled by a signal.

    Raises:
        TerminatedError: a signal came, and the task has unwound.
    """

    async def cancellable() -> T:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        return await work

    try:
        done = asyncio.run(cancellable())
    except asyncio.CancelledError:
        if not came:
            raise
    finally:
        tasks.clear()
    if came:
        raise TerminatedError(came[0])
    return done
