"""`dialer counselor off|feed|agreement`: days off, the counselor's own calendar address, and what they confirmed."""

import json
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import click

from dialer.cli.context import with_store
from dialer.cli.errors import CommandError
from dialer.cli.operator import operator
from dialer.domain.meetings.counselor_input import InvalidInputError, read_days_off
from dialer.services.counselors import Feed, add_time_off, change_feed, feed_url, remove_time_off
from dialer.services.reports.capture_accuracy import CaptureAccuracy
from dialer.services.reports.capture_accuracy import capture_accuracy as measure
from dialer.settings import Settings
from dialer.store.meetings import counselors, time_off
from dialer.store.meetings.time_off import DaysOff
from dialer.store.tables import Counselor
from dialer.wiring.mail_links import make_links
from dialer.wiring.stores import Store


async def named(session: Any, name: str) -> Counselor:
    """The counselor of that name. Raises CommandError."""
    person = await counselors.named(session, name)
    if person is None:
        raise CommandError(f"there is no counselor {name!r}; see: dialer counselor list")
    return person


def off(name: str, first: str | None, last: str | None, why: str, number: int | None, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> dict[str, Any] | list[dict[str, Any]]:
        async with store.sessions.begin() as session:
            person = await named(session, name)
            if number is not None:
                if not await remove_time_off(session, operator(), person, number):
                    raise CommandError(f"{name} has no days off {number}; see: dialer counselor off {name!r}")
                return {"removed": number}
            if first is None:
                return [_shown(each, person.zone) for each in await time_off.of_counselor(session, person.id)]
            try:
                since, until = read_days_off(first, last or "", person.zone)
            except InvalidInputError as error:
                raise click.UsageError(str(error)) from error
            now = store.clock.now()
            away = await add_time_off(session, operator(), person, since, until, why, now)
            return _shown(away.days, person.zone) | {"meetings_to_move": away.asked}

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found))
        return
    for each in [found] if isinstance(found, dict) else found:
        if "removed" in each:
            click.echo(f"time off {each['removed']} removed")
            continue
        more = f"; {each['meetings_to_move']} students are asked for another time" if "meetings_to_move" in each else ""
        click.echo(f"{each['number']:>4}  {each['since']} to {each['until']} {each['why']}{more}")


def feed(name: str, do: Feed | None, as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        async with store.sessions.begin() as session:
            person = await named(session, name)
            if do is not None:
                await change_feed(session, operator(), person, do)
            url = feed_url(person, make_links(settings))
            return {"counselor": name, "url": url}

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(found["url"] or f"{name} has no calendar address; make one: dialer counselor feed {name!r} --make")


def agreement(as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[CaptureAccuracy]:
        async with store.sessions() as session:
            return list(await measure(session))

    found = with_store(work)
    if as_json:
        click.echo(json.dumps([_told(each) for each in found]))
        return
    if not found:
        click.echo("no counselor has said yet how a meeting went")
    for each in found:
        fields = ", ".join(f"{name} {_percent(share.share)}" for name, share in each.fields.items())
        qualified = f"qualified {_percent(each.qualified.share)} of {each.qualified.judged}"
        click.echo(
            f"{each.script} v{each.version}: {each.showed} of {each.meetings} came; {qualified}; {fields or 'no field'}"
        )


def _told(one: CaptureAccuracy) -> dict[str, Any]:
    shares = {name: asdict(share) | {"share": share.share} for name, share in one.fields.items()}
    return asdict(one) | {"fields": shares, "qualified": asdict(one.qualified) | {"share": one.qualified.share}}


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _shown(days: DaysOff, zone: str) -> dict[str, Any]:
    place = ZoneInfo(zone)
    return {
        "number": days.number,
        "since": days.since.astimezone(place).isoformat(timespec="minutes"),
        "until": days.until.astimezone(place).isoformat(timespec="minutes"),
        "why": days.why,
    }
