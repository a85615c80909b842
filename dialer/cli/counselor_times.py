"""`dialer counselor off|feed|agreement`: days off, the counselor's own calendar address, and what they confirmed."""

import json
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from getpass import getuser
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import Range

from dialer.cli.beside import with_store
from dialer.cli.failing import CommandError
from dialer.domain.hours import instant
from dialer.flows.agreement import Agreement
from dialer.flows.agreement import agreement as measure
from dialer.flows.change_meeting import flag_unkept
from dialer.settings import Settings
from dialer.store import audit, counselors
from dialer.store.tables import Counselor, TimeOff
from dialer.wiring.house import make_links
from dialer.wiring.stores import Store

JSON = click.option("--json", "as_json", is_flag=True)
DAY = timedelta(days=1)


async def named(session: Any, name: str) -> Counselor:
    """The counselor of that name. Raises CommandError."""
    person = await counselors.named(session, name)
    if person is None:
        raise CommandError(f"there is no counselor {name!r}; see: dialer counselor list")
    return person


@click.command()
@click.argument("name")
@click.argument("first", required=False)
@click.argument("last", required=False)
@click.option("--why", default="", help="for the people here; students are not told")
@click.option("--remove", "number", type=int, help="take back the days off of this number (see them without dates)")
@JSON
def off(name: str, first: str | None, last: str | None, why: str, number: int | None, as_json: bool) -> None:
    """Days off, FIRST to LAST (2026-03-02, or 2026-03-02T14:00 for a part of a day), in their own zone; without, a list.

    Students whose meeting falls into them are asked to choose another time.
    """

    async def work(settings: Settings, store: Store) -> dict[str, Any] | list[dict[str, Any]]:
        async with store.sessions.begin() as session:
            person = await named(session, name)
            if number is not None:
                mine = delete(TimeOff).where(TimeOff.id == number, TimeOff.counselor_id == person.id)
                if (await session.execute(mine.returning(TimeOff.id))).first() is None:
                    raise CommandError(f"{name} has no days off {number}; see: dialer counselor off {name!r}")
                return {"removed": number}
            if first is None:
                query = select(TimeOff).where(TimeOff.counselor_id == person.id).order_by(TimeOff.during)
                return [_shown(each, person.zone) for each in await session.scalars(query)]
            since, until = _span(first, last or first, person.zone)
            made = TimeOff(counselor_id=person.id, during=Range(since, until), why=why)
            session.add(made)
            await session.flush()
            hit = await flag_unkept(session, person.id, since, until, store.clock.now())
            return _shown(made, person.zone) | {"meetings_to_move": hit}

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found))
        return
    for each in [found] if isinstance(found, dict) else found:
        if "removed" in each:
            click.echo(f"days off {each['removed']} are taken back")
            continue
        more = f"; {each['meetings_to_move']} students are asked for another time" if "meetings_to_move" in each else ""
        click.echo(f"{each['number']:>4}  {each['since']} to {each['until']} {each['why']}{more}")


@click.command()
@click.argument("name")
@click.option("--make", "do", flag_value="make", help="make an address; the one before leads nowhere from then on")
@click.option("--revoke", "do", flag_value="revoke", help="let the address lead nowhere")
@JSON
def feed(name: str, do: str | None, as_json: bool) -> None:
    """The counselor's own calendar, to subscribe to: show its address, make a new one, or revoke it."""

    async def work(settings: Settings, store: Store) -> dict[str, Any]:
        async with store.sessions.begin() as session:
            person = await named(session, name)
            if do is not None:
                # A version that was given out never comes back: revoked ones count down below nothing.
                person.feed_version = abs(person.feed_version) + 1 if do == "make" else -abs(person.feed_version)
                await audit.note(session, f"cli:{getuser()}", f"calendar address {do}", {"counselor": name})
            url = make_links(settings).calendar(person.id, person.feed_version) if person.feed_version > 0 else None
            return {"counselor": name, "url": url}

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(found["url"] or f"{name} has no calendar address; make one: dialer counselor feed {name!r} --make")


@click.command()
@JSON
def agreement(as_json: bool) -> None:
    """How much of what AVA wrote down counselors confirmed, per script version."""

    async def work(settings: Settings, store: Store) -> list[Agreement]:
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


def _told(one: Agreement) -> dict[str, Any]:
    shares = {name: asdict(share) | {"share": share.share} for name, share in one.fields.items()}
    return asdict(one) | {"fields": shares, "qualified": asdict(one.qualified) | {"share": one.qualified.share}}


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _shown(row: TimeOff, zone: str) -> dict[str, Any]:
    since, until = row.during.lower, row.during.upper
    assert since is not None
    assert until is not None
    place = ZoneInfo(zone)
    return {
        "number": row.id,
        "since": since.astimezone(place).isoformat(timespec="minutes"),
        "until": until.astimezone(place).isoformat(timespec="minutes"),
        "why": row.why,
    }


def _span(first: str, last: str, zone: str) -> tuple[datetime, datetime]:
    """From the first day's (or moment's) begin until the last one's end, UTC."""
    place = ZoneInfo(zone)
    try:
        since = _moment(first, place, last_one=False)
        until = _moment(last, place, last_one=True)
    except ValueError as error:
        raise click.UsageError(f"a day is written 2026-03-02, a moment 2026-03-02T14:00: {error}") from error
    if since >= until:
        raise click.UsageError(f"{last} is not after {first}")
    return since, until


def _moment(text: str, place: ZoneInfo, *, last_one: bool) -> datetime:
    if "T" in text:
        wall = datetime.fromisoformat(text)
        if wall.tzinfo is not None:
            raise ValueError("without an offset, in their own zone")
        return instant(wall.date(), wall.time(), place)
    day = date.fromisoformat(text)
    return instant(day + DAY if last_one else day, time(), place)
