"""A recording that is finished: kept where recordings lie, and known to its call; erased when its time is over."""

import asyncio
import logging
from datetime import datetime
from pathlib import Path
from uuid import UUID

from dialer.store.calls import incidents, recordings
from dialer.store.sessions import Sessions
from dialer.store.system import object_storage
from dialer.store.system.object_storage import ObjectStorage, StorageError

BY = "retention"
MAX_FAILURES = 20
log = logging.getLogger(__name__)


async def store_recording(sessions: Sessions, place: ObjectStorage, call_id: UUID, path: Path, ms: int) -> str | None:
    """Keep a copy of a finished file and tell its call; the address, None for a call that is not ours.

    Done twice it is done once. Raises StorageError, SQLAlchemyError, OSError: the file is then still needed.
    """
    async with sessions() as session:
        name = await recordings.place_of(session, call_id)
    if name is None:
        return None
    address = await asyncio.to_thread(place.put, path, name)
    async with sessions.begin() as session:
        await recordings.attach(session, call_id, address, ms)
    return address


async def record_fault(sessions: Sessions, call_id: UUID, fault: str, ms: int) -> None:
    """People can see that a call's recording is missing, or ends too early (`ms` of it are there), and why."""
    came = f"its recording ends after {ms / 1000:.0f} s" if ms else "it could not be recorded"
    async with sessions.begin() as session:
        await incidents.record(session, recordings.FAULT, str(call_id), f"{came}: {fault}", call_id=call_id)


async def erase_expired(sessions: Sessions, now: datetime) -> int:
    """Erase what campaigns keep no longer, first the sound and then the word of it; how many.

    A place that cannot be reached keeps its recordings, and their calls the addresses, until the next time.
    """
    done = 0
    skipped: set[UUID] = set()
    while True:
        async with sessions() as session:
            found = await recordings.old(session, now, limit=200 + len(skipped))
        todo = [each for each in found if each[0] not in skipped]
        if not todo or len(skipped) >= MAX_FAILURES:
            return done
        for call_id, address in todo:
            try:
                await asyncio.to_thread(object_storage.erase, address)
            except StorageError as error:
                log.error("a recording is not erased yet: %s", error, extra={"call_id": str(call_id)})
                skipped.add(call_id)
                continue
            async with sessions.begin() as session:
                done += await recordings.forget(session, call_id, address, BY)
