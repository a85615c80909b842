"""Counselors over the API; a counselor keeps their own hours, days off and calendar address, and nobody else's."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Response, delete, get, patch, post
from litestar.exceptions import ClientException, HTTPException, NotFoundException, PermissionDeniedException
from litestar.params import FromPath, JSONBody

from dialer.domain.access.roles import EVERYBODY, MEETING_MANAGERS, READERS
from dialer.domain.meetings.counselor_input import InvalidInputError, Week, read_days_off, read_fields, read_week
from dialer.services import actions
from dialer.services.counselors import (
    CounselorError,
    activate,
    add_counselor,
    add_time_off,
    change_feed,
    deactivate,
    feed_url,
    remove_time_off,
    update_counselor,
)
from dialer.store.meetings import meetings, time_off
from dialer.store.sessions import Session
from dialer.store.tables import Counselor
from dialer.web.api.counselor_bodies import Changes, New, Off, days_off_told, listed
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.idempotency import Asked, Json, run_once
from dialer.web.auth.ownership import get_lead_or_404
from dialer.web.auth.permissions import require


@get("/api/counselors", opt=require(READERS), tags=["counselors"])
async def list_counselors(app_state: InjectedState) -> list[Json]:
    """All counselors, also deactivated ones: time zone, hours, specialties, booking rules, calendar state."""
    async with app_state.sessions() as session:
        return [listed(each) for each in await meetings.counselors(session, app_state.clock.now())]


@get("/api/counselors/{counselor_id:int}", opt=require(EVERYBODY), tags=["counselors"])
async def show_counselor(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Json:
    """One counselor, with days off; counselors see only themselves."""
    async with app_state.sessions() as session:
        person = await get_lead_or_404(session, counselor_id, request.user)
        return await _told(session, person, app_state)


@post("/api/counselors", opt=require(actions.COUNSELOR_ADD), tags=["counselors"])
async def make_counselor(request: Asked, data: JSONBody[New], app_state: InjectedState) -> Response[Json]:
    """Add a counselor. With an `Idempotency-Key` they are added once."""

    async def do() -> Json:
        fields, week = _read(data, app_state)
        async with app_state.sessions.begin() as session:
            hosts = app_state.settings.hook_hosts
            person = await add_counselor(session, request.user, fields, week, hook_hosts=hosts)
            return await _told(session, person, app_state)

    return await run_once(request, app_state, lambda: _refused(do), status=201)


@patch("/api/counselors/{counselor_id:int}", opt=require(actions.COUNSELOR_UPDATE), tags=["counselors"])
async def alter_counselor(
    counselor_id: FromPath[int], request: Asked, data: JSONBody[Changes], app_state: InjectedState
) -> Json:
    """Change the given fields; of the hours only the given weekdays. Counselors can change only their own hours."""
    if request.user.only is not None and data.model_fields_set - {"hours"}:
        raise PermissionDeniedException("Counselors can change only their own hours.")

    async def do() -> Json:
        fields, week = _read(data, app_state)
        async with app_state.sessions.begin() as session:
            person = await get_lead_or_404(session, counselor_id, request.user)
            hosts = app_state.settings.hook_hosts
            await update_counselor(session, request.user, person, fields, week, hook_hosts=hosts)
            return await _told(session, person, app_state)

    return await _refused(do)


@post("/api/counselors/{counselor_id:int}/days-off", opt=require(actions.TIME_OFF_ADD), tags=["counselors"])
async def add_days_off(
    counselor_id: FromPath[int], request: Asked, data: JSONBody[Off], app_state: InjectedState
) -> Response[Json]:
    """Add days off; `meetings_to_move` counts the students who are asked to choose another time."""

    async def do() -> Json:
        async with app_state.sessions.begin() as session:
            person = await get_lead_or_404(session, counselor_id, request.user)
            since, until = read_days_off(data.first, data.last, person.zone)
            now = app_state.clock.now()
            away = await add_time_off(session, request.user, person, since, until, data.why, now)
            return days_off_told(away.days, person.zone)

    return await run_once(request, app_state, lambda: _refused(do), status=201)


@delete("/api/counselors/{counselor_id:int}/days-off/{number:int}", opt=require(actions.TIME_OFF_REMOVE), status_code=200,
        tags=["counselors"])  # fmt: skip
async def remove_days_off(
    counselor_id: FromPath[int], number: FromPath[int], request: Asked, app_state: InjectedState
) -> Json:
    """Remove days off. Students who already chose another time keep it."""
    async with app_state.sessions.begin() as session:
        person = await get_lead_or_404(session, counselor_id, request.user)
        if not await remove_time_off(session, request.user, person, number):
            raise NotFoundException("This counselor has no days off with this number.")
    return {"removed": number}


@get("/api/counselors/{counselor_id:int}/feed", opt=require(MEETING_MANAGERS), tags=["counselors"])
async def show_feed(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Json:
    """URL of the calendar of their meetings: `{url}`, null if there is none."""
    async with app_state.sessions() as session:
        return {"url": feed_url(await get_lead_or_404(session, counselor_id, request.user), app_state.links)}


@post("/api/counselors/{counselor_id:int}/feed", opt=require(actions.CALENDAR_FEED), tags=["counselors"])
async def make_feed(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Json:
    """Create a new calendar URL; the previous one stops working."""
    async with app_state.sessions.begin() as session:
        person = await get_lead_or_404(session, counselor_id, request.user)
        await change_feed(session, request.user, person, "make")
        return {"url": feed_url(person, app_state.links)}


@delete(
    "/api/counselors/{counselor_id:int}/feed", opt=require(actions.CALENDAR_FEED), status_code=200, tags=["counselors"]
)
async def revoke_feed(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Json:
    """Revoke the calendar URL."""
    async with app_state.sessions.begin() as session:
        person = await get_lead_or_404(session, counselor_id, request.user)
        await change_feed(session, request.user, person, "revoke")
        return {"url": None}


@post(
    "/api/counselors/{counselor_id:int}/leave",
    opt=require(actions.COUNSELOR_DEACTIVATE),
    status_code=200,
    tags=["counselors"],
)
async def leave(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Json:
    """Deactivate a counselor; meetings already booked (`coming`) stay."""
    async with app_state.sessions.begin() as session:
        person = await get_lead_or_404(session, counselor_id, request.user)
        await deactivate(session, request.user, person)
        return await _told(session, person, app_state)


@post(
    "/api/counselors/{counselor_id:int}/back",
    opt=require(actions.COUNSELOR_ACTIVATE),
    status_code=200,
    tags=["counselors"],
)
async def come_back(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Json:
    """Reactivate a counselor."""
    async with app_state.sessions.begin() as session:
        person = await get_lead_or_404(session, counselor_id, request.user)
        await activate(session, request.user, person)
        return await _told(session, person, app_state)


async def _refused(do: Callable[[], Awaitable[Json]]) -> Json:
    """Do it. Raises ClientException 422 for what cannot be so, HTTPException 409 for a name that is taken."""
    try:
        return await do()
    except InvalidInputError as error:
        raise ClientException(str(error), status_code=422) from error
    except CounselorError as error:
        raise HTTPException(str(error), status_code=409) from error


def _read(data: Changes, app_state: AppState) -> tuple[dict[str, Any], Week]:
    """The columns and the hours that are to be changed. Raises InvalidInputError."""
    given = data.model_dump(exclude_none=True, exclude={"hours"})
    return read_fields(given, app_state.clock.now().date()), read_week(data.hours or {})


async def _told(session: Session, person: Counselor, app_state: AppState) -> Json:
    """A counselor as they are now, with the days off that are not over."""
    now = app_state.clock.now()
    (one,) = await meetings.counselors(session, now, person.id)
    off = await time_off.of_counselor(session, person.id, now)
    return {**listed(one), "days_off": [days_off_told(each, person.zone) for each in off]}


API = [
    *(list_counselors, show_counselor, make_counselor, alter_counselor, add_days_off, remove_days_off),
    *(show_feed, make_feed, revoke_feed, leave, come_back),
]
