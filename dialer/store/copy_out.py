"""Sheets as CSV, written by the database itself: one COPY, so one snapshot, and no row passes through Python.

What a spreadsheet would run is made text by the same rule as domain.sheet.neutral (a test holds them equal); times are
ISO 8601 with their offset, in UTC or in the lead's or counselor's zone.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.enquiry import FIELDS
from dialer.domain.sheet import OUR_LEAD_COLUMNS, neutral


def neutral_sql(cell: str) -> str:
    """An SQL text expression, with an apostrophe before what a spreadsheet would run."""
    return (
        f"CASE WHEN left({cell}, 1) IN ('=', '+', '-', '@', E'\\t', E'\\r', E'\\n') "
        f"AND {cell} !~ '^(\\+[0-9 ]{{7,24}}|[+-]?[0-9]+(\\.[0-9]+)?)$' THEN '''' || {cell} ELSE {cell} END"
    )


def _utc(moment: str) -> str:
    """A moment in ISO 8601, in UTC; the session's zone is UTC."""
    return f"replace(left({moment}::text, 19), ' ', 'T') || '+00:00'"


def _there(moment: str, zone: str) -> str:
    """A moment in ISO 8601 in a zone, with its offset there and then."""
    offset = f"(({moment}) AT TIME ZONE {zone} - ({moment}) AT TIME ZONE 'UTC')"
    return (
        f"to_char(({moment}) AT TIME ZONE {zone}, 'YYYY-MM-DD\"T\"HH24:MI:SS') || "
        f"CASE WHEN {offset} < interval '0' THEN '-' || to_char(-{offset}, 'HH24:MI') "
        f"ELSE '+' || to_char({offset}, 'HH24:MI') END"
    )


_SAID = """(SELECT call_id, string_agg(CASE who WHEN 'ava' THEN 'AVA: ' ELSE 'Student: ' END || words, E'\\n'
    ORDER BY position) AS words FROM turn GROUP BY call_id)"""
_CALLS = f"""
SELECT c.id, {neutral_sql("k.name")}, c.phone, c.n, c.state, c.outcome, c.carrier, {neutral_sql("c.carrier_sid")},
    {_utc("c.created_at")}, {_utc("c.answered_at")}, {_utc("c.ended_at")}, c.duration_s,
    trim_scale(nullif(coalesce(c.carrier_cost, 0) + coalesce(c.voice_cost, 0), 0)), c.latency_p50_ms,
    {neutral_sql("t.words")}, {neutral_sql("c.recording")}
FROM call c JOIN campaign k ON k.id = c.campaign_id LEFT JOIN {_SAID} t ON t.call_id = c.id
WHERE $1::text IS NULL OR k.name = $1 ORDER BY c.created_at, c.id
"""
_BOOKINGS = f"""
SELECT b.id, {neutral_sql("k.name")}, l.phone, {neutral_sql("l.name")}, {neutral_sql("o.name")},
    {_there("lower(b.during)", "o.zone")}, {_there("upper(b.during)", "o.zone")}, o.zone, b.lead_zone, b.state
FROM booking b JOIN campaign_lead p ON p.id = b.campaign_lead_id JOIN campaign k ON k.id = p.campaign_id
JOIN lead l ON l.id = p.lead_id JOIN counselor o ON o.id = b.counselor_id
WHERE b.state <> 'held' AND ($1::text IS NULL OR k.name = $1) ORDER BY b.during
"""
_TRANSCRIPTS = f"""
SELECT c.id, {neutral_sql("k.name")}, c.phone, c.n, {_utc("t.at")}, t.who, {neutral_sql("t.words")}, t.heard_ms
FROM turn t JOIN call c ON c.id = t.call_id JOIN campaign k ON k.id = c.campaign_id
WHERE $1::text IS NULL OR k.name = $1 ORDER BY c.created_at, c.id, t.position
"""
_DNC = f"""
SELECT d.phone, d.scope, {neutral_sql("d.source")}, {neutral_sql("d.reason")}, {neutral_sql("d.added_by")},
    {_utc("d.added_at")}, extract(day FROM now() - d.added_at)::int
FROM do_not_call d WHERE $1::text IS NULL OR $1::text IS NOT NULL ORDER BY d.id
"""
_ZONE = "coalesce(l.zones[1], 'UTC')"
_DUE = "greatest(p.next_attempt_at, h.opens_at)"
_LEADS = f"""
SELECT /*own*/ l.phone, {neutral_sql("k.name")}, p.state, p.attempts, p.last_outcome,
    CASE WHEN p.state = 'waiting' OR p.state = 'ready' AND {_DUE} > '2000-01-02 00:00+00' THEN {_there(_DUE, _ZONE)} END,
    {neutral_sql("coalesce(h.why, p.why)")}, /*fields*/,
    {_there("lower(b.during)", _ZONE)}, {neutral_sql("o.name")}
FROM campaign_lead p JOIN lead l ON l.id = p.lead_id JOIN campaign k ON k.id = p.campaign_id
LEFT JOIN campaign_hours h ON h.campaign_id = p.campaign_id AND h.hours_id = p.hours_id
    AND p.state IN ('ready', 'waiting') AND p.rank <> 0 AND h.opens_at > p.next_attempt_at
LEFT JOIN import_row r ON r.import_id = p.import_id AND r.n = p.import_n
LEFT JOIN (SELECT id, ARRAY(SELECT array_position(i.header, c) FROM unnest($2::text[]) WITH ORDINALITY AS u(c, place)
    ORDER BY place) AS at FROM lead_import i) i ON i.id = r.import_id
LEFT JOIN (SELECT campaign_lead_id, jsonb_object_agg(field, value ORDER BY id) AS said FROM enquiry_value GROUP BY 1) v
    ON v.campaign_lead_id = p.id
LEFT JOIN booking b ON b.campaign_lead_id = p.id AND b.state = 'booked'
LEFT JOIN counselor o ON o.id = b.counselor_id
WHERE $1::text IS NULL OR k.name = $1 ORDER BY p.id
"""


def _leads(own: Sequence[str]) -> str:
    cells = "".join(f"{neutral_sql(f'r.cells[i.at[{place}]]')}, " for place in range(1, len(own) + 1))
    fields = ", ".join(neutral_sql(f"(v.said->>'{field}')") for field in FIELDS)
    return _LEADS.replace("/*own*/", cells).replace("/*fields*/", fields)


async def copy_csv(session: AsyncSession, what: str, path: Path, header: Sequence[str], campaign: str | None) -> int:
    """Write a sheet to a file, header first, in the caller's transaction; how many rows."""
    raw: Any = (await (await session.connection()).get_raw_connection()).driver_connection
    await raw.execute(
        "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'"
    )
    given: tuple[Any, ...] = (campaign,)
    match what:
        case "calls":
            query = _CALLS
        case "bookings":
            query = _BOOKINGS
        case "transcripts":
            query = _TRANSCRIPTS
        case "leads":
            own = list(header[: len(header) - len(OUR_LEAD_COLUMNS)])
            query, given = _leads(own), (campaign, own)
        case _:
            query = _DNC
    with path.open("wb") as file:
        top = io.StringIO()
        csv.writer(top, lineterminator="\n").writerow([neutral(name) for name in header])
        file.write(top.getvalue().encode())
        done: str = await raw.copy_from_query(query, *given, output=file, format="csv")
    return int(done.rpartition(" ")[2])
