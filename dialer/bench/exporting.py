"""A million calls as CSV beside a bare COPY of the same columns, and 200,000 rows as XLSX beside xlsxwriter.

CPU is the process's and the database's, start-up left out on both sides. The yardsticks are a COPY of the same calls' own
columns and of the words said in them, as they lie there; and xlsxwriter in constant_memory over the same cells from a
file of text. Peak memory is that of the command as people run it.
"""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from dialer.bench.cpu_meter import Spent, command, postmaster, spending
from dialer.bench.harness import Ground, Result, campaign_of, ground
from dialer.bench.yardsticks import plain_xlsx
from dialer.services.exports.results import Format, export_results
from dialer.store import bench

CALLS, SHEET = 1_000_000, 200_000
ROUNDS = 3
BARE = (
    "SELECT id, campaign_id, phone, n, state, outcome, carrier, carrier_sid, created_at, answered_at, ended_at, duration_s, "
    "carrier_cost, latency_p50_ms, voice_cost, recording FROM call"
)

SAID = "SELECT call_id, position, speaker, text FROM turn"


async def measure(say: Callable[[str], None]) -> Result:
    """CPU seconds, the database's with them, and our peak memory."""
    csvs: list[Spent] = []
    copies: list[Spent] = []
    sheets: list[Spent] = []
    theirs: list[Spent] = []
    with tempfile.TemporaryDirectory(prefix="dialer-bench-") as name:
        folder = Path(name)
        async with ground() as here:
            first = await postmaster(here)
            say(f"{CALLS:,} calls …")
            await _calls(here)
            for turn in range(ROUNDS):
                say(f"round {turn + 1} of {ROUNDS} …")
                copies.append(await _copy(here, folder))
                csvs.append(await _export(here, folder / "calls.csv", "csv", None, CALLS))
                sheets.append(await _export(here, folder / "calls.xlsx", "xlsx", "Sheet", SHEET))
                await _export(here, folder / "rows.csv", "csv", "Sheet", SHEET)
                with spending(first) as spent:
                    await asyncio.to_thread(plain_xlsx.main, str(folder / "rows.csv"), str(folder / "plain.xlsx"))
                theirs.append(spent)
            say("memory …")
            words = ["calls", "export", "--json", "--output"]
            csv_peak, _ = await command(here, first, [*words, str(folder / "calls.csv")])
            sheet_peak, _ = await command(here, first, [*words, str(folder / "calls.xlsx"), "--campaign", "Sheet"])
    result = Result("export")
    result.figures = {
        "csv_cpu_s": median(each.cpu for each in csvs),
        "csv_wall_s": median(each.wall for each in csvs),
        "csv_peak_mb": csv_peak.peak_mb,
        "xlsx_cpu_s": median(each.cpu for each in sheets),
        "xlsx_wall_s": median(each.wall for each in sheets),
        "xlsx_peak_mb": sheet_peak.peak_mb,
    }
    result.yardsticks = {
        "copy_cpu_s": median(each.cpu for each in copies),
        "xlsxwriter_cpu_s": median(each.cpu for each in theirs),
    }
    result.ratios = {
        "csv_cpu_over_copy": result.figures["csv_cpu_s"] / result.yardsticks["copy_cpu_s"],
        "xlsx_cpu_over_xlsxwriter": result.figures["xlsx_cpu_s"] / result.yardsticks["xlsxwriter_cpu_s"],
    }
    return result


async def _calls(here: Ground) -> None:
    """Calls that have ended, of two campaigns; some with words said."""
    for name, many, start in (("Sheet", SHEET, 0), ("Rest", CALLS - SHEET, SHEET)):
        campaign_id = await campaign_of(here.sessions, name, many, first=start)
        async with here.sessions.begin() as session:
            await bench.add_ended_calls(session, campaign_id)
    async with here.sessions() as session:
        await bench.vacuum(session, "call", "turn")


async def _export(here: Ground, path: Path, form: Format, campaign: str | None, rows: int) -> Spent:
    first = await postmaster(here)
    async with here.sessions() as session:
        await bench.driver_connection(session)  # connected before the clock starts
        with spending(first) as spent:
            assert await export_results(session, "calls", path, form=form, campaign=campaign) == rows
    return spent


async def _copy(here: Ground, folder: Path) -> Spent:
    first = await postmaster(here)
    async with here.sessions() as session:
        raw = await bench.driver_connection(session)
        with spending(first) as spent:
            await raw.copy_from_query(BARE, output=str(folder / "bare.csv"), format="csv")
            await raw.copy_from_query(SAID, output=str(folder / "said.csv"), format="csv")
    return spent
