"""Export of a million calls as CSV against a bare COPY of the same columns, and of 200,000 as XLSX against xlsxwriter.

CPU time is the process's and the database's, without start-up on both sides. The yardsticks are a COPY of the raw columns
of the same calls and of their turns, and xlsxwriter in constant_memory mode over the same cells from a CSV file. Peak
memory is that of the `dialer` command.
"""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from dialer.bench.cpu_meter import Spent, command, postmaster, spending
from dialer.bench.harness import Environment, Result, bench_environment, campaign_of
from dialer.bench.yardsticks import plain_xlsx
from dialer.services.exports.results import Format, export_results
from dialer.store import bench

CALLS, SHEET = 1_000_000, 200_000
ROUNDS = 3
BARE = (
    "SELECT id, campaign_id, phone, n, state, outcome, carrier, carrier_sid, created_at, answered_at, ended_at, duration_s, "
    "carrier_cost, latency_p50_ms, voice_cost, recording FROM call"
)

TURNS = "SELECT call_id, position, speaker, text FROM turn"


async def measure(say: Callable[[str], None]) -> Result:
    """Measure CPU seconds, including the database's, and our peak memory."""
    csvs: list[Spent] = []
    copies: list[Spent] = []
    sheets: list[Spent] = []
    plain_sheets: list[Spent] = []
    with tempfile.TemporaryDirectory(prefix="dialer-bench-") as name:
        folder = Path(name)
        async with bench_environment() as env:
            first = await postmaster(env)
            say(f"{CALLS:,} calls …")
            await _calls(env)
            for turn in range(ROUNDS):
                say(f"round {turn + 1} of {ROUNDS} …")
                copies.append(await _copy(env, folder))
                csvs.append(await _export(env, folder / "calls.csv", "csv", None, CALLS))
                sheets.append(await _export(env, folder / "calls.xlsx", "xlsx", "Sheet", SHEET))
                await _export(env, folder / "rows.csv", "csv", "Sheet", SHEET)
                with spending(first) as spent:
                    await asyncio.to_thread(plain_xlsx.main, str(folder / "rows.csv"), str(folder / "plain.xlsx"))
                plain_sheets.append(spent)
            say("memory …")
            words = ["calls", "export", "--json", "--output"]
            csv_peak, _ = await command(env, first, [*words, str(folder / "calls.csv")])
            sheet_peak, _ = await command(env, first, [*words, str(folder / "calls.xlsx"), "--campaign", "Sheet"])
    result = Result("export")
    result.figures = {
        "csv_cpu_s": median(spent.cpu for spent in csvs),
        "csv_wall_s": median(spent.wall for spent in csvs),
        "csv_peak_mb": csv_peak.peak_mb,
        "xlsx_cpu_s": median(spent.cpu for spent in sheets),
        "xlsx_wall_s": median(spent.wall for spent in sheets),
        "xlsx_peak_mb": sheet_peak.peak_mb,
    }
    result.yardsticks = {
        "copy_cpu_s": median(spent.cpu for spent in copies),
        "xlsxwriter_cpu_s": median(spent.cpu for spent in plain_sheets),
    }
    result.ratios = {
        "csv_cpu_over_copy": result.figures["csv_cpu_s"] / result.yardsticks["copy_cpu_s"],
        "xlsx_cpu_over_xlsxwriter": result.figures["xlsx_cpu_s"] / result.yardsticks["xlsxwriter_cpu_s"],
    }
    return result


async def _calls(env: Environment) -> None:
    """Create ended calls in two campaigns, some with turns."""
    for name, count, start in (("Sheet", SHEET, 0), ("Rest", CALLS - SHEET, SHEET)):
        campaign_id = await campaign_of(env.sessions, name, count, first=start)
        async with env.sessions.begin() as session:
            await bench.add_ended_calls(session, campaign_id)
    async with env.sessions() as session:
        await bench.vacuum(session, "call", "turn")


async def _export(env: Environment, path: Path, form: Format, campaign: str | None, rows: int) -> Spent:
    first = await postmaster(env)
    async with env.sessions() as session:
        await bench.driver_connection(session)  # connect before the measurement
        with spending(first) as spent:
            assert await export_results(session, "calls", path, form=form, campaign=campaign) == rows
    return spent


async def _copy(env: Environment, folder: Path) -> Spent:
    first = await postmaster(env)
    async with env.sessions() as session:
        raw = await bench.driver_connection(session)
        with spending(first) as spent:
            await raw.copy_from_query(BARE, output=str(folder / "bare.csv"), format="csv")
            await raw.copy_from_query(TURNS, output=str(folder / "turns.csv"), format="csv")
    return spent
