"""Meetings for those who work here: the week by counselor, and each counselor's own calendar to subscribe to."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from sqlalchemy import select

from dialer.domain.roles import EVERYBODY, READERS
from dialer.flows.write_letter import when_in
from dialer.ics.invitation import Entry, calendar_of
from dialer.store import agenda, counselors
from dialer.store.agenda import Line
from dialer.store.tables import Counselor
from dialer.web.doors.may import may
from dialer.web.doors.once import Asked
from dialer.web.parts import WebParts

NO_CALENDAR = "there is no such calendar, or its address was revoked"
BEHIND, AHEAD = timedelta(days=60), timedelta(days=120)
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@get("/calendars/{name:str}", include_in_schema=False)
async def read_calendar(name: FromPath[str], parts: WebParts) -> Response[bytes]:
    """A counselor's meetings as iCalendar; the address is the secret."""
    token = name.removesuffix(".ics")
    number, _, _ = token.partition("-")
    if not name.endswith(".ics") or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise NotFoundException(NO_CALENDAR)
    now = parts.clock.now()
    async with parts.sessions() as session:
        person = await session.get(Counselor, int(number))
        if (
            person is None
            or not person.feed_version
            or not parts.links.is_calendar_of(token, person.id, person.feed_version)
        ):
            raise NotFoundException(NO_CALENDAR)
        lines = await agenda.between(session, now - BEHIND, now + AHEAD, person.id)
    body = calendar_of(f"{person.name}: One Window meetings", [_entry(each, now) for each in lines])
    headers = {"cache-control": "no-store", "x-robots-tag": "noindex"}
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


@get("/bookings", include_in_schema=False, opt=may(EVERYBODY))
async def see_week(
    request: Asked, parts: WebParts, week: FromQuery[str | None] = None, counselor: FromQuery[int | None] = None
) -> Template:
    """The meetings of a week (2026-W10), by counselor, each in the counselor's own zone; a counselor sees their own."""
    own = request.user.only
    counselor = counselor if own is None else own
    now = parts.clock.now()
    monday = _monday(week, now.date())
    since = datetime.combine(monday, datetime.min.time(), now.tzinfo)
    async with parts.sessions() as session:
        lines = await agenda.between(session, since - DAY, since + WEEK + DAY, counselor, holds=True)
        stale = select(Counselor).where(Counselor.active, counselors.is_stale()).order_by(Counselor.name)
        unwell = [_unwell(each) for each in await session.scalars(stale)]
        people = [each for each in await counselors.everybody(session) if each.active and counselor in (None, each.id)]
    known = {each.id: each for each in (*people, *(line.counselor for line in lines))}
    context = {
        "week": _name(monday),
        "before": _name(monday - WEEK),
        "after": _name(monday + WEEK),
        "here": "/bookings",
        "only": "" if counselor is None else f"&counselor={counselor}",
        "unwell": unwell,
        "is_own": own is not None,
        "reads": request.user.role in READERS,
        "counselors": [_column(each, lines, monday) for each in known.values()],
    }
    return Template("bookings/week.html", context=context)


def _entry(line: Line, now: datetime) -> Entry:
    booking = line.booking
    words = f"{line.student}, {line.phone}. For them: {when_in(line.starts, booking.lead_zone)}."
    changed = booking.verdict_at or booking.settled_at or booking.created_at
    return Entry(
        booking.id,
        booking.sequence,
        line.starts,
        line.ends,
        line.counselor.zone,
        min(changed, now).replace(microsecond=0),
        f"Study abroad: {line.student}",
        words,
        cancelled=booking.state == "cancelled",
    )


def _unwell(person: Counselor) -> str:
    read = f"last read {person.calendar_at:%d %b %H:%M} UTC" if person.calendar_at else "never read yet"
    why = f" ({person.calendar_fault})" if person.calendar_fault else ""
    return (
        f"{person.name}'s own calendar cannot be read, {read}{why}: they are booked with a day's notice until it can."
    )


def _column(person: Counselor, lines: Any, monday: date) -> dict[str, Any]:
    zone = ZoneInfo(person.zone)
    days: dict[date, list[dict[str, Any]]] = {}
    for line in lines:
        there = line.starts.astimezone(zone)
        if line.counselor.id == person.id and monday <= there.date() < monday + WEEK:
            days.setdefault(there.date(), []).append(_meeting(line, there))
    named = [{"name": f"{day:%A} {day.day} {day:%B}", "meetings": found} for day, found in sorted(days.items())]
    return {"id": person.id, "name": person.name, "zone": person.zone, "days": named}


def _meeting(line: Line, there: datetime) -> dict[str, Any]:
    return {
        "id": line.booking.id,
        "time": f"{there:%H:%M}",
        "student": line.student,
        "state": line.booking.state,
        "campaign": line.campaign,
        "lead_time": when_in(line.starts, line.booking.lead_zone),
        "why": line.booking.why,
        "fault": f"a letter was not delivered: {line.fault}" if line.fault else None,
    }


def _monday(week: str | None, today: date) -> date:
    try:
        return datetime.strptime(f"{week}-1", "%G-W%V-%u").date() if week else today - timedelta(days=today.weekday())  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise ClientException(f"a week is written 2026-W10, not {week!r}") from error


def _name(monday: date) -> str:
    return f"{monday:%G-W%V}"
