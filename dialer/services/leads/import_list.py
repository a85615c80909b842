"""A list becomes leads of a campaign: every row accounted for, nobody twice, nothing half done.

One transaction; nothing is called by it. The same file again changes nothing and counts everybody as already here. A dry
run keeps the rows with what would become of them, and imports nobody (`commit_import` does, later).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from dialer.domain.leads.headers import Column
from dialer.domain.leads.import_result import Choice, Counts, Flag
from dialer.services.leads.deduplicate import Deduplicator
from dialer.services.leads.detect_reimport import Reimport, detect_reimport
from dialer.services.leads.map_columns import known_columns, map_columns
from dialer.services.leads.read_file import ListRow, Reading, UnreadableListError
from dialer.services.leads.validate import Batch, RowValidator, ValidatedRow, row_lines
from dialer.store.campaigns import claim_queue
from dialer.store.leads import imports
from dialer.store.leads.import_staging import ImportStaging
from dialer.store.sessions import Session
from dialer.store.system import database_clock
from dialer.store.tables import Campaign, LeadImport

BATCH = 20_000


class Watch(Protocol):
    """Who follows a long import: told how many rows are done; may raise to stop it, and nothing is left then."""

    async def __call__(self, rows: int) -> None:
        """So many rows are done."""


@dataclass(frozen=True, slots=True)
class Imported:
    """An import that was done, or tried: its head's id, what its columns are, its counts."""

    import_id: int
    header: tuple[str, ...]
    columns: Mapping[Column, str]
    counts: Counts


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a list is to be imported. `rejected` is called with every row that cannot be.

    With `only_mapped` a field that the mapping leaves out is not guessed.
    """

    dry: bool = False
    duplicates: Choice = "skip"
    only_mapped: bool = False
    rejected: Callable[[ValidatedRow], None] = lambda row: None
    watch: Watch | None = None


DEFAULT_OPTIONS = ImportOptions()


async def import_leads(
    session: Session,
    campaign: Campaign,
    reading: Reading,
    *,
    file: str,
    sha256: str,
    by: str,
    mapping: Mapping[str, str] | None = None,
    asked: ImportOptions = DEFAULT_OPTIONS,
) -> Imported:
    """Import a list into a campaign, in the caller's transaction.

    Raises:
        UnreadableListError: the list has no phone column, no rows, or `mapping` names what is not there.
    """
    known = {} if asked.only_mapped else await known_columns(session, reading)
    columns = map_columns(reading, known, mapping or {}, campaign.country, guesses=not asked.only_mapped)
    # Two at once would each take the other's people for new.
    await imports.one_at_a_time(session)
    seen = await detect_reimport(session, campaign, reading.header, columns, dry=asked.dry)
    record = await imports.of_file(session, campaign.id, sha256)
    again = record is not None and record.state == "done"
    if record is None:
        record = LeadImport(campaign_id=campaign.id, sha256=sha256, counts={}, file=file, imported_by=by)
        session.add(record)
    if not again:
        record.file, record.imported_by = file, by
        record.header = list(reading.header if asked.dry else seen.header)
        record.mapping, record.detected = (
            {str(field): column for field, column in seen.columns.items()},
            reading.detected.line(),
        )
        record.duplicates, record.corrects_import_id = asked.duplicates, seen.mends
        record.state = "checked" if asked.dry else "done"
        await session.flush()
        await imports.forget_rows(session, record.id)
    bringing = await _Import.begin(session, campaign, record, seen, asked, again=again)
    counts = await bringing.all(_from_file(reading))
    await _finish(session, record, counts, seen, asked, again=again)
    return Imported(record.id, reading.header, seen.columns, counts)


async def commit_import(session: Session, import_id: int, asked: ImportOptions, *, by: str) -> Imported:
    """Bring in a list that a dry run kept, as it was chosen there; judged anew, because others may have come meanwhile.

    Raises:
        UnreadableListError: there is no such list, or it is not waiting for this.
    """
    await imports.one_at_a_time(session)
    found = await imports.campaign_of(session, import_id)
    if found is None:
        raise UnreadableListError(f"there is no import {import_id}")
    record, campaign = found
    if record.state != "checked":
        said = "was imported already" if record.state == "done" else "was undone; upload it again"
        raise UnreadableListError(f"import {import_id} {said}")
    header = tuple(record.header)
    seen = await detect_reimport(
        session,
        campaign,
        header,
        map_columns(Reading(header, iter(())), record.mapping, {}, campaign.country, guesses=False),
        dry=False,
    )
    record.state, record.imported_by, record.corrects_import_id, record.header = (
        "done",
        by,
        seen.mends,
        list(seen.header),
    )
    chosen = await imports.choices(session, import_id)
    rows = _from_rows(session, import_id)
    first = await anext(rows)  # the cursor sees the rows as they are now, whatever becomes of them
    await session.flush()
    await imports.forget_rows(session, import_id)
    bringing = await _Import.begin(session, campaign, record, seen, asked, again=False, chosen=chosen)
    counts = await bringing.all(rows, first)
    await _finish(session, record, counts, seen, asked, again=False)
    return Imported(record.id, header, seen.columns, counts)


async def _finish(
    session: Session, record: LeadImport, counts: Counts, seen: Reimport, asked: ImportOptions, *, again: bool
) -> None:
    if not counts.rows:
        raise UnreadableListError("the list has a header and no rows")
    if not again:
        record.counts = {**counts.as_dict(), "notes": dict(counts.notes), "campaigns": dict(counts.campaigns)}
    if seen.mends is not None and not asked.dry:
        mended = await session.get_one(LeadImport, seen.mends)
        recount = Counts()
        for fate, reason, flags, rows in await imports.row_counts(session, seen.mends):
            recount.add(fate, rows, reason=reason, flags=flags)
        mended.counts = {**recount.as_dict(), "notes": dict(recount.notes)}
    await session.flush()


async def _from_file(reading: Reading) -> AsyncIterator[list[ListRow]]:
    """Lots of a file's rows, read in a thread of their own."""
    while rows := await asyncio.to_thread(list, islice(reading.rows, BATCH)):
        yield rows


async def _from_rows(session: Session, import_id: int) -> AsyncIterator[list[ListRow]]:
    rows: list[ListRow] = []
    async for n, cells in imports.stream_cells(session, import_id):
        rows.append(ListRow(n, tuple(cells), False))
        if len(rows) == BATCH:
            yield rows
            rows = []
    yield rows


class _Import:
    """One list being imported, lot by lot."""

    def __init__(
        self,
        session: Session,
        landing: ImportStaging,
        campaign: Campaign,
        seen: Reimport,
        asked: ImportOptions,
        *,
        again: bool,
    ) -> None:
        self._session, self._landing, self._campaign = session, landing, campaign
        self._seen, self._asked, self._again = seen, asked, again
        self._hours: dict[int, int] = {}
        self._counts = Counts()
        self._merging: Deduplicator
        self._judge: RowValidator
        self._target: int

    @classmethod
    async def begin(
        cls,
        session: Session,
        campaign: Campaign,
        record: LeadImport,
        seen: Reimport,
        asked: ImportOptions,
        *,
        again: bool,
        chosen: Mapping[int, str] | None = None,
    ) -> "_Import":
        """Make ready."""
        target = record.id if seen.mends is None or asked.dry else seen.mends
        landing = await ImportStaging.open(session, campaign.id, target)
        bringing = cls(session, landing, campaign, seen, asked, again=again)
        today = await database_clock.today(session)
        bringing._judge = RowValidator(seen.read_header, seen.columns, campaign.country, today)
        bringing._target = target
        exact = seen.ours and asked.duplicates == "skip"
        duplicates: Choice = "overwrite" if exact else asked.duplicates
        bringing._merging = Deduplicator(session, landing, target, seen, duplicates, chosen or {}, dry=asked.dry)
        return bringing

    async def all(self, lots: AsyncIterator[list[ListRow]], first: list[ListRow] | None = None) -> Counts:
        """Bring in every row: the next lot is judged while this one is written."""
        judging = asyncio.create_task(self._next(lots, first))
        try:
            while (lot := await judging) is not None:
                judging = asyncio.create_task(self._next(lots))
                await self._write(lot)
                if self._asked.watch is not None:
                    await self._asked.watch(self._counts.rows)
        finally:
            judging.cancel()
            await asyncio.gather(judging, return_exceptions=True)
        return self._counts

    async def _next(self, lots: AsyncIterator[list[ListRow]], first: list[ListRow] | None = None) -> Batch | None:
        rows = first if first is not None else await anext(lots, [])
        if not rows:
            return None
        return await asyncio.to_thread(self._judge.validate, [self._seen.row(row) for row in rows])

    async def _write(self, lot: Batch) -> None:
        """Settle what only the database knows of a lot, and store it."""
        landing, dry = self._landing, self._asked.dry
        by_n = {one.row.n: one for one in lot.rows}
        await landing.stage(lot.arriving)
        listed = await landing.listed()
        if dry:
            known = await landing.known(None, cells=self._merging.any)
        else:
            left_out = await landing.place(await self._hours_of(lot), list(listed.values()))
            known = await landing.known(left_out, cells=self._merging.any) if left_out else []
        here = {each.n: each for each in known if each.place_id is not None}
        joining = [each.n for each in known if each.place_id is None and each.n not in listed]
        if joining and not dry:
            await landing.join(joining)
        if dry and joining:
            self._counts.campaigns.update(await landing.elsewhere(joining))
        changed: dict[int, ValidatedRow] = {}
        for n in here:
            changed[n] = _settled(by_n[n], "already_here", "is in this campaign already")
        for n in listed.keys() - here.keys():
            changed[n] = _settled(by_n[n], "do_not_call", "is on the do-not-call list")
        for n in joining:
            changed[n] = by_n[n]._replace(flags=by_n[n].flags | Flag.ELSEWHERE)
        await self._merging.lot(lot, here, changed)
        rows = [changed.get(one.row.n, one) for one in lot.rows] if changed else lot.rows
        for (fate, reason, flags), many in Counter((one.fate, one.reason, one.flags) for one in rows).items():
            self._counts.add(fate, many, reason=reason, flags=flags)
        for one in rows:
            if one.fate == "rejected":
                self._asked.rejected(one)
        await self._keep(rows)

    async def _keep(self, rows: Sequence[ValidatedRow]) -> None:
        """Store the rows; of a list that came before, only what can be imported by now."""
        over = self._again or (self._seen.mends is not None and not self._asked.dry)
        if self._again:
            rows = [one for one in rows if one.fate == "imported" and not self._asked.dry]
        if rows:
            width = None if self._asked.dry else self._seen.width
            lines = await asyncio.to_thread(row_lines, self._target, rows, width)
            await self._landing.keep_rows(lines, over=over)

    async def _hours_of(self, lot: Batch) -> list[int]:
        """The ids of the lot's hours groups, in their order."""
        fresh = lot.groups[len(self._hours) :]
        if fresh:
            ids = await claim_queue.ids_of(self._session, fresh)
            for group in fresh:
                self._hours[len(self._hours)] = ids[group]
        return list(self._hours.values())


def _settled(one: ValidatedRow, fate: str, says: str) -> ValidatedRow:
    phone = one.lead.phone.e164 if one.lead else "the number"
    return one._replace(fate=fate, says=f"{phone} {says}", flags=0)
