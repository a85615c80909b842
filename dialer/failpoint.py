"""Named places at which a test can end or freeze a process: what is promised about crashes is tried at each of them.

Nothing happens unless DIALER_FAILPOINT names the place, as `name` (SIGKILL) or `name:STOP` (SIGSTOP). With
DIALER_FAILPOINT_ONCE naming a file, it happens once in all the processes that share it.
"""

import os
import signal
from pathlib import Path

_ARMED, _, _SIGN = os.environ.get("DIALER_FAILPOINT", "").partition(":")
_ONCE = os.environ.get("DIALER_FAILPOINT_ONCE")


def failpoint(name: str) -> None:
    """The place `name`: goes on, unless this very place is armed."""
    if not _ARMED or name != _ARMED:
        return
    if _ONCE:
        try:
            Path(_ONCE).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGSTOP if _SIGN == "STOP" else signal.SIGKILL)
