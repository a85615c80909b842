"""Named places at which a test can end, freeze or block a process: what is promised about crashes is tried at each of them.

Nothing happens unless DIALER_FAILPOINT names the place, as `name` (SIGKILL), `name:STOP` (SIGSTOP) or `name:BLOCK:20`
(the event loop stands still for so many seconds). With DIALER_FAILPOINT_ONCE naming a file, it happens once in all the
processes that share it; with DIALER_FAILPOINT_PHONE, only over that person's number.
"""

import os
import signal
import time
from pathlib import Path

_ARMED, _, _HOW = os.environ.get("DIALER_FAILPOINT", "").partition(":")
_ONCE = os.environ.get("DIALER_FAILPOINT_ONCE")
_PHONE = os.environ.get("DIALER_FAILPOINT_PHONE")


def failpoint(name: str, phone: str | None = None) -> None:
    """The place `name`, at work on `phone` where that is known: goes on, unless this very place is armed."""
    if not _ARMED or name != _ARMED or (_PHONE and phone != _PHONE):
        return
    if _ONCE:
        try:
            Path(_ONCE).touch(exist_ok=False)
        except FileExistsError:
            return
    how, _, seconds = _HOW.partition(":")
    if how == "BLOCK":
        time.sleep(float(seconds))
    else:
        os.kill(os.getpid(), signal.SIGSTOP if how == "STOP" else signal.SIGKILL)
