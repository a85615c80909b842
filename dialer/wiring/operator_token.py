"""The operator's token: a file in the data folder that only its owner can read.

Scripts on the machine send it as `Authorization: Bearer …`. Being on the machine, or coming from loopback, is no
credential: a forwarder on the same machine brings strangers there.
"""

import logging
import os
import secrets
from pathlib import Path

FILE = "operator.token"
PREFIX = "dlo_"
log = logging.getLogger(__name__)


def operator_token(data_dir: Path) -> str:
    """Return the token of this data folder; make one where there is none, or where others could have read it."""
    path = data_dir / FILE
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for _ in range(3):
        try:
            token = path.read_text("ascii").strip()
            if path.stat().st_mode & 0o077 == 0 and token.startswith(PREFIX) and len(token) > len(PREFIX) + 40:
                return token
            log.warning("%s could be read by other users, or is damaged; it is replaced", path)
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            pass
        _create(path)
    raise OSError(f"{path} cannot be written")


def _create(path: Path) -> None:
    """Write a new token under its name, unless another process just did; nobody sees half a file."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, f"{PREFIX}{secrets.token_urlsafe(32)}\n".encode())
    finally:
        os.close(descriptor)
    try:
        os.link(half, path)
    except FileExistsError:
        pass
    finally:
        half.unlink()
