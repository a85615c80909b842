"""Each counselor's own calendar to subscribe to."""

from datetime import datetime, timedelta

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from dialer.net.ics.invitation import Entry, calendar_of
from dialer.services.meetings.emails import when_in
from dialer.store.meetings import meeting_calendar
from dialer.store.meetings.meeting_calendar import CalendarEntry
from dialer.store.tables import Counselor
from dialer.web.app_state import InjectedState

NO_CALENDAR = "This calendar does not exist, or its link was revoked."
BEHIND, AHEAD = timedelta(days=60), timedelta(days=120)


@get("/calendars/{name:str}", include_in_schema=False)
async def read_calendar(name: FromPath[str], app_state: InjectedState) -> Response[bytes]:
    """A counselor's meetings as iCalendar; the address is the secret."""
    token = name.removesuffix(".ics")
    number, _, _ = token.partition("-")
    if not name.endswith(".ics") or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise NotFoundException(NO_CALENDAR)
    now = app_state.clock.now()
    async with app_state.sessions() as session:
        person = await session.get(Counselor, int(number))
        if (
            person is None
            or not person.feed_version
            or not app_state.links.is_calendar_of(token, person.id, person.feed_version)
        ):
            raise NotFoundException(NO_CALENDAR)
        lines = await meeting_calendar.between(session, now - BEHIND, now + AHEAD, person.id)
    body = calendar_of(f"{person.name}: One Window meetings", [_entry(each, now) for each in lines])
    headers = {"cache-control": "no-store", "x-robots-tag": "noindex"}
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


def _entry(line: CalendarEntry, now: datetime) -> Entry:
    booking = line.booking
    words = f"{line.student}, {line.phone}. For them: {when_in(line.starts, booking.lead_zone)}."
    changed = booking.outcome_at or booking.settled_at or booking.created_at
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
