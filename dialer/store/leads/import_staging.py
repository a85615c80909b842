"""Lots of a list on their way in: a COPY into a temporary table, then whole sets at once, sorted as the indexes are.

All in the caller's transaction, over its own connection: a process that dies in the middle leaves nothing.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.leads.do_not_call import ACCOUNT, campaign_scope

ROW_COLUMNS = ("import_id", "n", "cells", "result", "reason", "message", "suggestion", "parsed", "flags")

_PREPARE = """
CREATE TEMP TABLE arriving (n int, phone text, name text, email text, zones text[], zone_source text, state text,
    consent bool, consent_source text, consent_on date, grp int) ON COMMIT DROP;
CREATE TEMP TABLE arriving_row (LIKE import_row INCLUDING DEFAULTS) ON COMMIT DROP;
SET LOCAL jit = off
"""
_PERSON = "name, email, zones, zone_source, state, consent, consent_source, consent_on"

# Sorted by phone: the unique index is then filled page by page, and two imports cannot wait for one another crosswise.
_PLACE = f"""
WITH fresh AS (
    INSERT INTO lead (phone, {_PERSON}, import_id)
    SELECT phone, {_PERSON}, $2 FROM arriving WHERE phone <> ALL($4::text[]) ORDER BY phone
    ON CONFLICT (phone) DO NOTHING RETURNING id, phone
), placed AS (
    INSERT INTO campaign_lead (campaign_id, lead_id, import_id, import_n, hours_id)
    SELECT $1, f.id, $2, a.n, ($3::int[])[a.grp] FROM fresh f JOIN arriving a ON a.phone = f.phone RETURNING import_n
) SELECT n FROM arriving a WHERE NOT EXISTS (SELECT FROM placed p WHERE p.import_n = a.n)
"""  # noqa: S608 - made of constants

_LISTED = """
SELECT n, phone FROM arriving a
WHERE (SELECT true FROM do_not_call d WHERE d.phone = a.phone AND d.scope = ANY($1::text[]) LIMIT 1)
"""

_KNOWN = """
SELECT a.n, l.id AS lead_id, c.id AS place_id, c.import_id, c.import_n,
       CASE WHEN $3 THEN (SELECT r.cells FROM import_row r WHERE (r.import_id, r.n) = (c.import_id, c.import_n)) END AS cells
FROM arriving a JOIN lead l ON l.phone = a.phone
LEFT JOIN campaign_lead c ON c.campaign_id = $1 AND c.lead_id = l.id
WHERE $2::int[] IS NULL OR a.n = ANY($2::int[])
"""

_ELSEWHERE = """
SELECT k.name, count(*) AS people FROM arriving a JOIN lead l ON l.phone = a.phone
JOIN campaign_lead c ON c.lead_id = l.id JOIN campaign k ON k.id = c.campaign_id
WHERE c.campaign_id <> $1 AND a.n = ANY($2::int[]) GROUP BY 1
"""

# What is known of a person stays where the new row says nothing; a zone gives way only to one that was told.
_TOLD = "a.zone_source IN ('column', 'state')"
_FRESH = f"""
name = coalesce(nullif(a.name, ''), l.name), email = coalesce(a.email, l.email),
email_by_voice = l.email_by_voice AND a.email IS NULL, state = coalesce(a.state, l.state),
consent = coalesce(a.consent, l.consent), consent_source = coalesce(a.consent_source, l.consent_source),
consent_on = coalesce(a.consent_on, l.consent_on), zones = CASE WHEN {_TOLD} THEN a.zones ELSE l.zones END,
zone_source = CASE WHEN {_TOLD} THEN a.zone_source ELSE l.zone_source END
"""
_BLANKS = f"""
name = coalesce(nullif(l.name, ''), a.name), email = coalesce(l.email, a.email), state = coalesce(l.state, a.state),
consent = coalesce(l.consent, a.consent), consent_source = coalesce(l.consent_source, a.consent_source),
consent_on = coalesce(l.consent_on, a.consent_on),
zones = CASE WHEN {_TOLD} AND l.zone_source NOT IN ('column', 'state') THEN a.zones ELSE l.zones END,
zone_source = CASE WHEN {_TOLD} AND l.zone_source NOT IN ('column', 'state') THEN a.zone_source ELSE l.zone_source END
"""
_REMEMBER = """
INSERT INTO import_change (import_id, lead_id, before)
SELECT $1, l.id, to_jsonb(l) - 'id' - 'phone' - 'created_at' - 'import_id'
FROM lead l JOIN arriving a ON a.phone = l.phone WHERE a.n = ANY($2::int[]) ORDER BY l.id
"""
_JOIN = """
INSERT INTO campaign_lead (campaign_id, lead_id, import_id, import_n, hours_id)
SELECT $1, l.id, $2, a.n, coalesce((SELECT o.hours_id FROM campaign_lead o WHERE o.lead_id = l.id AND o.hours_id <> 0 LIMIT 1), 0)
FROM arriving a JOIN lead l ON l.phone = a.phone WHERE a.n = ANY($3::int[]) ORDER BY l.id
"""


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody of a lot who is known: their row, their lead, their place in the campaign and the row it came from."""

    n: int
    lead_id: int
    place_id: int | None
    import_id: int | None
    import_n: int | None
    cells: Sequence[str] | None


class ImportStaging:
    """One list's way into the tables, in its caller's transaction."""

    def __init__(self, connection: Any, campaign_id: int, import_id: int) -> None:
        self._connection, self._campaign, self._import = connection, campaign_id, import_id
        self._scopes = [ACCOUNT, campaign_scope(campaign_id)]
        self._some_listed = False

    @classmethod
    async def open(cls, session: AsyncSession, campaign_id: int, import_id: int) -> "ImportStaging":
        """Make ready; the transaction must have begun."""
        raw = (await (await session.connection()).get_raw_connection()).driver_connection
        landing = cls(raw, campaign_id, import_id)
        await landing._connection.execute(_PREPARE)
        landing._some_listed = await landing._connection.fetchval(
            "SELECT EXISTS (SELECT FROM do_not_call WHERE scope = ANY($1::text[]))", landing._scopes
        )
        return landing

    async def stage(self, lines: bytes) -> None:
        """Take the lines of a lot's candidates in place of those before."""
        await self._connection.execute("TRUNCATE arriving")
        await self._copy("arriving", lines, None)

    async def listed(self) -> dict[int, str]:
        """The staged rows whose numbers must not be called: row number to phone."""
        if not self._some_listed:
            return {}
        return {row["n"]: row["phone"] for row in await self._connection.fetch(_LISTED, self._scopes)}

    async def place(self, hours: Sequence[int], but: Sequence[str]) -> list[int]:
        """Bring in everybody new, those phones left out; the rows that were not imported."""
        rows = await self._connection.fetch(_PLACE, self._campaign, self._import, list(hours), list(but))
        return [row["n"] for row in rows]

    async def known(self, rows: Sequence[int] | None, *, cells: bool = False) -> list[Known]:
        """Who of these staged rows (None: of all) is a lead already; with the cells of their place's row."""
        wanted = None if rows is None else list(rows)
        return [Known(**row) for row in await self._connection.fetch(_KNOWN, self._campaign, wanted, cells)]

    async def elsewhere(self, rows: Sequence[int]) -> dict[str, int]:
        """In which other campaigns the people of these rows are."""
        found = await self._connection.fetch(_ELSEWHERE, self._campaign, list(rows))
        return {row["name"]: row["people"] for row in found}

    async def join(self, rows: Sequence[int]) -> None:
        """Give known leads a place in the campaign; what their rows say of them is taken, what it was is kept for undo."""
        await self.tell(rows, _FRESH)
        await self._connection.execute(_JOIN, self._campaign, self._import, list(rows))

    async def tell(self, rows: Sequence[int], how: str) -> None:
        """Change known leads by their staged rows; what they were is kept for undo."""
        await self._connection.execute(_REMEMBER, self._import, list(rows))
        await self._connection.execute(
            f"UPDATE lead l SET {how} FROM arriving a WHERE a.phone = l.phone AND a.n = ANY($1::int[])",  # noqa: S608 - of ours
            list(rows),
        )

    async def fill(self, rows: Sequence[int]) -> None:
        """Fill what is blank of known leads from their staged rows."""
        await self.tell(rows, _BLANKS)

    async def overwrite(self, rows: Sequence[int]) -> None:
        """Change known leads to what their staged rows say."""
        await self.tell(rows, _FRESH)

    async def repoint(self, places: Sequence[tuple[int, int, int | None, int | None, int]]) -> None:
        """Let places (id, lead, the list and row they came from, the new row) speak by other rows of this list."""
        await self._connection.executemany(
            "INSERT INTO import_change (import_id, lead_id, campaign_lead_id, before) VALUES ($1, $2, $3, "
            "jsonb_build_object('import_id', $4::bigint, 'import_n', $5::int))",
            [(self._import, lead, place, old, n) for place, lead, old, n, _ in places if old != self._import],
        )
        await self._connection.executemany(
            "UPDATE campaign_lead SET import_id = $1, import_n = $2 WHERE id = $3",
            [(self._import, new, place) for place, _, _, _, new in places],
        )

    async def keep_rows(self, lines: bytes, *, over: bool) -> None:
        """Store rows; `over` takes them where rows of the same number may stand."""
        if not over:
            await self._copy("import_row", lines, ROW_COLUMNS)
            return
        await self._connection.execute("TRUNCATE arriving_row")
        await self._copy("arriving_row", lines, ROW_COLUMNS)
        names = ", ".join(ROW_COLUMNS)
        fresh = ", ".join(f"{name} = excluded.{name}" for name in ROW_COLUMNS[2:])
        await self._connection.execute(
            f"INSERT INTO import_row ({names}) SELECT {names} FROM arriving_row "  # noqa: S608 - constants
            f"ON CONFLICT (import_id, n) DO UPDATE SET {fresh}"
        )

    async def _copy(self, table: str, lines: bytes, columns: Sequence[str] | None) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(lines), 1 << 18):
                yield lines[start : start + (1 << 18)]

        await self._connection.copy_to_table(table, source=pieces(), columns=columns, format="text")
