"""A million rows of a list, from the file to leads that can be called, beside a bare COPY of the same people.

The yardstick fills the same three tables with the same indexes and constraints (the rows as uploaded, the people, their
places in the campaign) from files that need no thought. What of it is the people's table alone is told too.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from dialer.bench.cpu_meter import Spent, command, postmaster, spending
from dialer.bench.harness import BENCH, Ground, Result, ground
from dialer.bench.lists import clean_rows, write_list
from dialer.services.campaigns.create import create_campaign
from dialer.store import bench

ROWS = 1_000_000
ROUNDS = 3
TABLES = {
    "lead": ("phone", "name", "zones", "zone_source"),
    "import_row": ("import_id", "n", "cells", "result", "flags"),
    "campaign_lead": ("campaign_id", "lead_id", "import_id", "import_n", "hours_id"),
}


async def measure(say: Callable[[str], None]) -> Result:
    """Wall and CPU seconds, the database's with them, and our peak memory."""
    ours: list[Spent] = []
    copies: list[dict[str, Spent]] = []
    with tempfile.TemporaryDirectory(prefix="dialer-bench-") as folder:
        path = Path(folder) / "list.csv"
        fates = write_list(path, ROWS)
        files = _write_clean(Path(folder))
        for turn in range(ROUNDS):
            say(f"round {turn + 1} of {ROUNDS}: COPY, then the import of {ROWS:,} rows …")
            async with ground() as here:
                copies.append(await _copy(here, files))
            async with ground() as here:
                ours.append(await _import(here, path, fates))
    whole = [sum(each.values(), Spent()) for each in copies]
    result = Result("import")
    result.figures = {
        "wall_s": median(each.wall for each in ours),
        "cpu_s": median(each.cpu for each in ours),
        "cpu_us_per_row": median(each.cpu for each in ours) / ROWS * 1e6,
        "peak_mb": max(each.peak_mb for each in ours),
    }
    result.yardsticks = {
        "copy_wall_s": median(each.wall for each in whole),
        "copy_cpu_s": median(each.cpu for each in whole),
        "copy_cpu_us_per_row": median(each.cpu for each in whole) / ROWS * 1e6,
        **{f"copy_{table}_cpu_s": median(each[table].cpu for each in copies) for table in TABLES},
    }
    result.ratios = {
        "wall_over_copy": result.figures["wall_s"] / result.yardsticks["copy_wall_s"],
        "cpu_over_copy": result.figures["cpu_s"] / result.yardsticks["copy_cpu_s"],
    }
    return result


def _write_clean(folder: Path) -> dict[str, Path]:
    files = {table: folder / f"{table}.copy" for table in TABLES}
    opened = [path.open("w", encoding="utf-8") for path in files.values()]
    for lines in clean_rows(ROWS):
        for file, line in zip(opened, lines, strict=True):
            file.write(line)
    for file in opened:
        file.close()
    return files


async def _copy(here: Ground, files: dict[str, Path]) -> dict[str, Spent]:
    """COPY clean rows into the tables, one after the other, in one transaction; the commit counts with the last."""
    first = await postmaster(here)
    async with here.sessions.begin() as session:
        await create_campaign(session, BENCH, "Bench")
    spent = {}
    async with here.sessions() as session:
        raw = await bench.driver_connection(session)
        for table, columns in TABLES.items():
            with spending(first) as each:
                await raw.copy_to_table(table, source=str(files[table]), columns=columns, format="text")
            spent[table] = each
        with spending(first) as commit:
            await session.commit()
    spent[table] += commit
    return spent


async def _import(here: Ground, path: Path, fates: dict[str, int]) -> Spent:
    """Import the list as people do, and hold every count against what it must be."""
    first = await postmaster(here)
    async with here.sessions.begin() as session:
        await create_campaign(session, BENCH, "Bench")
    spent, said = await command(here, first, ["leads", "import", str(path), "--campaign", "Bench", "--json"])
    counts = json.loads(said)
    assert {name: counts[name] for name in fates} == fates, counts
    async with here.sessions() as session:
        for name, rows in (("lead", fates["imported"]), ("campaign_lead", fates["imported"]), ("import_row", ROWS)):
            stored = await bench.count_rows(session, name)
            assert stored == rows, f"{stored} rows in {name}, not {rows}"
    return spent
