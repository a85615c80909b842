"""Deletes files of the data folder that nobody fetched in time: they hold rows of leads, and links."""

import asyncio
import logging
import time
from contextlib import suppress
from pathlib import Path

from workers.jobs import Context

DAY_S = 86_400
KEEP_DAYS = {"uploads": 7, "fix": 30, "exports": 30, "mail": 30}
"""Uploads that were not imported, rows to fix, exports of jobs, and emails that no mail server took."""
log = logging.getLogger(__name__)


async def sweep_old_files(ctx: Context) -> int:
    """Delete the files that are too old; return how many."""
    deleted = await asyncio.to_thread(delete_old, ctx["settings"].dialer_data_dir, time.time())
    if deleted:
        log.info("deleted %s old files of the data folder", deleted)
    return deleted


def delete_old(data_dir: Path, now: float) -> int:
    """Delete files by their age (`now` in seconds since the epoch), and folders that are empty by then."""
    deleted = 0
    for name, days in KEEP_DAYS.items():
        for path in sorted((data_dir / name).rglob("*"), reverse=True):
            with suppress(OSError):  # another worker was faster, or the folder is not empty
                if path.is_dir():
                    path.rmdir()
                elif path.stat().st_mtime < now - days * DAY_S:
                    path.unlink()
                    deleted += 1
    return deleted
