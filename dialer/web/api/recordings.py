"""A call's recording, to be played from any second: `GET /api/calls/{id}/recording`, whole or by ranges (RFC 9110 §14)."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from litestar import HttpMethod, Request, Response, route
from litestar.datastructures import State
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath
from litestar.response import Stream

from dialer.domain.access.roles import READERS, Role
from dialer.services.actor import Actor
from dialer.services.audit.access import RECORDING, record_access_now
from dialer.store.calls import recordings
from dialer.store.leads import counselor_access
from dialer.store.system import object_storage
from dialer.store.system.object_storage import ObjectNotFoundError, StorageError
from dialer.store.tables import Call, Enrollment
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require

PIECE = 256 * 1024
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@route(
    "/api/calls/{call_id:uuid}/recording",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    opt=require(READERS | {Role.COUNSELOR}),
)
async def recording(
    call_id: FromPath[UUID], request: Request[Actor, object, State], app_state: InjectedState
) -> Response[Any]:
    """A stereo WAV (µ-law, 8 kHz): the student left, AVA right; second S is second S of the call's media stream.

    Raises:
        NotFoundException: no such call, or it has no recording; the detail says why.
    """
    address = await _address(app_state, call_id, request.user)
    await record_access_now(app_state.sessions, request.user, RECORDING, call_id=str(call_id))
    try:
        size = await asyncio.to_thread(object_storage.size_of, address)
    except ObjectNotFoundError as error:
        raise NotFoundException("The recording is missing from the storage. The storage log may say why.") from error
    except StorageError as error:
        raise HTTPException(f"The recording cannot be read: {error}", status_code=502) from error
    start, end = 0, size
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private",
        "Content-Disposition": f'inline; filename="{call_id}.wav"',
    }
    asked = RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked and (asked[1] or asked[2]):
        start, end = _span(asked[1], asked[2], size)
        if start >= end:
            headers["Content-Range"] = f"bytes */{size}"
            return Response(b"", status_code=416, headers=headers, media_type="audio/wav")
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    status = 206 if "Content-Range" in headers else 200
    if request.method == "HEAD":
        return Response(b"", status_code=status, headers=headers, media_type="audio/wav")
    return Stream(_pieces(address, start, end), status_code=status, headers=headers, media_type="audio/wav")


async def _address(app_state: AppState, call_id: UUID, caller: Actor) -> str:
    """Where it lies; a counselor hears only those who have a meeting with them."""
    async with app_state.sessions() as session:
        call = await session.get(Call, call_id)
        if call is not None and caller.role is Role.COUNSELOR:
            place = await session.get_one(Enrollment, call.campaign_lead_id)
            call = call if await counselor_access.can_see_lead(session, caller.counselor_id, place.lead_id) else None
        if call is None:
            raise NotFoundException("This call does not exist.")
        if call.recording is None:
            raise NotFoundException(await recordings.why_none(session, call))
        return call.recording


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """What is asked for, as [start, end); empty where there is nothing of it. `-N` are the last N bytes."""
    if not first:
        return max(0, size - int(last)), size if int(last) else 0
    return int(first), min(size, int(last) + 1) if last else size


async def _pieces(address: str, start: int, end: int) -> AsyncIterator[bytes]:
    for at in range(start, end, PIECE):
        yield await asyncio.to_thread(object_storage.read, address, at, min(end, at + PIECE))
