"""`dialer counselor add|set|off|feed|agreement|list|remove`: who can be met, when, and what they made of it."""

import json
from datetime import UTC, datetime, time
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from sqlalchemy import delete, select, update

from dialer.cli.beside import with_store
from dialer.cli.counselor_times import agreement, feed, named, off
from dialer.cli.failing import CommandError
from dialer.domain.country import canonical_country
from dialer.domain.email import parse_email
from dialer.domain.holidays_of import gaps
from dialer.domain.hooks import refusal
from dialer.domain.phone import BadPhone, parse_phone
from dialer.flows.read_calendars import web_address
from dialer.settings import Settings
from dialer.store import counselors
from dialer.store.tables import BusyTime, Counselor, CounselorHours
from dialer.wiring.stores import Store

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Spans = list[tuple[int, time, time]]


@click.group()
def counselor() -> None:
    """The people whom leads meet."""


counselor.add_command(off)
counselor.add_command(feed)
counselor.add_command(agreement)


@counselor.command()
@click.argument("name")
@click.option("--zone", default="Asia/Kolkata", show_default=True)
@click.option("--email")
@click.option("--days", default="mon-sat", show_default=True, help="such as mon-fri or mon,wed,fri")
@click.option("--hours", default="10:00-18:00", show_default=True, help="such as 10:00-13:00,14:00-18:00")
def add(name: str, zone: str, email: str | None, days: str, hours: str) -> None:
    """Add a counselor with weekly hours in their own zone."""
    _zone(zone)
    spans = _spans(days, hours)
    address = _email(email) if email else None

    async def work(settings: Settings, store: Store) -> None:
        async with store.sessions.begin() as session:
            if await session.scalar(select(Counselor.id).where(Counselor.name == name)) is not None:
                raise CommandError(f"there is a counselor {name!r} already")
            person = Counselor(name=name, zone=zone, email=address)
            session.add(person)
            await session.flush()
            session.add_all(_hours(person.id, spans))

    with_store(work)
    click.echo(f"{name} can be met {days} {hours} {zone}")


@counselor.command("set")
@click.argument("name")
@click.option("--email", help="where invitations go; empty for none")
@click.option("--phone", help="empty for none")
@click.option("--zone", help="IANA, such as Europe/London")
@click.option("--days", help="with --hours: such as mon-fri")
@click.option(
    "--hours", help="replaces the hours of these --days (all days that they have, without): 10:00-13:00,14:00-18:00"
)
@click.option("--slot", type=click.IntRange(5, 480), help="minutes of a meeting")
@click.option("--notice", type=click.IntRange(0, 60 * 24 * 14), help="minutes from now before which nothing is booked")
@click.option("--buffer-before", type=click.IntRange(0, 240), help="minutes kept free before a meeting")
@click.option("--buffer-after", type=click.IntRange(0, 240), help="minutes kept free after it")
@click.option("--max-per-day", type=click.IntRange(0, 100), help="meetings in a day; 0 for no limit")
@click.option("--countries", help="parted by commas; empty for all")
@click.option("--courses", help="parted by commas; empty for all")
@click.option("--languages", help="such as en,hi; empty for all")
@click.option("--holidays", help="a calendar of public holidays, such as IN or US-CA; empty for none")
@click.option("--calendar", help="the secret iCalendar address of their own calendar; empty for none")
@click.option("--transfers/--no-transfers", default=None, help="whether students who ask for a person are connected")
def change(name: str, days: str | None, hours: str | None, **given: Any) -> None:
    """Change what is named, and leave everything else as it is."""
    values = {key: value for key, value in given.items() if value is not None}
    if not values and hours is None:
        raise click.UsageError("nothing is to be changed; see --help")
    if days is not None and hours is None:
        raise click.UsageError("--days wants --hours")
    spans = None if hours is None else _spans(days or "mon-sun", hours)

    async def work(settings: Settings, store: Store) -> None:
        columns = _columns(values, settings)
        async with store.sessions.begin() as session:
            person = await named(session, name)
            for column, value in columns.items():
                setattr(person, column, value)
            if "calendar_url" in columns:
                person.calendar_at = person.calendar_tried_at = person.calendar_fault = None
                await session.execute(delete(BusyTime).where(BusyTime.counselor_id == person.id))
            if spans is not None:
                await _replace_hours(session, person.id, spans, only=days is None)

    with_store(work)
    click.echo(f"{name} is changed")


@counselor.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_all(as_json: bool) -> None:
    """Everybody, also those who left."""

    async def work(settings: Settings, store: Store) -> list[dict[str, Any]]:
        async with store.sessions() as session:
            hours = (
                await session.scalars(select(CounselorHours).order_by(CounselorHours.weekday, CounselorHours.opens))
            ).all()
            stale = set((await session.scalars(select(Counselor.id).where(counselors.is_stale()))).all())
            return [_shown(each, hours, each.id in stale) for each in await counselors.everybody(session)]

    found = with_store(work)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    for each in found:
        left = "" if each["active"] else " (left)"
        click.echo(f"{each['name']}{left}: {', '.join(each['hours'])} {each['zone']}")
        if each["calendar_stale"]:
            click.echo(f"  their own calendar cannot be read: {each['calendar_fault'] or 'it was not tried yet'}")


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


def _shown(person: Counselor, hours: Any, stale: bool) -> dict[str, Any]:
    mine = [row for row in hours if row.counselor_id == person.id]
    names = ("name", "zone", "email", "active", "phone", "slot_minutes", "notice_minutes", "buffer_before_minutes")
    more = ("buffer_after_minutes", "max_per_day", "countries", "courses", "languages", "holidays", "calendar_fault")
    return {
        **{name: getattr(person, name) for name in names},
        "hours": [f"{DAYS[row.weekday]} {row.opens:%H:%M}-{row.closes:%H:%M}" for row in mine],
        **{name: getattr(person, name) for name in more},
        "calendar": person.calendar_url is not None,
        "calendar_stale": stale,
    }


def _columns(values: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The columns that are to be changed, each in the form in which it is kept."""
    columns: dict[str, Any] = {}
    for key, value in values.items():
        match key:
            case "email":
                columns["email"] = _email(value) if value else None
            case "phone":
                columns["phone"] = _phone(value) if value else None
            case "zone":
                columns["zone"] = _zone(value)
            case "transfers":
                columns["takes_transfers"] = value
            case "countries":
                columns["countries"] = [_country(each) for each in _listed(value)]
            case "courses":
                columns["courses"] = [each.lower() for each in _listed(value)]
            case "languages":
                columns["languages"] = [_language(each) for each in _listed(value)]
            case "holidays":
                columns["holidays"] = _holidays(value) if value else None
            case "calendar":
                columns["calendar_url"] = _calendar(value, settings) if value else None
            case "max_per_day":
                columns["max_per_day"] = value or None
            case _:
                columns[f"{key}_minutes"] = value
    return columns


async def _replace_hours(session: Any, counselor_id: int, spans: Spans, *, only: bool) -> None:
    """New hours on their weekdays; with `only`, on those weekdays on which there are some already."""
    mine = select(CounselorHours.weekday).where(CounselorHours.counselor_id == counselor_id)
    had = set((await session.scalars(mine)).all())
    fresh = [span for span in spans if not only or not had or span[0] in had]
    days = {span[0] for span in fresh}
    await session.execute(
        delete(CounselorHours).where(CounselorHours.counselor_id == counselor_id, CounselorHours.weekday.in_(days))
    )
    session.add_all(_hours(counselor_id, fresh))


def _hours(counselor_id: int, spans: Spans) -> list[CounselorHours]:
    return [CounselorHours(counselor_id=counselor_id, weekday=day, opens=a, closes=b) for day, a, b in spans]


def _spans(days: str, hours: str) -> Spans:
    try:
        pairs = []
        for part in hours.split(","):
            opens, closes = (time.fromisoformat(each.strip().replace("24:00", "00:00")) for each in part.split("-"))
            pairs.append((opens, closes))
        weekdays = _weekdays(days)
    except ValueError as error:
        raise click.UsageError(f"not understood: {error}") from error
    pairs.sort()
    for (_, before), (after, _) in pairwise(pairs):
        if before > after or before == time(0):
            raise click.UsageError(f"not understood: the hours {hours} overlap")
    if any(closes != time(0) and opens >= closes for opens, closes in pairs):
        raise click.UsageError(f"not understood: hours end after they begin, not {hours}")
    return [(day, opens, closes) for day in weekdays for opens, closes in pairs]


def _weekdays(text: str) -> list[int]:
    chosen: list[int] = []
    for part in text.lower().split(","):
        first, _, last = part.strip().partition("-")
        start, end = DAYS.index(first[:3]), DAYS.index((last or first)[:3])
        chosen += range(start, end + 1) if start <= end else [*range(start, 7), *range(end + 1)]
    return sorted(set(chosen))


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _zone(zone: str) -> str:
    try:
        return ZoneInfo(zone).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise click.UsageError(f"not understood: {error}") from error


def _email(text: str) -> str:
    address = parse_email(text)
    if address is None:
        raise click.UsageError(f"{text!r} is no e-mail address")
    return address


def _phone(text: str) -> str:
    phone = parse_phone(text, "IN")
    if isinstance(phone, BadPhone):
        raise click.UsageError(f"{text!r}: {phone.says}")
    return phone.e164


def _country(text: str) -> str:
    found = canonical_country(text)
    if found is None or " or " in found:
        raise click.UsageError(f"{text!r} is no country that is known here")
    return found


def _language(text: str) -> str:
    if len(text) != 2 or not text.isascii() or not text.isalpha():
        raise click.UsageError(f"a language is two letters such as en or hi, not {text!r}")
    return text.lower()


def _holidays(text: str) -> str:
    try:
        gaps([text], datetime.now(UTC).date())
    except NotImplementedError as error:
        raise click.UsageError(f"there is no calendar of holidays {text!r}; write IN, or US-CA for a part") from error
    return text


def _calendar(url: str, settings: Settings) -> str:
    if says := refusal(web_address(url), settings.hook_hosts):
        raise CommandError(f"that calendar cannot be read: {says}")
    return url
