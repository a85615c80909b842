"""Lists that were imported, and their rows: found, described, chosen about, put away."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.leads.import_result import NOTES
from dialer.store.tables import Campaign, ImportRow, LeadImport

LOCK = 0x1115


async def one_at_a_time(session: AsyncSession) -> None:
    """Wait for any other import: two at once would take each other's people for new, and wait crosswise for leads."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


async def of_file(session: AsyncSession, campaign_id: int, sha256: str) -> LeadImport | None:
    """The import of that very file into a campaign."""
    query = select(LeadImport).where(LeadImport.campaign_id == campaign_id, LeadImport.sha256 == sha256)
    return (await session.scalars(query)).one_or_none()


async def remembered(session: AsyncSession, header: Sequence[str]) -> Mapping[str, str]:
    """How columns of exactly these names were understood when they last came; empty where they never did."""
    query = (
        select(LeadImport.mapping)
        .where(LeadImport.header == list(header), LeadImport.state == "done")
        .where(LeadImport.mapping["phone"].astext.in_(list(header)))
        .order_by(LeadImport.id.desc())
        .limit(1)
    )
    return await session.scalar(query) or {}


async def row_counts(session: AsyncSession, import_id: int) -> list[tuple[str, str | None, int, int]]:
    """The rows of a list by fate, reason and flags: how many."""
    columns = (ImportRow.result, ImportRow.reason, ImportRow.flags)
    query = select(*columns, func.count()).where(ImportRow.import_id == import_id, ImportRow.n > 0).group_by(*columns)
    return [(fate, reason, flags, rows) for fate, reason, flags, rows in await session.execute(query)]


async def rows_of(
    session: AsyncSession,
    import_id: int,
    *,
    fate: str | None,
    flag: int = 0,
    without: int = 0,
    after: int = 0,
    most: int = 100,
) -> Sequence[ImportRow]:
    """Rows of a list behind row `after`, of one fate, with a flag, `without` another."""
    query = select(ImportRow).where(ImportRow.import_id == import_id, ImportRow.n > after).order_by(ImportRow.n)
    if fate is not None:
        query = query.where(ImportRow.result == fate)
    if flag:
        query = query.where(ImportRow.flags.op("&")(flag) != 0)
    if without:
        query = query.where(ImportRow.flags.op("&")(without) == 0)
    return (await session.scalars(query.limit(most))).all()


def described(record: LeadImport, campaign: str) -> dict[str, Any]:
    """A list's head, for JSON."""
    return {
        "import_id": record.id,
        "campaign": campaign,
        "file": record.file,
        "state": record.state,
        "detected": record.detected,
        "header": record.header,
        "columns": record.mapping,
        "duplicates": record.duplicates,
        "counts": record.counts,
        "fixes": record.corrects_import_id,
        "by": record.imported_by,
        "at": record.imported_at.isoformat(),
    }


def described_row(row: ImportRow) -> dict[str, Any]:
    """A row, for JSON."""
    return {
        "n": row.n,
        "cells": row.cells,
        "fate": row.result,
        "reason": row.reason,
        "says": row.message,
        "suggestion": row.suggestion,
        "reads": row.parsed,
        "choice": row.choice,
        "notes": [name for name, flag in NOTES.items() if row.flags & flag],
    }


async def choices(session: AsyncSession, import_id: int) -> dict[int, str]:
    """What was chosen for single duplicates of a list, by row."""
    query = select(ImportRow.n, ImportRow.choice).where(ImportRow.import_id == import_id, ImportRow.choice.is_not(None))
    return {n: choice for n, choice in await session.execute(query) if choice}


async def choose(session: AsyncSession, import_id: int, rows: Sequence[int], choice: str) -> int:
    """Choose for single duplicates of a list; how many of the rows are such."""
    duplicates = ImportRow.result.in_(("duplicate_in_file", "already_here"))
    chosen = await session.execute(
        update(ImportRow)
        .where(ImportRow.import_id == import_id, ImportRow.n.in_(rows), duplicates)
        .values(choice=choice)
        .returning(ImportRow.n)
    )
    return len(chosen.all())


async def forget_rows(session: AsyncSession, import_id: int) -> None:
    """Drop a list's rows: they are about to be written anew."""
    await session.execute(delete(ImportRow).where(ImportRow.import_id == import_id))


async def stream_cells(session: AsyncSession, import_id: int) -> AsyncIterator[tuple[int, list[str]]]:
    """A list's rows as uploaded, in order."""
    query = select(ImportRow.n, ImportRow.cells).where(ImportRow.import_id == import_id, ImportRow.n > 0)
    async for n, cells in await session.stream(query.order_by(ImportRow.n).execution_options(yield_per=5_000)):
        yield n, cells


async def headers_of(session: AsyncSession, import_ids: Sequence[int]) -> dict[int, list[str]]:
    """The headers of lists."""
    query = select(LeadImport.id, LeadImport.header).where(LeadImport.id.in_(import_ids))
    return {row.id: row.header for row in await session.execute(query)}


async def campaign_of(session: AsyncSession, import_id: int) -> tuple[LeadImport, Campaign] | None:
    """A list's head and its campaign."""
    query = select(LeadImport, Campaign).join(Campaign, Campaign.id == LeadImport.campaign_id)
    row = (await session.execute(query.where(LeadImport.id == import_id))).one_or_none()
    return (row[0], row[1]) if row else None


async def find_row(
    session: AsyncSession, import_id: int, n: int
) -> tuple[list[str], list[str], dict[str, str], dict[str, str] | None] | None:
    """Row `n` of a list: the list's header, the row's cells, the columns by field, the readings by field."""
    found = await session.execute(
        select(LeadImport.header, ImportRow.cells, LeadImport.mapping, ImportRow.parsed)
        .join(ImportRow, ImportRow.import_id == LeadImport.id)
        .where(ImportRow.import_id == import_id, ImportRow.n == n)
    )
    row = found.first()
    return (row[0], row[1], row[2], row[3]) if row else None


async def find_fixable(session: AsyncSession, campaign_id: int, header: Sequence[str]) -> int | None:
    """The newest list of a campaign with exactly this header that was imported and fixes no other; its id."""
    query = select(func.max(LeadImport.id)).where(
        LeadImport.campaign_id == campaign_id,
        LeadImport.header == list(header),
        LeadImport.corrects_import_id.is_(None),
    )
    return await session.scalar(query.where(LeadImport.state == "done"))


async def rejected_cells(session: AsyncSession, import_id: int) -> list[tuple[int, list[str]]]:
    """The rejected rows of a list, in order: number and cells."""
    query = select(ImportRow.n, ImportRow.cells).where(ImportRow.import_id == import_id, ImportRow.result == "rejected")
    return [(n, cells) for n, cells in await session.execute(query.order_by(ImportRow.n))]


async def last_row(session: AsyncSession, import_id: int) -> int:
    """The highest row number of a list; 0 where it has no rows."""
    return await session.scalar(select(func.max(ImportRow.n)).where(ImportRow.import_id == import_id)) or 0


async def list_all(session: AsyncSession, campaign_name: str | None = None) -> list[tuple[LeadImport, str]]:
    """Every list, or those of one campaign, oldest first, each with its campaign's name."""
    query = select(LeadImport, Campaign.name).join(Campaign, Campaign.id == LeadImport.campaign_id)
    if campaign_name is not None:
        query = query.where(Campaign.name == campaign_name)
    return [(row[0], row[1]) for row in await session.execute(query.order_by(LeadImport.id))]
