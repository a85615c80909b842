"""A campaign in a rehearsal's own database: everything its decisions depend on, row for row, and nothing that reaches out.

Rows keep their ids (COPY writes identity columns as they are), so what the rehearsal says of a lead is said of that lead.
What is left behind: accounts, hooks, feeds, letters, recordings, transcripts, the addresses of counselors' own calendars.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.calling.call import LIVE
from dialer.store import tables
from dialer.store.calls import costs
from dialer.store.tables import Base, Campaign

_OPEN = "p.state IN ('ready', 'waiting')"
_LIVE = ", ".join(f"'{state}'" for state in LIVE)
# So many of the waiting leads, spread evenly over the order in which they would be called; all of them where they are few.
_CHOOSE = f"""
SELECT lead_id, place, many FROM (
    SELECT p.lead_id, row_number() OVER (ORDER BY p.rank, p.next_attempt_at, p.id) AS place, count(*) OVER () AS many
    FROM campaign_lead p JOIN lead l ON l.id = p.lead_id
    WHERE p.campaign_id = :campaign AND {_OPEN}
      AND NOT EXISTS (SELECT FROM call c WHERE c.phone = l.phone AND c.state IN ({_LIVE}))
) AS open WHERE place * :most / many <> (place - 1) * :most / many OR many <= :most ORDER BY place
"""  # noqa: S608 - made of constants
_MEETINGS = """
SELECT id, campaign_lead_id FROM booking
WHERE state IN ('held', 'booked') AND (held_until IS NULL OR held_until > now()) AND upper(during) > :now
"""
# $1 the campaign, $2 its chosen leads, $3 the meetings that take counselors' time.
_MEANT = "p.lead_id = ANY($2::bigint[])"
_PLACES = f"SELECT p.id FROM campaign_lead p WHERE {_MEANT}"  # noqa: S608 - made of constants
_TAKEN = "(SELECT campaign_lead_id FROM booking WHERE id = ANY($3::uuid[]))"
_CALLS = f"campaign_lead_id IN ({_PLACES}) AND state = 'ended'"

_KINDS = ((1, "bigint"), (2, "bigint[]"), (3, "uuid[]"))
_Changed = Mapping[str, str]
_PLAN: Sequence[tuple[type[Base], str, _Changed]] = (
    (tables.Script, "true", {}),
    (tables.HoursGroup, "true", {}),
    (tables.Price, "true", {}),
    (tables.Registry, "true", {}),
    (tables.KillSwitch, "true", {}),
    (
        tables.Counselor,
        "true",
        {"email": "NULL", "calendar_url": "NULL", "calendar_fault": "NULL", "feed_version": "0"},
    ),
    (tables.CounselorHours, "true", {}),
    (tables.TimeOff, "true", {}),
    (tables.BusyTime, "true", {}),
    (
        Campaign,
        "true",
        {
            "state": "CASE WHEN id = $1 THEN 'draft' ELSE 'stopped' END",
            "state_reason": "NULL",
            "voice_checked_at": "NULL",
        },
    ),
    (
        tables.LeadImport,
        f"id IN (SELECT p.import_id FROM campaign_lead p WHERE {_MEANT})",  # noqa: S608 - made of constants
        {},
    ),
    (
        tables.ImportRow,
        f"(import_id, n) IN (SELECT p.import_id, p.import_n FROM campaign_lead p WHERE {_MEANT})",  # noqa: S608 - made of constants
        {},
    ),
    (
        tables.Lead,
        f"id = ANY($2::bigint[]) OR id IN (SELECT p.lead_id FROM campaign_lead p WHERE p.id IN {_TAKEN})",  # noqa: S608 - made of constants
        {},
    ),
    (
        tables.Enrollment,
        f"id IN ({_PLACES}) OR id IN {_TAKEN}",
        {"state": "CASE WHEN campaign_id = $1 AND lead_id = ANY($2::bigint[]) THEN state ELSE 'done' END"},
    ),
    (
        tables.Call,
        _CALLS,
        {"token_hash": "NULL", "recording": "NULL", "carrier_cost": "coalesce(carrier_cost, 0)"},
    ),
    (tables.EnquiryValue, f"call_id IN (SELECT id FROM call WHERE {_CALLS})", {}),  # noqa: S608 - made of constants
    (tables.Booking, "id = ANY($3::uuid[])", {"call_id": "NULL"}),
    (tables.DoNotCall, "phone IN (SELECT phone FROM lead WHERE id = ANY($2::bigint[]))", {}),
)


@dataclass(frozen=True, slots=True)
class Copied:
    """How many leads are rehearsed with, of how many that wait."""

    leads: int
    of: int


async def copy_campaign(here: AsyncSession, there: AsyncSession, campaign_id: int, most: int, now: datetime) -> Copied:
    """Copy a campaign and at most so many of its waiting leads; `now` is the lived moment. `there` is a new database."""
    await here.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    rows = (await here.execute(text(_CHOOSE), {"campaign": campaign_id, "most": most})).all()
    meetings = (await here.execute(text(_MEETINGS), {"now": now})).all()
    given = (campaign_id, [row.lead_id for row in rows], [row.id for row in meetings])
    await there.execute(text(f"TRUNCATE {', '.join(_name(table) for table, _, _ in _PLAN)} CASCADE"))
    source, target = await _raw(here), await _raw(there)
    for table, which, changed in _PLAN:
        await _copy(source, target, _table(table), which, changed, given)
    await _keep_cap(here, there, campaign_id)
    return Copied(len(rows), rows[0].many if rows else 0)


async def _copy(source: Any, target: Any, table: Table, which: str, changed: _Changed, given: tuple[Any, ...]) -> None:
    columns = [column.name for column in table.columns]
    shown = ", ".join(f"{changed[each]} AS {each}" if each in changed else f'"{each}"' for each in columns)
    used = max((n for n in (1, 2, 3) if f"${n}" in which + shown), default=0)
    # COPY takes no parameter that its query does not name; those before the last one used are named in passing.
    passing = " AND ".join(f"${n}::{kind} IS NOT NULL" for n, kind in _KINDS[:used])
    where = f"({which}) AND {passing}" if passing else which
    rows = io.BytesIO()
    query = f'SELECT {shown} FROM "{table.name}" WHERE {where}'  # noqa: S608 - made of constants
    await source.copy_from_query(query, *given[:used], output=rows, format="binary")
    rows.seek(0)
    await target.copy_to_table(table.name, source=rows, columns=columns, format="binary")
    if "id" in columns and table.columns["id"].identity is not None:
        await target.execute(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), coalesce(max(id), 0) + 1, false) "  # noqa: S608 - made of constants
            f'FROM "{table.name}"'
        )


async def _keep_cap(here: AsyncSession, there: AsyncSession, campaign_id: int) -> None:
    """What is left of the spend cap there is what is left of it here: not all calls are copied."""
    mine, copy = await here.get_one(Campaign, campaign_id), await there.get_one(Campaign, campaign_id)
    if mine.spend_cap is not None:
        used, used_there = await costs.of_campaign(here, mine), await costs.of_campaign(there, copy)
        copy.spend_cap = mine.spend_cap - used.committed + used_there.committed


async def _raw(session: AsyncSession) -> Any:
    return (await (await session.connection()).get_raw_connection()).driver_connection


def _table(mapped: type[Base]) -> Table:
    found = mapped.__table__
    assert isinstance(found, Table)
    return found


def _name(mapped: type[Base]) -> str:
    return f'"{_table(mapped).name}"'
