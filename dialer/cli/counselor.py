"""`dialer counselor add|list|remove`: who can be met."""

import json
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from sqlalchemy import select, update

from dialer.cli.beside import with_store
from dialer.cli.failing import CommandError
from dialer.settings import Settings
from dialer.store import counselors
from dialer.store.tables import Counselor, CounselorHours
from dialer.wiring.stores import Store

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@click.group()
def counselor() -> None:
    """The people whom leads meet."""


@counselor.command()
@click.argument("name")
@click.option("--zone", default="Asia/Kolkata", show_default=True)
@click.option("--email")
@click.option("--days", default="mon-sat", show_default=True, help="such as mon-fri or mon,wed,fri")
@click.option("--hours", default="10:00-18:00", show_default=True)
def add(name: str, zone: str, email: str | None, days: str, hours: str) -> None:
    """Add a counselor with weekly hours in their own zone."""
    try:
        ZoneInfo(zone)
        opens, closes = (time.fromisoformat(part) for part in hours.split("-"))
        weekdays = _weekdays(days)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise click.UsageError(f"not understood: {error}") from error

    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            if await session.scalar(select(Counselor.id).where(Counselor.name == name)) is not None:
                raise CommandError(f"there is a counselor {name!r} already")
            person = Counselor(name=name, zone=zone, email=email)
            session.add(person)
            await session.flush()
            session.add_all(
                CounselorHours(counselor_id=person.id, weekday=day, opens=opens, closes=closes) for day in weekdays
            )

    with_store(work)
    click.echo(f"{name} can be met {days} {hours} {zone}")


def _weekdays(text: str) -> list[int]:
    chosen: list[int] = []
    for part in text.lower().split(","):
        first, _, last = part.strip().partition("-")
        start, end = DAYS.index(first[:3]), DAYS.index((last or first)[:3])
        chosen += range(start, end + 1) if start <= end else [*range(start, 7), *range(end + 1)]
    return sorted(set(chosen))


@counselor.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_all(as_json: bool) -> None:
    """Everybody, also those who left."""

    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            hours = (await session.scalars(select(CounselorHours).order_by(CounselorHours.weekday))).all()
            return [
                {
                    "name": each.name,
                    "zone": each.zone,
                    "email": each.email,
                    "active": each.active,
                    "hours": [
                        f"{DAYS[row.weekday]} {row.opens:%H:%M}-{row.closes:%H:%M}"
                        for row in hours
                        if row.counselor_id == each.id
                    ],
                }
                for each in await counselors.everybody(session)
            ]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        left = "" if each["active"] else " (left)"
        click.echo(f"{each['name']}{left}: {', '.join(each['hours'])} {each['zone']}")


@counselor.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take a counselor out of the offers; meetings already made stay."""

    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            gone = await session.execute(
                update(Counselor).where(Counselor.name == name).values(active=False).returning(Counselor.id)
            )
            if gone.first() is None:
                raise CommandError(f"there is no counselor {name!r}; see: dialer counselor list")

    with_store(work)
    click.echo(f"{name} is no longer offered")
