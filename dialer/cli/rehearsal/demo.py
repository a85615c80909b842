"""`dialer demo`: the main job, start to end, against the simulated world.

A list in, calls made by AVA, meetings and spreadsheets out, in about half a minute, with no account and no key. It
ends with 0 if everyone on the list is accounted for, and with 1 and the reason if not.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dialer.cli.errors import CommandError
from dialer.cli.event_loop import run
from dialer.cli.operator import operator
from dialer.cli.processes.first_account import make_first_account
from dialer.cli.processes.signals import TerminatedError
from dialer.cli.rehearsal.demo_tables import show_bookings, show_held_back, show_leads, show_rejected
from dialer.cli.rehearsal.environment import KOLKATA, Rehearsal, fresh_folder, rehearsal_dialer, working_morning
from dialer.domain.numbers.sample_numbers import SAMPLE_LIST
from dialer.services.campaigns.create import create_campaign
from dialer.services.exports.results import Format, What, export_results
from dialer.services.leads.import_file import ImportReport, NoCampaignError, import_file
from dialer.services.leads.read_file import UnreadableListError
from dialer.settings import Settings, read_settings
from dialer.store.campaigns import campaigns, progress
from dialer.wiring.stores import Store, open_store

CAMPAIGN = "Demo"
CONCURRENCY = 12
PER_SECOND = 5.0
TIMEOUT_S = 240.0
POLL_S = 0.25
EXPORTS: tuple[tuple[What, Format], ...] = (("leads", "csv"), ("leads", "xlsx"), ("calls", "csv"), ("bookings", "csv"))


@dataclass(slots=True)
class Timings:
    """How long each part took, in seconds."""

    parts: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.monotonic)

    def done(self, part: str) -> None:
        """The part that just ended."""
        now = time.monotonic()
        self.parts[part] = now - self._since
        self._since = now

    def line(self) -> str:
        """All of them, and the sum."""
        said = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in self.parts.items())
        return f"{said}; together {sum(self.parts.values()):.1f} s"


def demo(keep: bool, speed: float, leads: Path | None) -> None:
    console = Console(width=None if Console().is_terminal else 140)
    timings = Timings()
    file = leads or SAMPLE_LIST
    if not file.exists():
        raise CommandError(f"{file}: no such file")
    folder = fresh_folder(read_settings().dialer_data_dir.absolute() / "demo")
    console.print("Starting PostgreSQL, Valkey, the dialer, and a simulated carrier with students …")
    try:
        with rehearsal_dialer(folder, speed=speed, start=working_morning(datetime.now(KOLKATA).date())) as rehearsal:
            timings.done("start")
            left = run(_work(rehearsal, file, console, timings))
            if keep:
                _keep(rehearsal.settings, console)
    finally:
        (folder / "running").unlink(missing_ok=True)
    timings.done("stop")
    console.print(f"\nTimings: {timings.line()}")
    if left:
        raise CommandError(left)


async def _work(rehearsal: Rehearsal, file: Path, console: Console, timings: Timings) -> str | None:
    """Import, ring, wait, report; what is not accounted for, in one line."""
    settings = rehearsal.settings
    async with open_store(settings) as store:
        async with store.sessions.begin() as session:
            await create_campaign(session, operator(), CAMPAIGN, concurrency=CONCURRENCY, per_second=PER_SECOND)
        try:
            done = await import_file(store.sessions, operator(), file, CAMPAIGN, data_dir=settings.dialer_data_dir)
        except (UnreadableListError, NoCampaignError) as error:
            raise CommandError(str(error)) from error
        console.print(f"Imported {file.name}: {done.line()}\n")
        timings.done("import")
        async with store.sessions.begin() as session:
            campaign = await campaigns.named(session, CAMPAIGN)
            assert campaign is not None
            await campaigns.move(session, campaign.id, "running")
        left = await _watch(store, campaign.id, console)
        timings.done("calls")
        await _report(store, campaign.id, done, console, settings)
        timings.done("report")
        return left or _uncounted(done)


async def _watch(store: Store, campaign_id: int, console: Console) -> str | None:
    columns = (
        TextColumn("Calls"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    until = time.monotonic() + TIMEOUT_S
    told: set[object] = set()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")
        while True:
            async with store.sessions() as session:
                now = await progress.of_campaign(session, campaign_id, store.clock.now())
            for each in now.ended:
                if each.call_id not in told:
                    told.add(each.call_id)
                    console.print(each.line())
            bar.update(task, total=now.leads, completed=now.settled, description=f"{now.live} live")
            if now.settled == now.leads and not now.live:
                return None
            if time.monotonic() > until:
                return f"{now.leads - now.settled} leads are neither done nor scheduled after {TIMEOUT_S:.0f} s"
            await asyncio.sleep(POLL_S)


async def _report(store: Store, campaign_id: int, done: ImportReport, console: Console, settings: Settings) -> None:
    now: datetime = store.clock.now()
    async with store.sessions() as session:
        await show_leads(session, campaign_id, console)
        await show_bookings(session, campaign_id, console)
        show_rejected(done, console)
        await show_held_back(session, campaign_id, now, console)
        console.print("\n[bold]Files[/bold]")
        for what, form in EXPORTS:
            path = settings.dialer_data_dir / f"{what}.{form}"
            rows = await export_results(session, what, path, form=form, campaign=CAMPAIGN)
            console.print(f"  {path}  ({rows} rows)", soft_wrap=True)
    if done.fix_file:
        console.print(f"  {done.fix_file}  (rejected rows: fix them and upload this file again)", soft_wrap=True)


def _uncounted(done: ImportReport) -> str | None:
    counts = done.imported.counts
    told = counts.imported + counts.duplicate_in_file + counts.already_here + counts.do_not_call + counts.rejected
    return None if told == counts.rows else f"{counts.rows - told} rows of the list are not accounted for"


def _keep(settings: Settings, console: Console) -> None:
    console.print(f"\nStill running: http://127.0.0.1:{settings.dialer_web_port}  (Ctrl-C ends it)")
    if first := make_first_account(settings):
        console.print(first)
    try:
        while True:
            time.sleep(1)
    except (KeyboardInterrupt, TerminatedError):
        console.print("Stopping …")
