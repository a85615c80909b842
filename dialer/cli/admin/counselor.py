"""`dialer counselor add|set|off|feed|agreement|list|remove|back`: who can be met, when, and what they made of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import click

from dialer.cli.admin.counselor_times import named
from dialer.cli.context import with_store
from dialer.cli.operator import operator
from dialer.domain.meetings.counselor_input import (
    DAYS,
    InvalidInputError,
    Span,
    read_fields,
    read_spans,
    read_weekdays,
)
from dialer.services.counselors import activate, add_counselor, deactivate, described, update_counselor
from dialer.settings import Settings
from dialer.store.meetings import counselors, meetings
from dialer.store.meetings.meetings import CounselorRow
from dialer.wiring.stores import Store

COLUMNS = {
    "new_name": "name",
    "slot": "slot_minutes",
    "notice": "notice_minutes",
    "buffer_before": "buffer_before_minutes",
    "buffer_after": "buffer_after_minutes",
    "calendar": "calendar_url",
    "transfers": "takes_transfers",
}
"""Options that are not called as what they change."""


def add(name: str, zone: str, email: str | None, days: str, hours: str) -> None:
    with _usage():
        week = dict.fromkeys(read_weekdays(days), _spans(hours))
        fields = read_fields({"name": name, "zone": zone, **({"email": email} if email else {})}, _today())

    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            await add_counselor(session, operator(), fields, week)

    with_store(work)
    click.echo(f"{name} can be met {days} {hours} {zone}")


def change(name: str, days: str | None, hours: str | None, **given: Any) -> None:
    values = {key: value for key, value in given.items() if value is not None}
    if not values and hours is None:
        raise click.UsageError("nothing is to be changed; see --help")
    if days is not None and hours is None:
        raise click.UsageError("--days wants --hours")
    with _usage():
        fields = read_fields({COLUMNS.get(key, key): value for key, value in values.items()}, _today())
        spans = None if hours is None else _spans(hours)
        on = read_weekdays(days or "mon-sun")

    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            person = await named(session, name)
            # Without --days, the weekdays on which there are some already.
            had = set() if days else set(await counselors.hours_of(session, person.id))
            week = {} if spans is None else {day: spans for day in on if not had or day in had}
            hosts = settings.hook_hosts
            await update_counselor(session, operator(), person, fields, week, hook_hosts=hosts)

    with_store(work)
    click.echo(f"{name} is changed")


def list_all(as_json: bool) -> None:
    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            return [_shown(each) for each in await meetings.counselors(session, store.clock.now())]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    for each in found:
        left = "" if each["active"] else " (left)"
        click.echo(f"{each['name']}{left}: {', '.join(each['hours'])} {each['zone']}")
        if each["calendar_stale"]:
            click.echo(f"  their own calendar cannot be read: {each['calendar_fault'] or 'it was not tried yet'}")


def remove(name: str) -> None:
    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            await deactivate(session, operator(), await named(session, name))

    with_store(work)
    click.echo(f"{name} is no longer offered")


def back(name: str) -> None:
    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            await activate(session, operator(), await named(session, name))

    with_store(work)
    click.echo(f"{name} is offered again")


def _shown(person: CounselorRow) -> dict[str, Any]:
    hours = [f"{DAYS[row.weekday]} {row.opens:%H:%M}-{row.closes:%H:%M}" for row in person.hours]
    return {**described(person), "hours": hours}


def _spans(hours: str) -> list[Span]:
    spans = read_spans(hours)
    if not spans:
        raise InvalidInputError("write hours as 10:00-13:00,14:00-18:00")
    return spans


def _today() -> date:
    return datetime.now(UTC).date()


@contextmanager
def _usage() -> Iterator[None]:
    """What is written wrong is wrong usage."""
    try:
        yield
    except InvalidInputError as error:
        raise click.UsageError(f"not understood: {error}") from error
