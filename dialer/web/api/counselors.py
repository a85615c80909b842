"""Counselors over the API; a counselor keeps their own hours, days off and calendar address, and nobody else's."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Response, delete, get, patch, post
from litestar.exceptions import ClientException, HTTPException, NotFoundException, PermissionDeniedException
from litestar.params import FromPath, JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.access.roles import EVERYBODY, MEETERS, READERS, RUNNERS
from dialer.domain.meetings.counselor_input import NotUnderstoodError, Week, read_days_off, read_fields, read_week
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
from dialer.store.tables import Counselor
from dialer.web.api.counselor_bodies import Changes, New, Off, days_off_told, listed
from dialer.web.app_state import Parts, WebParts
from dialer.web.auth.idempotency import Asked, Json, once
from dialer.web.auth.ownership import found
from dialer.web.auth.permissions import may


@get("/api/counselors", opt=may(READERS), tags=["counselors"])
async def list_counselors(parts: WebParts) -> list[Json]:
    """Everybody, also those who left: zone, hours, what they know, how they are booked, what their calendar says."""
    async with parts.sessions() as session:
        return [listed(each) for each in await meetings.counselors(session, parts.clock.now())]


@get("/api/counselors/{counselor_id:int}", opt=may(EVERYBODY), tags=["counselors"])
async def show_counselor(counselor_id: FromPath[int], request: Asked, parts: WebParts) -> Json:
    """One of them, with their days off; a counselor sees only themselves."""
    async with parts.sessions() as session:
        person = await found(session, counselor_id, request.user)
        return await _told(session, person, parts)


@post("/api/counselors", opt=may(RUNNERS), tags=["counselors"])
async def make_counselor(request: Asked, data: JSONBody[New], parts: WebParts) -> Response[Json]:
    """Add somebody who can be met. With an `Idempotency-Key` they are added once."""

    async def do() -> Json:
        fields, week = _read(data, parts)
        async with parts.sessions.begin() as session:
            hosts = parts.settings.hook_hosts
            person = await add_counselor(session, fields, week, by=request.user.email, hook_hosts=hosts)
            return await _told(session, person, parts)

    return await once(request, parts, lambda: _refused(do), status=201)


@patch("/api/counselors/{counselor_id:int}", opt=may(MEETERS), tags=["counselors"])
async def alter_counselor(
    counselor_id: FromPath[int], request: Asked, data: JSONBody[Changes], parts: WebParts
) -> Json:
    """Change what is given; of hours only the weekdays that are named. A counselor changes their own hours alone."""
    if request.user.only is not None and data.model_fields_set - {"hours"}:
        raise PermissionDeniedException("a counselor changes their own hours, and nothing else of themselves")

    async def do() -> Json:
        fields, week = _read(data, parts)
        async with parts.sessions.begin() as session:
            person = await found(session, counselor_id, request.user)
            hosts = parts.settings.hook_hosts
            await update_counselor(session, person, fields, week, by=request.user.email, hook_hosts=hosts)
            return await _told(session, person, parts)

    return await _refused(do)


@post("/api/counselors/{counselor_id:int}/days-off", opt=may(MEETERS), tags=["counselors"])
async def add_days_off(
    counselor_id: FromPath[int], request: Asked, data: JSONBody[Off], parts: WebParts
) -> Response[Json]:
    """Keep days free; `meetings_to_move` are those whose students are asked for another time."""

    async def do() -> Json:
        async with parts.sessions.begin() as session:
            person = await found(session, counselor_id, request.user)
            since, until = read_days_off(data.first, data.last, person.zone)
            now, by = parts.clock.now(), request.user.email
            away = await add_time_off(session, person, since, until, data.why, now, by=by)
            return days_off_told(away.days, person.zone)

    return await once(request, parts, lambda: _refused(do), status=201)


@delete("/api/counselors/{counselor_id:int}/days-off/{number:int}", opt=may(MEETERS), status_code=200,
        tags=["counselors"])  # fmt: skip
async def remove_days_off(counselor_id: FromPath[int], number: FromPath[int], request: Asked, parts: WebParts) -> Json:
    """They are there after all. Students who were asked for another time keep what they chose."""
    async with parts.sessions.begin() as session:
        person = await found(session, counselor_id, request.user)
        if not await remove_time_off(session, person, number, by=request.user.email):
            raise NotFoundException("they have no days off of that number")
    return {"removed": number}


@get("/api/counselors/{counselor_id:int}/feed", opt=may(MEETERS), tags=["counselors"])
async def show_feed(counselor_id: FromPath[int], request: Asked, parts: WebParts) -> Json:
    """Where their meetings can be subscribed to as a calendar: `{url}`, null where no address is given out."""
    async with parts.sessions() as session:
        return {"url": feed_url(await found(session, counselor_id, request.user), parts.links)}


@post("/api/counselors/{counselor_id:int}/feed", opt=may(MEETERS), tags=["counselors"])
async def make_feed(counselor_id: FromPath[int], request: Asked, parts: WebParts) -> Json:
    """A new address; the one before leads nowhere from then on."""
    async with parts.sessions.begin() as session:
        person = await found(session, counselor_id, request.user)
        await change_feed(session, person, "make", by=request.user.email)
        return {"url": feed_url(person, parts.links)}


@delete("/api/counselors/{counselor_id:int}/feed", opt=may(MEETERS), status_code=200, tags=["counselors"])
async def revoke_feed(counselor_id: FromPath[int], request: Asked, parts: WebParts) -> Json:
    """Let the address lead nowhere."""
    async with parts.sessions.begin() as session:
        person = await found(session, counselor_id, request.user)
        await change_feed(session, person, "revoke", by=request.user.email)
        return {"url": None}


@post("/api/counselors/{counselor_id:int}/leave", opt=may(RUNNERS), status_code=200, tags=["counselors"])
async def leave(counselor_id: FromPath[int], request: Asked, parts: WebParts) -> Json:
    """Offer them no more; the meetings that are made (`coming`) stay."""
    async with parts.sessions.begin() as session:
        person = await found(session, counselor_id, request.user)
        await deactivate(session, person, by=request.user.email)
        return await _told(session, person, parts)


@post("/api/counselors/{counselor_id:int}/back", opt=may(RUNNERS), status_code=200, tags=["counselors"])
async def come_back(counselor_id: FromPath[int], request: Asked, parts: WebParts) -> Json:
    """Offer them again."""
    async with parts.sessions.begin() as session:
        person = await found(session, counselor_id, request.user)
        await activate(session, person, by=request.user.email)
        return await _told(session, person, parts)


async def _refused(do: Callable[[], Awaitable[Json]]) -> Json:
    """Do it. Raises ClientException 422 for what cannot be so, HTTPException 409 for a name that is taken."""
    try:
        return await do()
    except NotUnderstoodError as error:
        raise ClientException(str(error), status_code=422) from error
    except CounselorError as error:
        raise HTTPException(str(error), status_code=409) from error


def _read(data: Changes, parts: Parts) -> tuple[dict[str, Any], Week]:
    """The columns and the hours that are to be changed. Raises NotUnderstoodError."""
    given = data.model_dump(exclude_none=True, exclude={"hours"})
    return read_fields(given, parts.clock.now().date()), read_week(data.hours or {})


async def _told(session: AsyncSession, person: Counselor, parts: Parts) -> Json:
    """A counselor as they are now, with the days off that are not over."""
    now = parts.clock.now()
    (one,) = await meetings.counselors(session, now, person.id)
    off = await time_off.of_counselor(session, person.id, now)
    return {**listed(one), "days_off": [days_off_told(each, person.zone) for each in off]}


API = [
    *(list_counselors, show_counselor, make_counselor, alter_counselor, add_days_off, remove_days_off),
    *(show_feed, make_feed, revoke_feed, leave, come_back),
]
