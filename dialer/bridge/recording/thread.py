"""Talks written down as sound while they last: what passes on the line is noted, a thread of the process makes the file.

A frame costs its call the place of one reference; decoding, mixing and writing are the thread's. A disk that is full or
does not keep up costs the recording and never the call.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from uuid import UUID

from dialer.audio.ulaw import BYTES_PER_MS
from dialer.bridge.recording.local_file import LocalRecording
from dialer.bridge.recording.stereo_mixer import Heard, StereoMixer

BLOCK = 100
"""So much is noted before it is handed over: two seconds of a student's frames."""
MAX_BLOCKS = 60
BEHIND = "the disk does not keep up"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FinishedRecording:
    """What became of a recording: its file, under its lock, or why there is none."""

    file: LocalRecording | None
    ms: int = 0
    fault: str | None = None


Work = list[Heard] | Callable[[FinishedRecording], object]


class Recording:
    """One call's. `take` is called for everything that passes; the rest is for the scribe's thread."""

    def __init__(self, scribe: "RecordingThread", call_id: UUID, notice_ms: int) -> None:
        self.call_id = call_id
        self.fault: str | None = None
        self._scribe = scribe
        self._noted: list[Heard] = []
        self._given = self._written = 0  # each counted by one thread alone
        self._mixer = StereoMixer(notice_ms * BYTES_PER_MS)
        self._file: LocalRecording | None = None

    def take(self, heard: Heard) -> None:
        """Note what passes."""
        self._noted.append(heard)
        if len(self._noted) >= BLOCK:
            self._hand_over()

    async def finish(self) -> FinishedRecording:
        """The talk is over: its file, finished. To be called once; what passes after it is not noted."""
        self._hand_over()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[FinishedRecording] = loop.create_future()

        def settle(recorded: FinishedRecording) -> None:
            if not done.cancelled():
                done.set_result(recorded)

        def tell(recorded: FinishedRecording) -> None:
            with suppress(RuntimeError):  # the loop is gone: the file is left to whoever looks for such
                loop.call_soon_threadsafe(settle, recorded)

        self._scribe.give(self, tell)
        return await done

    def _hand_over(self) -> None:
        noted, self._noted = self._noted, []
        if self.fault is not None:
            return
        if self._given - self._written >= MAX_BLOCKS:
            self.fault = BEHIND
            log.error("recording given up: %s", BEHIND, extra={"call_id": str(self.call_id)})
            return
        self._given += 1
        self._scribe.give(self, noted)

    def write(self, folder: Path, noted: list[Heard]) -> None:
        """Mix and write. Nothing is raised: what fails is this recording's fault, said once."""
        self._written += 1
        if self.fault is not None:
            return
        try:
            for heard in noted:
                self._mixer.take(heard)
            if sound := self._mixer.drain():
                if self._file is None:
                    self._file = LocalRecording.create(folder, self.call_id)
                self._file.write(sound)
        except Exception as error:  # noqa: BLE001 - whatever fails costs the recording, not the thread of all
            self._fail(error)

    def end(self) -> FinishedRecording:
        """Finish the file; one that failed is finished as far as it came, and kept if anything is in it."""
        file, self._file = self._file, None
        if file is None:
            return FinishedRecording(None, fault=self.fault)
        try:
            ms = file.finish()
        except OSError as error:
            self._fail(error)
            ms = 0
        if not ms:
            file.release(remove=True)
            return FinishedRecording(None, fault=self.fault)
        return FinishedRecording(file, ms, self.fault)

    def _fail(self, error: Exception) -> None:
        self.fault = str(error) or type(error).__name__
        log.error("recording failed: %s", self.fault, extra={"call_id": str(self.call_id)})


class RecordingThread:
    """The thread that writes the recordings of a process. It starts with the first of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._work: SimpleQueue[tuple[Recording, Work] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def begin(self, call_id: UUID, notice_ms: int) -> Recording:
        """A new recording; of the student from when AVA spoke for `notice_ms`, or her first answer was heard whole."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)
            self._thread.start()
        return Recording(self, call_id, notice_ms)

    def give(self, recording: Recording, work: Work) -> None:
        """Put work on the desk."""
        self._work.put((recording, work))

    def close(self) -> None:
        """End the thread when it is through with what lies there; nothing more may be given."""
        self._work.put(None)

    def _run(self) -> None:
        while (next_one := self._work.get()) is not None:
            recording, work = next_one
            if isinstance(work, list):
                recording.write(self.folder, work)
            else:
                work(recording.end())
