"""Children of `dialer up` end with it, however it ended."""

import os
import signal
import threading
import time

PARENT = "DIALER_PARENT"


def end_with_parent() -> None:
    """A child of `dialer up` ends when that ended without telling it, killed for instance."""
    parent = int(os.environ.get(PARENT, "0"))
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
