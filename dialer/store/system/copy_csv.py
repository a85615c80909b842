"""Sheets as CSV, written by the database itself: one COPY, so one snapshot, and no row passes through Python.

What a spreadsheet would run is made text by the same rule as spreadsheet_safety.escape_formula (a test holds them equal), unless the
cells are on their way into a workbook, where a text is a text; times are ISO 8601 with their offset, in UTC or in the
lead's or counselor's zone.
"""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.leads.spreadsheet_safety import BLANKS, FORMULA, OUR_LEAD_COLUMNS, PLAIN, SIGNS, escape_formula
from dialer.domain.meetings.enquiry import FIELDS

_FIRST = ", ".join(str(ord(each)) for each in SIGNS + BLANKS)


def escape_formula_sql(cell: str) -> str:
    """An SQL text expression, with an apostrophe before what a spreadsheet would run."""
    return (
        f"CASE WHEN ascii({cell}) IN ({_FIRST}) "  # most cells begin otherwise and are matched with no expression
        f"AND {cell} ~ '^(?:{FORMULA})' AND {cell} !~ '^(?:{PLAIN})$' THEN '''' || {cell} ELSE {cell} END"
    )


def as_it_is(cell: str) -> str:
    """The expression itself."""
    return cell


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


# One process: an export takes no core from the calls that go on.
_SETTINGS = """SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL jit = off; SET LOCAL work_mem = '64MB';
SET LOCAL max_parallel_workers_per_gather = 0"""
_Shown: TypeAlias = Callable[[str], str]
_SAID = """(SELECT call_id, string_agg(CASE speaker WHEN 'ava' THEN 'AVA: ' ELSE 'Student: ' END || text, E'\\n'
    ORDER BY position) AS words FROM turn GROUP BY call_id)"""


def _campaigns(text: _Shown) -> str:
    """The campaigns, each name made safe once and not once a row."""
    return f"(SELECT id, name, state, {text('name')} AS shown FROM campaign OFFSET 0) k"


def _calls(text: _Shown) -> str:
    return f"""
SELECT c.id, k.shown, c.phone, c.n, c.state, c.outcome, c.carrier, {text("c.carrier_sid")},
    {_utc("c.created_at")}, {_utc("c.answered_at")}, {_utc("c.ended_at")}, c.duration_s,
    trim_scale(nullif(coalesce(c.carrier_cost, 0) + coalesce(c.voice_cost, 0), 0)), c.latency_p50_ms,
    {text("t.words")}, {text("c.recording")}
FROM call c JOIN {_campaigns(text)} ON k.id = c.campaign_id LEFT JOIN {_SAID} t ON t.call_id = c.id
WHERE $1::text IS NULL OR k.name = $1 ORDER BY c.created_at, c.id
"""


def _bookings(text: _Shown) -> str:
    return f"""
SELECT b.id, k.shown, l.phone, {text("l.name")}, {text("o.name")},
    {_there("lower(b.during)", "o.zone")}, {_there("upper(b.during)", "o.zone")}, o.zone, b.lead_zone, b.state
FROM booking b JOIN campaign_lead p ON p.id = b.campaign_lead_id JOIN {_campaigns(text)} ON k.id = p.campaign_id
JOIN lead l ON l.id = p.lead_id JOIN counselor o ON o.id = b.counselor_id
WHERE b.state <> 'held' AND ($1::text IS NULL OR k.name = $1) ORDER BY b.during
"""


def _transcripts(text: _Shown) -> str:
    return f"""
SELECT c.id, k.shown, c.phone, c.n, {_utc("t.at")}, t.speaker, {text("t.text")}, t.heard_ms
FROM turn t JOIN call c ON c.id = t.call_id JOIN {_campaigns(text)} ON k.id = c.campaign_id
WHERE $1::text IS NULL OR k.name = $1 ORDER BY c.created_at, c.id, t.position
"""


def _dnc(text: _Shown) -> str:
    return f"""
SELECT d.phone, d.scope, {text("d.source")}, {text("d.reason")}, {text("d.added_by")},
    {_utc("d.added_at")}, extract(day FROM now() - d.added_at)::int
FROM do_not_call d ORDER BY d.id
"""


_ZONE = "coalesce(l.zones[1], 'UTC')"
_IS_STOPPED = "(k.state = 'stopped' AND p.state IN ('ready', 'waiting'))"
_DUE = "greatest(p.next_attempt_at, h.opens_at)"


def _leads(text: _Shown, own: Sequence[str]) -> str:
    cells = "".join(f"{text(f'r.cells[i.at[{place}]]')}, " for place in range(1, len(own) + 1))
    fields = ", ".join(text(f"(v.said->>'{field}')") for field in FIELDS)
    why = text(f"CASE WHEN {_IS_STOPPED} THEN 'the campaign is stopped' ELSE coalesce(h.reason, p.why) END")
    return f"""
SELECT {cells}l.phone, k.shown, p.state, p.attempts, p.last_outcome,
    CASE WHEN {_IS_STOPPED} THEN NULL
        WHEN p.state = 'waiting' OR p.state = 'ready' AND {_DUE} > '2000-01-02 00:00+00' THEN {_there(_DUE, _ZONE)} END,
    {why}, {fields},
    {_there("lower(b.during)", _ZONE)}, {text("o.name")}
FROM campaign_lead p JOIN lead l ON l.id = p.lead_id JOIN {_campaigns(text)} ON k.id = p.campaign_id
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


async def copy_csv(
    session: AsyncSession,
    what: str,
    path: Path,
    header: Sequence[str],
    campaign: str | None,
    text: _Shown = escape_formula_sql,
) -> int:
    """Write a sheet to a file, header first, in the caller's transaction; how many rows."""
    raw: Any = (await (await session.connection()).get_raw_connection()).driver_connection
    await raw.execute(_SETTINGS)
    given: tuple[Any, ...] = (campaign,)
    match what:
        case "calls":
            query = _calls(text)
        case "bookings":
            query = _bookings(text)
        case "transcripts":
            query = _transcripts(text)
        case "leads":
            own = list(header[: len(header) - len(OUR_LEAD_COLUMNS)])
            query, given = _leads(text, own), (campaign, own)
        case _:
            query, given = _dnc(text), ()
    with path.open("wb") as file:
        top = io.StringIO()
        csv.writer(top, lineterminator="\n").writerow(
            [escape_formula(name) if text is escape_formula_sql else name for name in header]
        )
        file.write(top.getvalue().encode())
        done: str = await raw.copy_from_query(query, *given, output=file, format="csv")
    return int(done.rpartition(" ")[2])
