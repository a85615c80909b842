"""Bookings over the API; a counselor sees and moves their own."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import ClientException, HTTPException
from litestar.params import FromPath, FromQuery, JSONBody
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dialer.domain.access.roles import EVERYBODY, MEETING_MANAGERS
from dialer.services import actions
from dialer.services.meetings.change import ChangeRefused, cancel_meeting, choices, move_meeting
from dialer.services.meetings.open_link import revoke_links
from dialer.services.meetings.outcome import MeetingOutcome, record_outcome
from dialer.store.meetings import meeting_calendar
from dialer.store.tables import Booking
from dialer.web.app_state import InjectedState
from dialer.web.auth.idempotency import Asked, Json, run_once
from dialer.web.auth.ownership import get_booking_or_404
from dialer.web.auth.permissions import require

MAX_SPAN = timedelta(days=366)


class MoveBody(BaseModel):
    """Where to: a free time, as `GET …/times` offers it."""

    model_config = ConfigDict(extra="forbid")
    counselor_id: Annotated[int, Field(ge=1, lt=2**31)]
    starts: AwareDatetime


class OutcomeBody(BaseModel):
    """How it went; `wrong` names the captured fields that were not so."""

    model_config = ConfigDict(extra="forbid")
    verdict: MeetingOutcome
    wrong: Annotated[list[Annotated[str, Field(max_length=50)]], Field(max_length=30)] = []
    note: Annotated[str, Field(max_length=2000)] = ""


@get("/api/bookings", opt=require(EVERYBODY), tags=["bookings"])
async def list_bookings(
    request: Asked,
    app_state: InjectedState,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
) -> list[Json]:
    """Meetings within a span of time (at most a year), or in the next four weeks, in order."""
    now = app_state.clock.now()
    first = _aware(since) or now
    last = _aware(until) or first + timedelta(days=28)
    if not timedelta(0) < last - first <= MAX_SPAN:
        raise ClientException("`until` must be after `since`, by a year at most.", status_code=422)
    async with app_state.sessions() as session:
        return [_told(each) for each in await meeting_calendar.between(session, first, last, request.user.only)]


@get("/api/bookings/{booking_id:uuid}/times", opt=require(MEETING_MANAGERS), tags=["bookings"])
async def free_times(booking_id: FromPath[UUID], request: Asked, app_state: InjectedState) -> list[Json]:
    """Free times to move it to: `[{counselor_id, counselor, starts: […]}]`."""
    async with app_state.sessions() as session:
        booking = await get_booking_or_404(session, booking_id, request.user)
        found = await choices(session, booking, app_state.clock.now())
    return [
        {
            "counselor_id": each.counselor.counselor_id,
            "counselor": each.counselor.name,
            "starts": [slot.starts.isoformat() for slot in each.slots],
        }
        for each in found
    ]


@post("/api/bookings/{booking_id:uuid}/move", opt=require(actions.BOOKING_MOVE), status_code=200, tags=["bookings"])
async def move(
    booking_id: FromPath[UUID], request: Asked, data: JSONBody[MoveBody], app_state: InjectedState
) -> Response[Json]:
    """Move it; both calendars follow. With an `Idempotency-Key` it is moved once."""

    async def do() -> Json:
        async with app_state.sessions.begin() as session:
            await get_booking_or_404(session, booking_id, request.user)
            now = app_state.clock.now()
            done = await move_meeting(session, request.user, booking_id, data.counselor_id, data.starts, now)
            return _done(done)

    return await run_once(request, app_state, do)


@post("/api/bookings/{booking_id:uuid}/cancel", opt=require(actions.BOOKING_CANCEL), status_code=200, tags=["bookings"])
async def cancel(booking_id: FromPath[UUID], request: Asked, app_state: InjectedState) -> Response[Json]:
    """Cancel it: its time is free again, and both calendars remove it."""

    async def do() -> Json:
        async with app_state.sessions.begin() as session:
            await get_booking_or_404(session, booking_id, request.user)
            done = await cancel_meeting(session, request.user, booking_id, app_state.clock.now())
            return _done(done)

    return await run_once(request, app_state, do)


@post("/api/bookings/{booking_id:uuid}/went", opt=require(actions.BOOKING_OUTCOME), status_code=200, tags=["bookings"])
async def went(
    booking_id: FromPath[UUID], request: Asked, data: JSONBody[OutcomeBody], app_state: InjectedState
) -> Json:
    """Record the outcome; a student who did not attend is called again under the same rules as everyone."""
    async with app_state.sessions.begin() as session:
        await get_booking_or_404(session, booking_id, request.user)
        now = app_state.clock.now()
        done = await record_outcome(session, request.user, booking_id, data.verdict, data.wrong, data.note, now)
        return _done(done)


@post(
    "/api/bookings/{booking_id:uuid}/revoke-links",
    opt=require(actions.BOOKING_REVOKE_LINKS),
    status_code=200,
    tags=["bookings"],
)
async def revoke(booking_id: FromPath[UUID], request: Asked, app_state: InjectedState) -> Json:
    """Revoke the links in emails that were sent about it; emails sent from now on carry new ones."""
    async with app_state.sessions.begin() as session:
        booking = await get_booking_or_404(session, booking_id, request.user)
        await revoke_links(session, request.user, booking, app_state.clock.now())
        return _done(booking)


def _done(done: Booking | ChangeRefused) -> Json:
    """The booking as it is now. Raises HTTPException 409 where nothing was changed."""
    if isinstance(done, ChangeRefused):
        raise HTTPException(done.says, status_code=409)
    assert done.during.lower is not None
    told = {"booking_id": str(done.id), "state": done.state, "starts": done.during.lower.isoformat()}
    return {**told, "sequence": done.sequence}


def _told(line: meeting_calendar.CalendarEntry) -> Json:
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
        "why": line.booking.reason,
    }


def _aware(moment: datetime | None) -> datetime | None:
    """A moment with its offset. Raises ClientException for one without."""
    if moment is not None and moment.tzinfo is None:
        raise ClientException("Include the UTC offset in the time, such as 2027-01-05T10:00:00+05:30.", status_code=422)
    return moment


API = [list_bookings, free_times, move, cancel, went, revoke]
