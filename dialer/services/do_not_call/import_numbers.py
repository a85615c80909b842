"""Do-not-call lists and public registries, by the million: one COPY, one set operation, one transaction.

What was about to call a listed number is taken back with it. A registry binds only those who did not agree to be called:
its numbers are kept for the gate to ask, and nothing is taken back unless a campaign is scrubbed.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from dialer.domain.calling.call import State
from dialer.domain.leads.column_values import phone_column
from dialer.domain.leads.headers import NoPhoneColumn, guess_columns
from dialer.domain.numbers.phone import BadPhone, parse_phone
from dialer.services import actions
from dialer.services.actor import Actor
from dialer.services.audit.record import record
from dialer.services.calls.finish import cancel_call
from dialer.services.leads.read_file import Reading, UnreadableListError
from dialer.store.leads import do_not_call
from dialer.store.leads.do_not_call import ListOptions
from dialer.store.sessions import Session
from dialer.store.tables import Call

BATCH = 50_000


@dataclass(frozen=True, slots=True)
class ImportedNumbers:
    """How many rows had a cell to read, how many could not be read, and how many numbers are new on the list."""

    numbers: int
    unreadable: int
    added: int


async def import_numbers(
    session: Session,
    actor: Actor,
    reading: Reading,
    country: str,
    listing: ListOptions,
    now: datetime,
    *,
    registry: str | None = None,
    replace: bool = False,
) -> ImportedNumbers:
    """List every number of a file, in the caller's transaction; a list without a header is taken from its first column.

    With `replace` numbers that the file does not hold are removed from that scope.

    Raises:
        ForbiddenError: `actor` may not do this.
        UnreadableListError: the file holds no number.
    """
    actor.require(actions.DNC_IMPORT)
    numbers = unreadable = 0
    await do_not_call.stage(session)
    async for phones, bad in _phones(reading, country):
        numbers, unreadable = numbers + len(phones), unreadable + bad
        await do_not_call.add_staged(session, phones)
    if not numbers:
        raise UnreadableListError("the file holds no phone number")
    added = await do_not_call.settle(session, listing, replace=replace)
    details = {"source": listing.source, "scope": listing.scope, "numbers": numbers, "added": added}
    await record(session, actor, actions.DNC_IMPORT, details)
    if registry is not None:
        await do_not_call.record_registry(session, registry, numbers, now)
        return ImportedNumbers(numbers, unreadable, added)
    for call_id in await do_not_call.staged_calls(session, listing.scope, State.INTENT):
        call = await session.get_one(Call, call_id, with_for_update=True)
        if call.state is State.INTENT:
            await cancel_call(session, call, "on the do-not-call list", None, now)
    await do_not_call.finish_staged(session, listing.scope)
    return ImportedNumbers(numbers, unreadable, added)


async def _phones(reading: Reading, country: str) -> AsyncIterator[tuple[list[str], int]]:
    columns = guess_columns(reading.header)
    if isinstance(columns, NoPhoneColumn):
        column = phone_column(reading.header, reading.sample, country) or reading.header[0]
    else:
        column = columns["phone"]
    place = reading.header.index(column)
    if reading.has_header and isinstance(columns, NoPhoneColumn):
        yield _read([reading.header[0]], country)

    def next_lot() -> tuple[list[str], int] | None:
        cells = [row.cells[place] for row in islice(reading.rows, BATCH)]
        return _read(cells, country) if cells else None

    while (lot := await asyncio.to_thread(next_lot)) is not None:
        yield lot


def _read(cells: list[str], country: str) -> tuple[list[str], int]:
    read = [parse_phone(cell, country) for cell in cells]
    phones = [each.e164 for each in read if not isinstance(each, BadPhone)]
    return phones, len(cells) - len(phones)
