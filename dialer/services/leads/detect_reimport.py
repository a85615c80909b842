"""Lists that come back: the fix-and-upload file with its rows fixed, and an export that was edited in a spreadsheet."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dialer.domain.leads.headers import Column
from dialer.domain.leads.spreadsheet_safety import FIX_COLUMNS, own_columns, unescape_formula
from dialer.services.leads.read_file import ListRow
from dialer.store.leads import imports
from dialer.store.sessions import Session
from dialer.store.tables import Campaign

Rejected = dict[tuple[str, ...], deque[int]]


@dataclass(slots=True)
class Reimport:
    """How a list is stored: its own `header` (`width` columns), without what we had put at its right.

    `ours` is an export of ours; `fixes` is the list whose rejected rows come back, and `waiting` those rows by the
    cells that stay when a number or a zone is fixed.
    """

    header: tuple[str, ...]
    columns: Mapping[Column, str]
    width: int
    ours: bool = False
    mends: int | None = None
    read_header: tuple[str, ...] = ()
    waiting: Rejected = field(default_factory=dict)
    places: tuple[int, ...] = ()
    next_n: int = 0
    dry: bool = False

    def __post_init__(self) -> None:
        self.read_header = self.read_header or self.header

    def row(self, row: ListRow) -> ListRow:
        """The row as it is read and stored: numbered as the row that it fixes."""
        if self.ours:
            return row._replace(cells=tuple(map(unescape_formula, row.cells)))
        if self.mends is None or self.dry:
            return row
        cells = tuple(map(unescape_formula, row.cells[: self.width]))
        waiting = self.waiting.get(_kept(cells, self.places))
        if waiting:
            return row._replace(n=waiting.popleft(), cells=cells)
        self.next_n += 1
        return row._replace(n=self.next_n, cells=cells)


async def detect_reimport(
    session: Session, campaign: Campaign, header: tuple[str, ...], columns: Mapping[Column, str], *, dry: bool
) -> Reimport:
    """What kind of list this is, for a campaign; the rows of a `dry` run keep their numbers and cells."""
    own = own_columns(header)
    if own is not None:
        phone = header[len(own)]
        kept = {field: column for field, column in columns.items() if column in own}
        return Reimport(own, {**kept, "phone": phone}, len(own), ours=True, read_header=header)
    if tuple(header[-2:]) == FIX_COLUMNS:
        own = header[:-2]
        mends = await imports.find_fixable(session, campaign.id, own)
        kept = {field: column for field, column in columns.items() if column in own}
        if mends is not None and "phone" in kept:
            return replace(await _mending(session, mends, own, kept), dry=dry)
    return Reimport(header, columns, len(header))


def without_ours(header: tuple[str, ...]) -> tuple[str, ...]:
    """A header without what we put at the right of a file that goes out."""
    if (own := own_columns(header)) is not None:
        return own
    return header[:-2] if tuple(header[-2:]) == FIX_COLUMNS else header


async def _mending(session: Session, mends: int, own: tuple[str, ...], columns: Mapping[Column, str]) -> Reimport:
    places = tuple(own.index(columns[each]) for each in ("phone", "zone") if each in columns)
    waiting: Rejected = defaultdict(deque)
    for n, cells in await imports.rejected_cells(session, mends):
        waiting[_kept(cells[: len(own)], places)].append(n)
    last = await imports.last_row(session, mends)
    return Reimport(own, columns, len(own), mends=mends, waiting=waiting, places=places, next_n=max(last, 1))


def _kept(cells: Sequence[str], places: Sequence[int]) -> tuple[str, ...]:
    """What of a row stays when it is fixed: all but the cells that could be the trouble."""
    return tuple(cell.strip() for place, cell in enumerate(cells) if place not in places)
