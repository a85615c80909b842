"""Where recordings lie: a folder, or whatever fsspec has an address for (s3://…, memory://…). Blocking: for threads."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem


class StorageError(Exception):
    """The place cannot be used: not reached, full, forbidden, unknown; the message is one line that says which."""


class ObjectNotFoundError(StorageError):
    """Nothing lies at that address."""


@dataclass(frozen=True, slots=True)
class ObjectStorage:
    """A place for recordings, by its address."""

    url: str

    def put(self, path: Path, name: str) -> str:
        """Keep a copy of a file under a name (parts divided by `/`); the whole address it can be read at.

        The same name again replaces what lies there. Raises StorageError.
        """
        target = f"{self.url.rstrip('/')}/{name}"
        try:
            system, where = _found(target)
            system.makedirs(where.rpartition("/")[0], exist_ok=True)
            system.put_file(str(path), where)
            return str(system.unstrip_protocol(where))
        except Exception as error:
            raise _told(error, target) from error


def size_of(address: str) -> int:
    """How many bytes lie there. Raises ObjectNotFoundError, StorageError."""
    try:
        system, where = _found(address)
        return int(system.info(where)["size"])
    except Exception as error:
        raise _told(error, address) from error


def read(address: str, start: int, end: int) -> bytes:
    """The bytes from `start` up to, not including, `end`. Raises ObjectNotFoundError, StorageError."""
    try:
        system, where = _found(address)
        return bytes(system.cat_file(where, start=start, end=end))
    except Exception as error:
        raise _told(error, address) from error


def erase(address: str) -> None:
    """Let nothing lie there any more; nothing need have lain there. Raises StorageError."""
    try:
        system, where = _found(address)
        system.rm_file(where)
    except FileNotFoundError:
        return
    except Exception as error:
        raise _told(error, address) from error


def _found(address: str) -> tuple[Any, str]:
    system, where = fsspec.core.url_to_fs(address)
    return system, where if not isinstance(system, LocalFileSystem) else str(Path(where).absolute())


def _told(error: Exception, address: str) -> StorageError:
    """Every file system has errors of its own: here they become two."""
    if isinstance(error, FileNotFoundError):
        return ObjectNotFoundError(f"nothing lies at {address}")
    if isinstance(error, ImportError):
        return StorageError(f"{address}: {error}; install what that address needs")
    return StorageError(f"{address}: {str(error) or type(error).__name__}")
