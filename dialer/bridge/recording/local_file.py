"""Recordings in the making: one file for each call, in the data folder, playable whatever ends the process.

Every block is written at once, so that a killed process loses what it had not handed over and no more. Whoever writes a
file holds its lock; a file without one was left behind by a dead process, and is finished by another.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from dialer.audio import wav

SUFFIX = ".wav"


class LocalRecording:
    """A file under its lock, to be written at its end."""

    def __init__(self, path: Path, file: int) -> None:
        self.path = path
        self._file = file

    @classmethod
    def create(cls, folder: Path, call_id: UUID) -> "LocalRecording":
        """A new one. Raises OSError: there is no room, no right, or one of that call already."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{call_id}{SUFFIX}"
        made = cls(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            fcntl.flock(made._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            made.write(wav.head(0))
        except OSError:
            made.release(remove=True)
            raise
        return made

    @property
    def call_id(self) -> UUID:
        """The call that it is of."""
        return UUID(self.path.stem)

    def write(self, sound: bytes) -> None:
        """Put pairs of samples at the end. Raises OSError: it does not all fit."""
        rest = memoryview(sound)
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def finish(self) -> int:
        """Say in its head how long it is; the ms, 0 where nothing was recorded. Raises OSError."""
        size = os.lseek(self._file, 0, os.SEEK_END) - wav.HEAD_BYTES
        whole = min(max(0, size), wav.MAX_DATA_BYTES) // wav.CHANNELS * wav.CHANNELS
        os.pwrite(self._file, wav.head(whole), 0)
        os.ftruncate(self._file, wav.HEAD_BYTES + whole)
        os.fsync(self._file)
        return whole // wav.BYTES_PER_MS

    def release(self, *, remove: bool) -> None:
        """Let go of it."""
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._file)


def find_leftovers(folder: Path) -> Iterator[LocalRecording]:
    """The files that nobody writes any more, each under our lock; the caller releases them."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            UUID(path.stem)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            gone = os.fstat(file).st_nlink == 0
        except (BlockingIOError, ValueError):
            gone = True
        if gone:
            os.close(file)
        else:
            yield LocalRecording(path, file)
