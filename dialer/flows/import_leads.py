"""A list becomes leads of a campaign: every row accounted for, nobody twice, nothing half done.

One transaction; nothing is rung by it. The same file again changes nothing and counts everybody as already here.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import case, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.headers import COLUMNS, Column, NoPhoneColumn, guess_columns
from dialer.domain.hours_group import group_of
from dialer.domain.lead import LeadRow, Rejected, read_row
from dialer.domain.sheet import neutral
from dialer.domain.zones import Zones, zone_of
from dialer.flows.read_list import ListRow, Reading, UnreadableListError
from dialer.store import do_not_call, due
from dialer.store.tables import Campaign, CampaignLead, ImportRow, Lead, LeadImport

BATCH = 2_000
LOCK = 0x1115


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a row, and the lead it holds where it holds one."""

    row: ListRow
    fate: str
    lead: LeadRow | None = None
    reason: str | None = None
    says: str | None = None
    suggestion: str | None = None


@dataclass(slots=True)
class Counts:
    """Exact: rows = imported + duplicate_in_file + already_here + do_not_call + rejected; repaired are imported ones."""

    rows: int = 0
    imported: int = 0
    repaired: int = 0
    duplicate_in_file: int = 0
    already_here: int = 0
    do_not_call: int = 0
    rejected: int = 0
    rejected_by_reason: Counter[str] = field(default_factory=Counter)

    def add(self, fate: Fate) -> None:
        """Count one row."""
        self.rows += 1
        setattr(self, fate.fate, getattr(self, fate.fate) + 1)
        if fate.fate == "imported" and fate.lead is not None and fate.lead.repaired:
            self.repaired += 1
        if fate.reason is not None and fate.fate == "rejected":
            self.rejected_by_reason[fate.reason] += 1

    def as_dict(self) -> dict[str, Any]:
        """The counts by name."""
        names = ("rows", "imported", "repaired", "duplicate_in_file", "already_here", "do_not_call", "rejected")
        return {**{name: getattr(self, name) for name in names}, "rejected_by_reason": dict(self.rejected_by_reason)}


@dataclass(frozen=True, slots=True)
class Imported:
    """An import that was done: its counts, and the rows that need a person."""

    header: tuple[str, ...]
    columns: Mapping[Column, str]
    counts: Counts
    rejected: tuple[Fate, ...]


async def import_leads(
    session: AsyncSession,
    campaign: Campaign,
    reading: Reading,
    *,
    file: str,
    sha256: str,
    by: str,
    mapping: Mapping[str, str] | None = None,
) -> Imported:
    """Import a list into a campaign, in the caller's transaction.

    Raises:
        UnreadableListError: the list has no phone column, no rows, or `mapping` names what is not there.
    """
    columns = _columns(reading.header, mapping or {})
    # One import into a campaign at a time: two at once would each take the other's people for new.
    await session.execute(
        text("SELECT pg_advisory_xact_lock(:lock, :campaign)"), {"lock": LOCK, "campaign": campaign.id}
    )
    seen_before = (
        await session.scalars(
            select(LeadImport).where(LeadImport.campaign_id == campaign.id, LeadImport.sha256 == sha256)
        )
    ).one_or_none()
    record = seen_before or LeadImport(
        campaign_id=campaign.id,
        file=file,
        sha256=sha256,
        header=list(reading.header),
        mapping=dict(columns),
        counts={},
        imported_by=by,
    )
    if seen_before is None:
        session.add(record)
        await session.flush()
    counts, rejected, seen = Counts(), list[Fate](), set[str]()
    while batch := list(islice(reading.rows, BATCH)):
        fates = list(_judge(batch, reading.header, columns, campaign.country, seen))
        fates = await _compare(session, campaign, fates)
        await _write(session, campaign, record.id, fates, again=seen_before is not None)
        for fate in fates:
            counts.add(fate)
            if fate.fate == "rejected":
                rejected.append(fate)
    if not counts.rows:
        raise UnreadableListError("the list has a header and no rows")
    if seen_before is None:
        record.counts = counts.as_dict()
    await session.flush()
    return Imported(reading.header, columns, counts, tuple(rejected))


def _columns(header: Sequence[str], mapping: Mapping[str, str]) -> Mapping[Column, str]:
    guessed = guess_columns(header)
    chosen: dict[Column, str] = {} if isinstance(guessed, NoPhoneColumn) else dict(guessed)
    for name, column in mapping.items():
        wanted = next((each for each in COLUMNS if each == name), None)
        if wanted is None:
            raise UnreadableListError(f"there is no field {name!r} to map; the fields are {', '.join(COLUMNS)}")
        if column not in header:
            raise UnreadableListError(f"the list has no column {column!r}; it has {', '.join(header)}")
        chosen = {field: used for field, used in chosen.items() if used != column}
        chosen[wanted] = column
    if "phone" not in chosen:
        found = ", ".join(header)
        raise UnreadableListError(
            f"no column looks like a phone number (found: {found}); name it with --map phone=COLUMN"
        )
    return chosen


def _judge(
    batch: Sequence[ListRow], header: tuple[str, ...], columns: Mapping[Column, str], country: str, seen: set[str]
) -> Iterator[Fate]:
    for row in batch:
        if row.extra:
            yield Fate(row, "rejected", None, "too_many_cells", "the row has more cells than the header has columns")
            continue
        lead = read_row(dict(zip(header, row.cells, strict=False)), columns, country)
        if isinstance(lead, Rejected):
            yield Fate(row, "rejected", None, lead.reason, lead.says, lead.suggestion)
        elif lead.phone.e164 in seen:
            yield Fate(row, "duplicate_in_file", lead, says=f"{lead.phone.e164} stands in an earlier row")
        else:
            seen.add(lead.phone.e164)
            yield Fate(row, "imported", lead, says="; ".join(lead.repaired) or None)


async def _compare(session: AsyncSession, campaign: Campaign, fates: list[Fate]) -> list[Fate]:
    """Set apart who is in the campaign already and who must not be called."""
    phones = [fate.lead.phone.e164 for fate in fates if fate.fate == "imported" and fate.lead]
    query = (
        select(Lead.phone)
        .join(CampaignLead, CampaignLead.lead_id == Lead.id)
        .where(CampaignLead.campaign_id == campaign.id, Lead.phone.in_(phones))
    )
    here = set((await session.scalars(query)).all())
    listed = await do_not_call.listed(session, phones, campaign.id)
    compared = []
    for fate in fates:
        phone = fate.lead.phone.e164 if fate.fate == "imported" and fate.lead else None
        if phone in here:
            compared.append(Fate(fate.row, "already_here", fate.lead, says=f"{phone} is in this campaign already"))
        elif phone in listed:
            compared.append(Fate(fate.row, "do_not_call", fate.lead, says=f"{phone} is on the do-not-call list"))
        else:
            compared.append(fate)
    return compared


async def _write(session: AsyncSession, campaign: Campaign, import_id: int, fates: list[Fate], *, again: bool) -> None:
    """Store rows and leads; of a list that came before, only what can be imported by now."""
    if again:
        fates = [fate for fate in fates if fate.fate == "imported"]
    if not fates:
        return
    row = insert(ImportRow)
    fresh = {name: row.excluded[name] for name in ("cells", "fate", "reason", "says")}
    await session.execute(
        row.on_conflict_do_update(index_elements=["import_id", "n"], set_=fresh),
        [
            {
                "import_id": import_id,
                "n": fate.row.n,
                "cells": [cell.replace("\0", "") for cell in fate.row.cells],
                "fate": fate.fate,
                "reason": fate.reason,
                "says": fate.says,
            }
            for fate in fates
        ],
    )
    people = {fate.lead.phone.e164: fate for fate in fates if fate.fate == "imported" and fate.lead}
    if not people:
        return
    written = await session.execute(
        _upsert(), [_lead_values(fate.lead) for phone, fate in sorted(people.items()) if fate.lead]
    )
    groups = {row.id: (row.phone, group_of(row.phone, row.state, row.zones)) for row in written}
    ids = await due.ids_of(session, {group for _, group in groups.values()})
    await session.execute(
        insert(CampaignLead).on_conflict_do_nothing(),
        [
            {
                "campaign_id": campaign.id,
                "lead_id": lead_id,
                "import_id": import_id,
                "import_n": people[phone].row.n,
                "hours_id": ids[group],
            }
            for lead_id, (phone, group) in groups.items()
        ],
    )


def _upsert() -> Any:
    """A lead that is known keeps what it has where the new row says nothing; a refusal of consent is kept."""
    statement = insert(Lead)
    new = statement.excluded
    own_zone = (new.zone_source == "column") | (new.zone_source == "state")
    return statement.on_conflict_do_update(
        index_elements=["phone"],
        set_={
            "name": func.coalesce(func.nullif(new.name, ""), Lead.name),
            "email": func.coalesce(new.email, Lead.email),
            "state": func.coalesce(new.state, Lead.state),
            "consent": func.coalesce(new.consent, Lead.consent),
            "consent_source": func.coalesce(new.consent_source, Lead.consent_source),
            "consent_on": func.coalesce(new.consent_on, Lead.consent_on),
            "zones": case((own_zone, new.zones), else_=Lead.zones),
            "zone_source": case((own_zone, new.zone_source), else_=Lead.zone_source),
        },
    ).returning(Lead.id, Lead.phone, Lead.state, Lead.zones)


def _lead_values(lead: LeadRow) -> dict[str, Any]:
    zones = lead.zones or zone_of(lead.phone.e164, None)
    known = zones if isinstance(zones, Zones) else None
    return {
        "phone": lead.phone.e164,
        "name": lead.name or "",
        "email": lead.email,
        "zones": list(known.names) if known else [],
        "zone_source": known.source if known else "unknown",
        "state": lead.state,
        "consent": lead.consent,
        "consent_source": lead.consent_source,
        "consent_on": lead.consent_on,
    }


def file_hash(path: Path) -> str:
    """What tells the same file again.

    Raises:
        UnreadableListError: there is no such file, or it may not be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableListError(f"{path}: {error.strerror or error}") from error


def write_fix_file(path: Path, imported: Imported) -> None:
    """The rejected rows in the marketer's own columns, with `problem` and `suggestion`, to be mended and uploaded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*map(neutral, imported.header), "problem", "suggestion"])
        for fate in imported.rejected:
            writer.writerow(
                [*map(neutral, fate.row.cells), fate.says or fate.reason or "", neutral(fate.suggestion or "")]
            )
