"""Bookings over the API; a counselor sees and moves their own."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import ClientException, HTTPException
from litestar.params import FromPath, FromQuery, JSONBody
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dialer.domain.access.roles import EVERYBODY, MEETERS
from dialer.services.meetings.change import ChangeRefused, cancel_meeting, choices, move_meeting
from dialer.services.meetings.outcome import MeetingOutcome, record_outcome
from dialer.store.meetings import meeting_calendar
from dialer.store.system import audit
from dialer.store.tables import Booking
from dialer.web.app_state import WebParts
from dialer.web.auth.idempotency import Asked, Json, once
from dialer.web.auth.ownership import found_booking
from dialer.web.auth.permissions import may

LONGEST = timedelta(days=366)


class Moved(BaseModel):
    """Where to: a free time, as `GET …/times` offers it."""

    model_config = ConfigDict(extra="forbid")
    counselor_id: Annotated[int, Field(ge=1, lt=2**31)]
    starts: AwareDatetime


class Went(BaseModel):
    """How it went; `wrong` names the captured fields that were not so."""

    model_config = ConfigDict(extra="forbid")
    verdict: MeetingOutcome
    wrong: Annotated[list[Annotated[str, Field(max_length=50)]], Field(max_length=30)] = []
    note: Annotated[str, Field(max_length=2000)] = ""


@get("/api/bookings", opt=may(EVERYBODY), tags=["bookings"])
async def list_bookings(
    request: Asked,
    parts: WebParts,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
) -> list[Json]:
    """The meetings that touch a span of time (at most a year), else of the four weeks to come, in order."""
    now = parts.clock.now()
    first = _aware(since) or now
    last = _aware(until) or first + timedelta(days=28)
    if not timedelta(0) < last - first <= LONGEST:
        raise ClientException("until is after since, by a year at most", status_code=422)
    async with parts.sessions() as session:
        return [_told(each) for each in await meeting_calendar.between(session, first, last, request.user.only)]


@get("/api/bookings/{booking_id:uuid}/times", opt=may(MEETERS), tags=["bookings"])
async def free_times(booking_id: FromPath[UUID], request: Asked, parts: WebParts) -> list[Json]:
    """To what it can be moved: `[{counselor_id, counselor, starts: […]}]`."""
    async with parts.sessions() as session:
        booking = await found_booking(session, booking_id, request.user)
        found = await choices(session, booking, parts.clock.now())
    return [
        {
            "counselor_id": each.counselor.counselor_id,
            "counselor": each.counselor.name,
            "starts": [slot.starts.isoformat() for slot in each.slots],
        }
        for each in found
    ]


@post("/api/bookings/{booking_id:uuid}/move", opt=may(MEETERS), status_code=200, tags=["bookings"])
async def move(booking_id: FromPath[UUID], request: Asked, data: JSONBody[Moved], parts: WebParts) -> Response[Json]:
    """Move it; both calendars follow. With an `Idempotency-Key` it is moved once."""

    async def do() -> Json:
        async with parts.sessions.begin() as session:
            await found_booking(session, booking_id, request.user)
            now, by = parts.clock.now(), request.user.email
            done = await move_meeting(session, booking_id, data.counselor_id, data.starts, now, by)
            return _done(done)

    return await once(request, parts, do)


@post("/api/bookings/{booking_id:uuid}/cancel", opt=may(MEETERS), status_code=200, tags=["bookings"])
async def cancel(booking_id: FromPath[UUID], request: Asked, parts: WebParts) -> Response[Json]:
    """Cancel it: its time is free again, both calendars take it out."""

    async def do() -> Json:
        async with parts.sessions.begin() as session:
            await found_booking(session, booking_id, request.user)
            done = await cancel_meeting(session, booking_id, parts.clock.now(), request.user.email)
            return _done(done)

    return await once(request, parts, do)


@post("/api/bookings/{booking_id:uuid}/went", opt=may(MEETERS), status_code=200, tags=["bookings"])
async def went(booking_id: FromPath[UUID], request: Asked, data: JSONBody[Went], parts: WebParts) -> Json:
    """Say how it went; who did not come is rung again under the same rules as everybody."""
    async with parts.sessions.begin() as session:
        await found_booking(session, booking_id, request.user)
        now = parts.clock.now()
        done = await record_outcome(session, booking_id, data.verdict, data.wrong, data.note, now)
        told = _done(done)
        did = f"booking {data.verdict.replace('_', ' ')}"
        await audit.note(session, request.user.email, did, {"booking": str(booking_id)})
        return told


def _done(done: Booking | ChangeRefused) -> Json:
    """The booking as it is now. Raises HTTPException 409 where nothing was changed."""
    if isinstance(done, ChangeRefused):
        raise HTTPException(done.says, status_code=409)
    assert done.during.lower is not None
    told = {"booking_id": str(done.id), "state": done.state, "starts": done.during.lower.isoformat()}
    return {**told, "sequence": done.sequence}


def _told(line: meeting_calendar.Line) -> Json:
    return {
        "booking_id": str(line.booking.id),
        "campaign": line.campaign,
        "phone": line.phone,
        "lead": line.student,
        "counselor_id": line.counselor.id,
        "counselor": line.counselor.name,
        "starts": line.starts.isoformat(),
        "ends": line.ends.isoformat(),
        "zone": line.counselor.zone,
        "lead_zone": line.booking.lead_zone,
        "state": line.booking.state,
        "why": line.booking.why,
    }


def _aware(moment: datetime | None) -> datetime | None:
    """A moment with its offset. Raises ClientException for one without."""
    if moment is not None and moment.tzinfo is None:
        raise ClientException("write a time with its offset, such as 2027-01-05T10:00:00+05:30", status_code=422)
    return moment


API = [list_bookings, free_times, move, cancel, went]
