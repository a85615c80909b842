"""Duplicates of a list, as the marketer chose: passed over, used to fill blanks, or to overwrite. Only what differs changes.

What is changed is kept for undo, down to the row that a lead's own columns came from.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from dialer.domain.leads.import_result import Choice, Flag
from dialer.domain.leads.spreadsheet_safety import escape_formula
from dialer.services.leads.detect_reimport import Reimport
from dialer.services.leads.read_file import ListRow
from dialer.services.leads.validate import Batch, ValidatedRow, row_lines
from dialer.store.leads import imports
from dialer.store.leads.import_staging import ImportStaging, Known
from dialer.store.sessions import Session
from dialer.store.tables import LeadImport

_How: TypeAlias = Literal["fill", "overwrite"]


class Deduplicator:
    """What is done with the duplicates of one list: the same for all, or another `chosen` for a row."""

    def __init__(
        self,
        session: Session,
        landing: ImportStaging,
        import_id: int,
        seen: Reimport,
        duplicates: Choice,
        chosen: Mapping[int, str],
        *,
        dry: bool,
    ) -> None:
        self._session, self._landing, self._import = session, landing, import_id
        self._seen, self._duplicates, self._chosen, self._dry = seen, duplicates, chosen, dry
        self._header = list(seen.header)
        self._headers: dict[int, list[str]] = {}
        self.any = duplicates != "skip" or any(choice != "skip" for choice in chosen.values())

    async def lot(self, lot: Batch, here: Mapping[int, Known], changed: dict[int, ValidatedRow]) -> None:
        """Settle a lot's duplicates; those that change something are flagged in `changed`."""
        if not self.any:
            return
        rows = {one.row.n: one for one in lot.rows}
        await self._settle({n: (known, rows[n]) for n, known in here.items()}, rows, changed)
        twice = [one for one in lot.rows if one.fate == "duplicate_in_file" and self._how(one.row.n)]
        while twice:
            layer = {one.lead.phone.e164: one for one in reversed(twice) if one.lead}
            twice = [one for one in twice if one not in layer.values()]
            by_n = {one.row.n: one for one in layer.values()}
            await self._landing.stage(lot.lines_of(list(by_n.values())))
            known = {each.n: each for each in await self._landing.known(None, cells=True) if each.place_id}
            await self._settle({n: (known[n], one) for n, one in by_n.items() if n in known}, rows, changed)

    def _how(self, n: int) -> _How | None:
        choice = self._chosen.get(n, self._duplicates)
        return "fill" if choice == "fill" else "overwrite" if choice == "overwrite" else None

    async def _settle(
        self,
        pairs: Mapping[int, tuple[Known, ValidatedRow]],
        lot: Mapping[int, ValidatedRow],
        changed: dict[int, ValidatedRow],
    ) -> None:
        wanted = {n: (known, one, how) for n, (known, one) in pairs.items() if (how := self._how(n))}
        await self._learn([known.import_id for known, _, _ in wanted.values() if known.import_id])
        rows: list[ValidatedRow] = []
        moves: list[tuple[int, int, int | None, int | None, int]] = []
        told: dict[_How, list[int]] = {"fill": [], "overwrite": []}
        for n, (known, one, how) in wanted.items():
            before = self._before(known, lot)
            after = self._merged(before, one.row, how)
            if after == before:
                continue
            changed[n] = changed.get(n, one)._replace(flags=int(Flag.CHANGED))
            told[how].append(n)
            # The merged row stands beside the uploaded one, under its number's negative.
            rows.append(one._replace(row=ListRow(-n, self._cells(after), False), fate="already_here", flags=0))
            moves.append((known.place_id or 0, known.lead_id, known.import_id, known.import_n, -n))
        if self._dry or not moves:
            return
        await self._landing.fill(told["fill"])
        await self._landing.overwrite(told["overwrite"])
        await self._landing.keep_rows(row_lines(self._import, rows, None), over=True)
        await self._landing.repoint(moves)
        record = await self._session.get_one(LeadImport, self._import)
        if record.header != self._header:
            record.header = list(self._header)

    def _before(self, known: Known, lot: Mapping[int, ValidatedRow]) -> dict[str, str]:
        """A place's own columns as they stand; its row may be one of this lot, and not stored yet."""
        if known.import_id != self._import:
            return dict(zip(self._headers.get(known.import_id or 0, ()), known.cells or (), strict=False))
        cells: Sequence[str] = known.cells or ()
        if known.cells is None and known.import_n is not None and known.import_n in lot:
            cells = lot[known.import_n].row.cells[: self._seen.width]
        return dict(zip(self._header, cells, strict=False))

    def _merged(self, before: Mapping[str, str], row: ListRow, how: _How) -> dict[str, str]:
        """The own columns after the merge; an export of ours that was edited says blank where it says blank."""
        after = dict(before)
        for name, cell in zip(self._seen.header, row.cells, strict=False):
            old, new = before.get(name, ""), cell.replace("\0", "")
            takes = (not old.strip()) if how == "fill" else (self._seen.ours or bool(new.strip()))
            # What an export showed of the old cell is no change of it, with or without its apostrophe.
            if takes and escape_formula(new) != escape_formula(old):
                after[name] = new
        return after

    def _cells(self, after: Mapping[str, str]) -> tuple[str, ...]:
        self._header += [name for name in after if name not in self._header]
        return tuple(after.get(name, "") for name in self._header)

    async def _learn(self, lists: Sequence[int]) -> None:
        fresh = [each for each in set(lists) if each not in self._headers]
        if fresh:
            self._headers |= await imports.headers_of(self._session, fresh)
