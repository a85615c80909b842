"""The recordings of a bridge process: begun with their talks, kept when those are over, found again after a crash."""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from dialer.bridge.recording.local_file import LocalRecording, find_leftovers
from dialer.bridge.recording.thread import Recording, RecordingThread
from dialer.services.calls.recordings import record_fault, store_recording
from dialer.store.sessions import DatabaseError, Sessions
from dialer.store.system.object_storage import ObjectStorage, StorageError

RETRY_EVERY_S = 60.0
CLOSE_TIMEOUT_S = 5.0
NOT_YET = (StorageError, DatabaseError, OSError)
log = logging.getLogger(__name__)


class Uploader:
    """Where a bridge's recordings go: `folder` holds those in the making, `shelf` those that are finished."""

    def __init__(self, folder: Path, shelf: ObjectStorage, sessions: Sessions) -> None:
        self._scribe = RecordingThread(folder)
        self._shelf = shelf
        self._sessions = sessions
        self._keeping: set[asyncio.Task[None]] = set()

    def begin(self, call_id: UUID, notice_ms: int) -> Recording:
        """A new recording, see `RecordingThread.begin`."""
        return self._scribe.begin(call_id, notice_ms)

    def finish(self, recording: Recording) -> None:
        """The talk is over; nothing is waited for."""
        task = asyncio.create_task(self._finish(recording))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def run(self) -> None:
        """Now and then finish what dead processes of this machine left, and what could not be kept before."""
        while True:
            await self.find_leftovers()
            await asyncio.sleep(RETRY_EVERY_S)

    async def find_leftovers(self) -> int:
        """Finish and keep the files that nobody writes; how many were kept."""
        kept = 0
        for file in find_leftovers(self._scribe.folder):
            log.warning("a recording was left behind", extra={"call_id": str(file.call_id)})
            try:
                ms = await asyncio.to_thread(file.finish)
            except OSError as error:
                log.error("not finished: %s", error, extra={"call_id": str(file.call_id)})
                file.release(remove=False)
                continue
            kept += await self._upload(file, ms)
        return kept

    async def close(self) -> None:
        """Wait a moment for what is being kept; what is not done by then is found by the next process."""
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=CLOSE_TIMEOUT_S)
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        self._scribe.close()

    async def _finish(self, recording: Recording) -> None:
        recorded = await recording.finish()
        if recorded.fault is not None:
            with suppress(DatabaseError, OSError):
                await record_fault(self._sessions, recording.call_id, recorded.fault, recorded.ms)
        if recorded.file is not None:
            await self._upload(recorded.file, recorded.ms)

    async def _upload(self, file: LocalRecording, ms: int) -> bool:
        remove = False
        extra = {"call_id": str(file.call_id)}
        try:
            if ms and await store_recording(self._sessions, self._shelf, file.call_id, file.path, ms) is None:
                log.error("a recording of no call of ours is left where it is: %s", file.path.name, extra=extra)
            else:
                remove = True
        except NOT_YET as error:
            log.error("a recording is not kept yet: %s", error, extra=extra)
        finally:
            file.release(remove=remove)
        return bool(remove and ms)
