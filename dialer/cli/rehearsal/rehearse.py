"""`dialer campaign rehearse NAME`: the campaign's own list, called by the real dialer in a simulated world, on a fast clock.

The scheduler, the rules, the bridge, AVA's tools and SQL are those of the live dialer; carriers, voices and students are
simulated, on this machine's loopback, in databases of its own that are thrown away. The clock runs as fast as the
students talk, and jumps from one round of tries to the next.
"""

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.processes.up import Children, all_up
from dialer.cli.rehearsal.environment import fresh_folder, prepared_environment
from dialer.cli.rehearsal.report import show
from dialer.isolated.parent import end_with_parent
from dialer.services.campaigns.forecast import forecast
from dialer.settings import Settings
from dialer.store.campaigns import campaigns, progress, rehearsals
from dialer.store.campaigns.rehearsal_copy import Copied, copy_campaign
from dialer.store.tables import Campaign
from dialer.wiring.accounts import has_credentials
from dialer.wiring.carriers import make_carriers
from dialer.wiring.environment import clean_environment, settings_environment
from dialer.wiring.stores import Store, open_store

SPEED = 8.0
POLL_S = 0.3
SOON = timedelta(minutes=2)
STALLED_S = 20.0
"""Nothing moved for so long, and nobody talks: what is left is held back by something that does not pass by itself."""
Json = dict[str, Any]
T = TypeVar("T")
Watch = Callable[[int, int], Awaitable[None]]


def rehearse(name: str, leads: int, rounds: int, start: str | None, within: int, as_json: bool, steps: bool) -> None:
    end_with_parent()
    os.nice(10)  # calls that go on here go first
    began = _moment(start) if start else None

    async def watch(done: int, total: int) -> None:
        if steps:
            click.echo(json.dumps({"done": done, "total": total}))

    async def work(settings: Settings, store: Store) -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        with _folder(settings.dialer_data_dir.absolute() / "rehearsal") as folder:
            result = await _rehearse(settings, store, name, folder, (leads, rounds, began, within), watch)
        if steps:
            people = [{key: each[key] for key in each if key != "gate"} for each in result["people"]]
            click.echo(json.dumps({"result": result | {"people": people}}, ensure_ascii=False))
            return
        if as_json:
            click.echo(json.dumps(result, ensure_ascii=False))
            return
        async with store.sessions() as session:
            names = await rehearsals.names_of(session, [each["lead_id"] for each in result["people"]])
        show(result, names, settings.dialer_zone, Console())

    try:
        with_store(work)
    except asyncio.CancelledError as error:
        raise CommandError("stopped; nothing of it is left") from error


async def _rehearse(
    settings: Settings,
    store: Store,
    name: str,
    folder: Path,
    how: tuple[int, int, datetime | None, int],
    watch: Watch,
) -> Json:
    most, rounds, began, within = how
    until = time.monotonic() + within
    async with store.sessions() as session:
        campaign = await campaigns.named(session, name)
        if campaign is None:
            raise CommandError(f"there is no campaign {name!r}; see: dialer campaign status")
        now = store.clock.now()
        if began is None:
            look = await forecast(session, campaign, make_carriers(settings), now, settings.dialer_zone)
            began = look.opens_at or now
    carriers = [each for each, has in has_credentials(settings).items() if has] or ["twilio"]
    if campaign.carrier and campaign.carrier not in carriers:
        carriers.append(campaign.carrier)
    with ExitStack() as stack:
        served, _ = await _entered(stack, prepared_environment(folder, speed=SPEED, carriers=carriers))
        copied = await _copy(store, served, campaign.id, most, now)
        if not copied.leads:
            raise CommandError(f"no lead of {name!r} is waiting to be called; import a list first")
        told_rounds = await _rounds(served, campaign.id, began, rounds, until, watch)
        async with open_store(served) as copy, copy.sessions() as session:
            result = await rehearsals.results(session, campaign.id, began)
    return {
        "campaign": name,
        "campaign_id": campaign.id,
        "leads": copied.leads,
        "of": copied.of,
        "carriers": carriers,
        "rounds": told_rounds,
        "policy": campaigns.timing_of(campaign),
        **result,
        "took_s": round(within - (until - time.monotonic()), 1),
    }


async def _copy(store: Store, served: Settings, campaign_id: int, most: int, now: datetime) -> Copied:
    """The campaign in the rehearsal's database, set running."""
    async with open_store(served) as copy, store.sessions() as here, copy.sessions.begin() as there:
        copied = await copy_campaign(here, there, campaign_id, most, now)
        await campaigns.move(there, campaign_id, "running")
    return copied


async def _rounds(
    served: Settings, campaign_id: int, began: datetime, most: int, until: float, watch: Watch
) -> list[Json]:
    """Ring, round by round: each begins at the moment at which the next leads are due."""
    found: list[Json] = []
    at: datetime | None = began
    while at is not None and sum(each["calls"] > 0 for each in found) < most and time.monotonic() < until:
        moved = served.model_copy(update={"dialer_clock": f"{at.isoformat()}@{SPEED:g}"})
        with ExitStack() as stack:
            children = await _entered(stack, all_up(moved, {**clean_environment(), **settings_environment(moved)}))
            stack.push(partial(_killed, children))
            async with open_store(moved) as copy:
                calls, whole = await _ring(copy, campaign_id, until, watch)
                async with copy.sessions() as session:
                    following = await rehearsals.next_round(session, campaign_id, copy.clock.now())
        found.append({"at": at.isoformat(), "calls": calls, "whole": whole})
        at = following if whole else None
    return found


def _killed(children: Children, kind: object, *_: object) -> None:
    """Who stops us does not wait until simulated students have said goodbye."""
    if kind is not None:
        children.kill()


async def _ring(copy: Store, campaign_id: int, until: float, watch: Watch) -> tuple[int, bool]:
    """Wait for a round's end: how many calls it had, and whether everybody who was due was called."""
    first = moved_at = None
    before: object = None
    while True:
        async with copy.sessions() as session:
            now = await progress.of_campaign(session, campaign_id, copy.clock.now() + SOON)
            campaign = await session.get_one(Campaign, campaign_id)
        first = len(now.ended) if first is None else first
        if (now.settled, now.live, len(now.ended)) != before:
            before, moved_at = (now.settled, now.live, len(now.ended)), time.monotonic()
            await watch(now.settled, now.leads)
        over = now.settled == now.leads or campaign.state != "running"
        stalled = moved_at is not None and time.monotonic() - moved_at > STALLED_S
        if not now.live and (over or stalled):
            return len(now.ended) - first, over
        if time.monotonic() > until:
            return len(now.ended) - first, False
        await asyncio.sleep(POLL_S)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--at needs a time such as 2026-12-01T11:00+05:30, not {text!r}") from error
    if moment.tzinfo is None:
        raise click.UsageError(f"--at needs a UTC offset, as in {text}+05:30")
    return moment


async def _entered(stack: ExitStack, context: AbstractContextManager[T]) -> T:
    """What is entered beside the loop, and left with the stack, also where somebody stops us meanwhile."""
    entering = asyncio.ensure_future(asyncio.to_thread(stack.enter_context, context))
    try:
        return await asyncio.shield(entering)
    except asyncio.CancelledError:
        await asyncio.gather(entering, return_exceptions=True)
        raise


@contextmanager
def _folder(folder: Path) -> Iterator[Path]:
    """An empty folder that is gone afterwards: people's data is not left lying. Refused while a rehearsal runs in it."""
    fresh_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
