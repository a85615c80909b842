"""Rows of a list judged, lot by lot, away from the database: who can be called, what was fixed, who stands there twice.

It runs in a thread of its own beside the database's work: a lot is judged while the one before is written.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dialer.domain.compliance.rules import can_call_kind, never_called
from dialer.domain.compliance.time_zone_groups import HoursGroup, group_of
from dialer.domain.leads.headers import Column
from dialer.domain.leads.import_result import Flag
from dialer.domain.leads.lead import LeadRow, Rejected, RowReader, normalize_enquiry
from dialer.domain.meetings.enquiry import Field
from dialer.domain.numbers.zones import Zones, place_in, zone_of_phone
from dialer.services.leads.read_file import ListRow

MAX_CACHED = 50_000
_REPAIRED, _CONSENT_MISSING, _CONSENT_REFUSED, _NOT_ALLOWED, _NOT_CALLED = (
    each.value
    for each in (Flag.REPAIRED, Flag.CONSENT_MISSING, Flag.CONSENT_REFUSED, Flag.NOT_ALLOWED, Flag.NOT_CALLED)
)
WORDED: tuple[Field, ...] = ("country", "intake", "budget")
_LivesKey: TypeAlias = tuple[str, str, str, Zones | None, str | None]
TOO_MANY_CELLS = "the row has more cells than the header has columns"


class ValidatedRow(NamedTuple):
    """A row and what was found; a tuple, because a million of them are made. `reads` is JSON or empty."""

    row: ListRow
    fate: str
    lead: LeadRow | None
    reason: str | None
    says: str | None
    suggestion: str | None
    reads: str
    flags: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Some thousand rows: all of them judged, and those that may be imported as the lines of a COPY into `arriving`."""

    rows: list[ValidatedRow]
    arriving: bytes
    candidates: int
    groups: list[HoursGroup]
    """The hours groups of this lot and of those before; a line holds its group's place, from 1."""
    lines_of: Callable[[Sequence[ValidatedRow]], bytes]
    """Other rows as such lines."""


class RowValidator:
    """Judges the lots of one list, in order; it remembers the numbers of those before."""

    def __init__(self, header: Sequence[str], columns: Mapping[Column, str], country: str, today: date) -> None:
        self._reader = RowReader(header, columns, country)
        self._today = today
        self._seen: NDArray[np.int64] = np.empty(0, np.int64)
        self._groups: dict[HoursGroup, int] = {}
        self._lives: dict[_LivesKey, tuple[str, int]] = {}
        self._known: dict[tuple[str | None, ...], str] = {}

    def validate(self, rows: Sequence[ListRow]) -> Batch:
        """Judge the next rows."""
        reads = [None if row.extra else self._reader.read(row.cells) for row in rows]
        numbers = [int(read.phone.e164[1:]) if isinstance(read, LeadRow) else 0 for read in reads]
        first = self._first(np.array(numbers, np.int64))
        judged, lines = [], []
        for row, read, is_first in zip(rows, reads, first, strict=True):
            one = self._judged(row, read, is_first)
            judged.append(one)
            if one.fate == "imported" and one.lead is not None:
                lines.append(self._line(row.n, one.lead))
        return Batch(judged, "".join(lines).encode(), len(lines), list(self._groups), self._lines)

    def _first(self, numbers: NDArray[np.int64]) -> list[bool]:
        """Which of the numbers stand here for the first time; all of them are then remembered, eight bytes each."""
        first = np.zeros(len(numbers), bool)
        first[np.unique(numbers, return_index=True)[1]] = True
        if len(self._seen):
            places = np.searchsorted(self._seen, numbers)
            first &= self._seen[np.minimum(places, len(self._seen) - 1)] != numbers
        fresh = np.sort(numbers[first & (numbers > 0)])
        # Two sorted runs: the stable sort merges them in one pass.
        self._seen = np.sort(np.concatenate((self._seen, fresh)), kind="stable")
        known: list[bool] = first.tolist()
        return known

    def _judged(self, row: ListRow, read: LeadRow | Rejected | None, is_first: bool) -> ValidatedRow:
        if read is None:
            beyond = " | ".join(cell for cell in row.cells[self._reader.width :] if cell.strip())
            return ValidatedRow(row, "rejected", None, "too_many_cells", TOO_MANY_CELLS, beyond or None, "", 0)
        if isinstance(read, Rejected):
            return ValidatedRow(row, "rejected", None, read.reason, read.says, read.suggestion, "", 0)
        said = read.enquiry
        reads = self._reads(said.get("country"), said.get("intake"), said.get("budget")) if said else ""
        if not is_first:
            says = f"{read.phone.e164} is in an earlier row"
            return ValidatedRow(row, "duplicate_in_file", read, None, says, None, reads, 0)
        flags = _REPAIRED if read.repaired else 0
        if not read.consent:
            flags |= _CONSENT_MISSING if read.consent is None else _CONSENT_REFUSED
        if not can_call_kind(read.phone.region, read.phone.kind):
            flags |= _NOT_ALLOWED
        notes = list(read.repaired)
        if why := never_called(read.phone, read.state, read.consent, read.consent_source):
            flags |= _NOT_CALLED
            notes.insert(0, f"Won't be called: {why}")
        return ValidatedRow(row, "imported", read, None, "; ".join(notes) or None, None, reads, flags)

    def _reads(self, *words: str | None) -> str:
        """The common wordings of a row's country, intake and budget, as JSON; empty where each is common already."""
        found = self._known.get(words)
        if found is None:
            if len(self._known) > MAX_CACHED:
                self._known.clear()
            said: dict[str, str] = {field: text for field, text in zip(WORDED, words, strict=True) if text is not None}
            wordings = normalize_enquiry(said, self._today)
            found = self._known[words] = json.dumps(wordings, ensure_ascii=False) if wordings else ""
        return found

    def _lines(self, rows: Sequence[ValidatedRow]) -> bytes:
        return "".join(self._line(one.row.n, one.lead) for one in rows if one.lead is not None).encode()

    def _line(self, n: int, lead: LeadRow) -> str:
        phone = lead.phone
        key = (place_in(phone.e164, phone.kind), phone.region, phone.kind, lead.zones, lead.state)
        lives = self._lives.get(key)
        if lives is None:
            lives = self._learn(lead, key)
        consent = "\\N" if lead.consent is None else "t" if lead.consent else "f"
        return (
            f"{n}\t{phone.e164}\t{_text(lead.name or '')}\t{_text(lead.email)}\t{lives[0]}\t{_text(lead.state)}\t{consent}\t"
            f"{_text(lead.consent_source)}\t{lead.consent_on or _NULL}\t{lives[1]}\n"
        )

    def _learn(self, lead: LeadRow, key: _LivesKey) -> tuple[str, int]:
        """Where people of this key live, as the cells of a line, and their hours group."""
        if len(self._lives) > MAX_CACHED:
            self._lives.clear()
        phone = lead.phone
        zones = lead.zones or zone_of_phone(phone.e164, phone.kind, None, None, phone.region)
        known = zones if isinstance(zones, Zones) else None
        names = known.names if known else ()
        group = group_of(phone.e164, lead.state, names)
        place = self._groups.setdefault(group, len(self._groups) + 1)
        cells = f"{{{','.join(names)}}}\t{known.source if known else 'unknown'}"
        found = self._lives[key] = (cells, place)
        return found


_NULL = "\\N"
_IN_COPY = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": None})
_IN_ARRAY = str.maketrans({"\\": "\\\\\\\\", '"': '\\\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": None})


def _text(value: str | None) -> str:
    """A value as COPY's text form has it."""
    if value is None:
        return _NULL
    return value if value.isprintable() and "\\" not in value else value.translate(_IN_COPY)


def row_lines(import_id: int, rows: Sequence[ValidatedRow], width: int | None) -> bytes:
    """Rows as the lines of a COPY into `import_row` (import_id, n, cells, fate, reason, says, suggestion, reads, flags).

    Where a `width` is given, a row's cells beyond it are left out unless they are too many.
    """
    lines = []
    for row, fate, _, reason, says, suggestion, reads, flags in rows:
        own = row.cells if width is None or row.extra else row.cells[:width]
        cells = '","'.join(own)
        if not cells.isprintable() or "\\" in cells or cells.count('"') != 2 * len(own) - 2:
            cells = '","'.join([cell.translate(_IN_ARRAY) for cell in own])
        lines.append(
            f'{import_id}\t{row.n}\t{{"{cells}"}}\t{fate}\t{reason or _NULL}\t{_text(says)}\t'
            f"{_text(suggestion)}\t{_text(reads or None)}\t{flags}\n"
        )
    return "".join(lines).encode()
