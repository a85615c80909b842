"""Exports that are written again and again, to a folder or to whatever fsspec has an address for."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dialer.services.actor import LinkHolder
from dialer.services.exports.results import Format, TooManyRowsError, What, export_for
from dialer.store.sessions import Sessions
from dialer.store.system import feeds
from dialer.store.system.object_storage import ObjectStorage, StorageError
from dialer.store.tables import Campaign, ExportSchedule


@dataclass(frozen=True, slots=True)
class Written:
    """What was written where, or why not."""

    ok: bool
    says: str


async def write_next(sessions: Sessions) -> Written | None:
    """Write the schedule that is due longest; None if none is. Its next turn is set first: one that fails is not repeated at once."""
    async with sessions.begin() as session:
        schedule = await feeds.claim_schedule(session)
        if schedule is None:
            return None
        campaign = await session.get(Campaign, schedule.campaign_id) if schedule.campaign_id is not None else None
    written = await _write(sessions, schedule, campaign.name if campaign else None)
    async with sessions.begin() as session:
        (await session.get_one(ExportSchedule, schedule.id)).last_error = written.says
    return written


async def _write(sessions: Sessions, schedule: ExportSchedule, campaign: str | None) -> Written:
    name = f"{schedule.kind}-{schedule.id}.{schedule.format}"
    with tempfile.TemporaryDirectory(prefix="dialer-export-") as folder:
        path = Path(folder) / name
        try:
            what, form = cast(What, schedule.kind), cast(Format, schedule.format)
            reader = LinkHolder(f"schedule:{schedule.id}")
            rows = await export_for(sessions, reader, what, path, form=form, campaign=campaign)
            where = await asyncio.to_thread(ObjectStorage(schedule.recipient).put, path, name)
        except (StorageError, TooManyRowsError) as error:
            return Written(False, str(error))
    return Written(True, f"{rows} rows written to {where}")
