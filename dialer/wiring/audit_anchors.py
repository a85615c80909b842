"""The audit log's heads, kept outside the database: a log whose newest rows were deleted no longer holds them."""

import json
import logging
import os
from datetime import datetime
from pathlib import Path

from dialer.store.system.audit import Head

FILE = "audit.anchors"
log = logging.getLogger(__name__)


def write_anchor(data_dir: Path, head: Head, at: datetime) -> None:
    """Append the head to the file, and log it: whoever keeps the logs elsewhere has a second copy."""
    path = data_dir / FILE
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = json.dumps({"at": at.isoformat(timespec="seconds"), "id": head.id, "hash": head.hash})
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)
    log.info("audit log head: entry %s, hash %s", head.id, head.hash)


def read_anchors(data_dir: Path) -> dict[int, str]:
    """Return the hash of each anchored entry by its id; empty where nothing was anchored yet."""
    try:
        lines = (data_dir / FILE).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    heads = [json.loads(line) for line in lines if line.strip()]
    return {int(head["id"]): str(head["hash"]) for head in heads}
