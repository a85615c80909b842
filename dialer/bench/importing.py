"""Import of a list of a million rows, from the file to callable leads, against a bare COPY of the same people.

The yardstick fills the same three tables (rows as uploaded, leads, enrollments), with the same indexes and constraints,
from clean files. The cost per table is reported too.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from dialer.bench.cpu_meter import Spent, command, postmaster, spending
from dialer.bench.harness import BENCH, Environment, Result, bench_environment
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
    """Measure wall and CPU seconds, including the database's, and our peak memory."""
    ours: list[Spent] = []
    copies: list[dict[str, Spent]] = []
    with tempfile.TemporaryDirectory(prefix="dialer-bench-") as folder:
        path = Path(folder) / "list.csv"
        expected = write_list(path, ROWS)
        files = _write_clean(Path(folder))
        for turn in range(ROUNDS):
            say(f"round {turn + 1} of {ROUNDS}: COPY, then the import of {ROWS:,} rows …")
            async with bench_environment() as env:
                copies.append(await _copy(env, files))
            async with bench_environment() as env:
                ours.append(await _import(env, path, expected))
    totals = [sum(copy.values(), Spent()) for copy in copies]
    result = Result("import")
    result.figures = {
        "wall_s": median(spent.wall for spent in ours),
        "cpu_s": median(spent.cpu for spent in ours),
        "cpu_us_per_row": median(spent.cpu for spent in ours) / ROWS * 1e6,
        "peak_mb": max(spent.peak_mb for spent in ours),
    }
    result.yardsticks = {
        "copy_wall_s": median(spent.wall for spent in totals),
        "copy_cpu_s": median(spent.cpu for spent in totals),
        "copy_cpu_us_per_row": median(spent.cpu for spent in totals) / ROWS * 1e6,
        **{f"copy_{table}_cpu_s": median(copy[table].cpu for copy in copies) for table in TABLES},
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


async def _copy(env: Environment, files: dict[str, Path]) -> dict[str, Spent]:
    """COPY clean rows into the tables, one after the other, in one transaction; the commit counts for the last table."""
    first = await postmaster(env)
    async with env.sessions.begin() as session:
        await create_campaign(session, BENCH, "Bench")
    spent = {}
    async with env.sessions() as session:
        raw = await bench.driver_connection(session)
        for table, columns in TABLES.items():
            with spending(first) as copy:
                await raw.copy_to_table(table, source=str(files[table]), columns=columns, format="text")
            spent[table] = copy
        with spending(first) as commit:
            await session.commit()
    spent[table] += commit
    return spent


async def _import(env: Environment, path: Path, expected: dict[str, int]) -> Spent:
    """Import the list with the command line, and check every count."""
    first = await postmaster(env)
    async with env.sessions.begin() as session:
        await create_campaign(session, BENCH, "Bench")
    spent, output = await command(env, first, ["leads", "import", str(path), "--campaign", "Bench", "--json"])
    counts = json.loads(output)
    assert {name: counts[name] for name in expected} == expected, counts
    leads = expected["imported"]
    async with env.sessions() as session:
        for name, rows in (("lead", leads), ("campaign_lead", leads), ("import_row", ROWS)):
            stored = await bench.count_rows(session, name)
            assert stored == rows, f"{stored} rows in {name}, not {rows}"
    return spent
