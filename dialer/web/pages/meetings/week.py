"""The week: a column for each day, by counselor, each in their own zone; a counselor sees their own."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from litestar import get
from litestar.exceptions import ClientException
from litestar.params import FromQuery
from litestar.response import Template

from dialer.domain.access.roles import EVERYBODY, READERS
from dialer.domain.compliance.holidays import is_holiday_in
from dialer.domain.speech.speech_dates import say_zone
from dialer.store.meetings import meeting_calendar, time_off
from dialer.store.meetings import meetings as meeting_pages
from dialer.store.meetings.meeting_calendar import CalendarEntry
from dialer.store.meetings.time_off import TimeOffSpan
from dialer.store.tables import Counselor, CounselorHours
from dialer.web.app_state import InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked
from dialer.web.render import render_page

HERE = "/bookings"
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@get(HERE, include_in_schema=False, opt=require(EVERYBODY))
async def see_week(
    request: Asked,
    app_state: InjectedState,
    week: FromQuery[str | None] = None,
    counselor: FromQuery[int | None] = None,
) -> Template:
    """The meetings of a week (2026-W10), by counselor, each in the counselor's own zone; a counselor sees their own."""
    own = request.user.only
    counselor = counselor if own is None else own
    now = app_state.clock.now()
    monday, this = _monday(week, now.date()), _monday(None, now.date())
    since = datetime.combine(monday, datetime.min.time(), now.tzinfo)
    span = (since - DAY, since + WEEK + DAY)
    async with app_state.sessions() as session:
        lines = await meeting_calendar.between(session, *span, counselor, holds=True)
        away = await time_off.between(session, *span, counselor)
        people = await meeting_pages.counselors(session, now, counselor)
    hours = {each.counselor.id: each.hours for each in people}
    offered = [each.counselor for each in people if each.counselor.active]
    known = {each.id: each for each in (*offered, *(line.counselor for line in lines))}
    return render_page(
        "bookings/week.html",
        HERE,
        title=_title(monday),
        before=_name(monday - WEEK),
        after=_name(monday + WEEK),
        elsewhen=monday != this,
        only="" if counselor is None else f"&counselor={counselor}",
        unwell=[_unwell(each.counselor) for each in people if each.stale and each.counselor.active],
        is_own=own is not None,
        reads=request.user.role in READERS,
        counselors=[_board(each, lines, away, hours.get(each.id, ()), monday, now) for each in known.values()],
    )


def _board(
    person: Counselor,
    lines: Sequence[CalendarEntry],
    away: Iterable[TimeOffSpan],
    hours: Iterable[CounselorHours],
    monday: date,
    now: datetime,
) -> dict[str, Any]:
    """A counselor's seven days, in their own zone: when they may be met, and whom they meet."""
    zone = ZoneInfo(person.zone)
    mine = [line for line in lines if line.counselor.id == person.id]
    spans: dict[int, list[str]] = {}
    for each in hours:
        spans.setdefault(each.weekday, []).append(f"{each.opens:%H:%M}–{_closes(each)}")
    days: list[dict[str, Any]] = []
    for day in (monday + DAY * n for n in range(7)):
        begins = datetime.combine(day, datetime.min.time(), zone)
        off = [each.why or "Time off" for each in away if each.counselor_id == person.id and each.touches(begins, DAY)]
        if person.holidays and is_holiday_in((person.holidays,), day):
            off.append("Public holiday")
        open_ = "" if off and _is_off_all_day(away, person.id, begins) else ", ".join(spans.get(day.weekday(), ()))
        meetings = [_meeting(line, zone) for line in mine if line.starts.astimezone(zone).date() == day]
        is_today = now.astimezone(zone).date() == day
        days.append({"date": day, "hours": open_, "off": off, "meetings": meetings, "today": is_today})
    met = sum(len(each["meetings"]) for each in days)
    return {"id": person.id, "name": person.name, "zone": person.zone, "days": days, "met": met}


def _is_off_all_day(away: Iterable[TimeOffSpan], counselor_id: int, begins: datetime) -> bool:
    """Whether time off covers the whole day that begins then; a public holiday does not count here."""
    return any(each.counselor_id == counselor_id and each.covers(begins, DAY) for each in away)


def _meeting(line: CalendarEntry, zone: ZoneInfo) -> dict[str, Any]:
    starts, ends = line.starts.astimezone(zone), line.ends.astimezone(zone)
    lead_zone = line.booking.lead_zone
    return {
        "id": line.booking.id,
        "at": starts,
        "time": f"{starts:%H:%M}–{ends:%H:%M}",
        "student": line.student,
        "state": "awaiting new time" if line.awaits_time else line.booking.state,
        "campaign": line.campaign,
        "lead_time": _for_them(line.starts, lead_zone) if lead_zone != zone.key else None,
        "why": line.booking.reason,
        "fault": f"Email not delivered: {line.fault}" if line.fault else None,
    }


def _for_them(starts: datetime, zone: str) -> str:
    return f"{starts.astimezone(ZoneInfo(zone)):%a %H:%M} ({say_zone(zone)})"


def _closes(hours: CounselorHours) -> str:
    return "24:00" if f"{hours.closes:%H:%M}" == "00:00" else f"{hours.closes:%H:%M}"


def _unwell(person: Counselor) -> str:
    read = f"last read {person.calendar_at:%d %b %H:%M} UTC" if person.calendar_at else "never read"
    why = f"; {person.calendar_fault}" if person.calendar_fault else ""
    return (
        f"The calendar of {person.name} cannot be read ({read}{why}). Until it can, students book at least a day ahead."
    )


def _monday(week: str | None, today: date) -> date:
    try:
        return datetime.strptime(f"{week}-1", "%G-W%V-%u").date() if week else today - timedelta(days=today.weekday())  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise ClientException(f"{week!r} is not a week. Use the form 2026-W10.") from error


def _title(monday: date) -> str:
    """Such as "23–29 November 2026", or "30 November – 6 December 2026"."""
    sunday = monday + WEEK - DAY
    first = f"{monday.day}–" if monday.month == sunday.month else f"{monday.day} {monday:%B} – "
    return f"{first}{sunday.day} {sunday:%B %Y}"


def _name(monday: date) -> str:
    return f"{monday:%G-W%V}"


PAGES = [see_week]
