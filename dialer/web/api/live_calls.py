"""A hand on a call in progress: a note to AVA, an end, a person instead of her (`POST /api/calls/{id}/…`).

Each is answered with what came of it: 404 for a call that is not ours, 409 where the call does not go on, cannot take it,
or no bridge answers for it.
"""

from collections.abc import Awaitable
from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.params import FromPath, JSONBody
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dialer.domain.access.roles import READERS
from dialer.domain.meetings.slots import is_there
from dialer.domain.numbers.phone import BadPhone, parse_phone
from dialer.services import actions
from dialer.services.calls import supervise
from dialer.services.calls.transfer import DAY, available_targets
from dialer.store.meetings import counselors
from dialer.store.tables import Counselor
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.idempotency import Asked
from dialer.web.auth.permissions import require

NOT_LISTED = "This counselor does not accept transfers. Turn on transfers on the counselor's page."


class Words(BaseModel):
    """A note: what AVA is to know."""

    model_config = ConfigDict(extra="forbid")
    words: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class End(BaseModel):
    """An end: after a kind goodbye, or (`now`) at once."""

    model_config = ConfigDict(extra="forbid")
    now: bool = False


class Whom(BaseModel):
    """Whom to connect the student to: a counselor by name or by number; nobody named: one who is there now."""

    model_config = ConfigDict(extra="forbid")
    counselor: str | None = Field(None, max_length=200)
    to: str | None = Field(None, max_length=40)


@post("/api/calls/{call_id:uuid}/note", status_code=200, opt=require(actions.CALL_NOTE))
async def note(
    call_id: FromPath[UUID], request: Asked, data: JSONBody[Words], app_state: InjectedState
) -> dict[str, object]:
    """Whisper to AVA: the student does not hear it, and she uses it in her next response."""
    return await _done(supervise.whisper(app_state.sessions, app_state.redis, request.user, call_id, data.words))


@post("/api/calls/{call_id:uuid}/hang-up", status_code=200, opt=require(actions.CALL_HANG_UP))
async def hang_up(
    call_id: FromPath[UUID], request: Asked, data: JSONBody[End], app_state: InjectedState
) -> dict[str, object]:
    """End the call: after AVA's goodbye was heard, or at once with `now`."""
    return await _done(supervise.hang_up(app_state.sessions, app_state.redis, request.user, call_id, at_once=data.now))


@post("/api/calls/{call_id:uuid}/transfer", status_code=200, opt=require(actions.CALL_TRANSFER))
async def transfer(
    call_id: FromPath[UUID], request: Asked, data: JSONBody[Whom], app_state: InjectedState
) -> dict[str, object]:
    """Transfer the student to a counselor: AVA announces it, and the counselor hears a short briefing."""
    counselor = await _counselor(app_state, data)
    return await _done(supervise.transfer(app_state.sessions, app_state.redis, request.user, call_id, counselor))


@get("/api/transfers", opt=require(READERS))
async def who_takes_transfers(app_state: InjectedState) -> list[dict[str, object]]:
    """Counselors who accept transfers, and whether each is available now: `[{name, there}]`."""
    now = app_state.clock.now()
    async with app_state.sessions() as session:
        there = {
            each.counselor_id for each in await counselors.times(session, now - DAY, now + DAY) if is_there(each, now)
        }
        return [{"name": each.name, "there": each.id in there} for each in await available_targets(session)]


async def _done(change: Awaitable[None]) -> dict[str, object]:
    """Wait for the bridge. Raises NotFoundException, and HTTPException 409 where it could not be done."""
    try:
        await change
    except supervise.NoSuchCallError as error:
        raise NotFoundException(str(error)) from error
    except supervise.NotDoneError as error:
        raise HTTPException(str(error), status_code=409) from error
    return {"done": True}


async def _counselor(app_state: AppState, whom: Whom) -> int:
    """The counselor who is meant, 0 for whoever is there. Raises ClientException 422 for anybody who takes no transfers."""
    if whom.counselor is None and whom.to is None:
        return 0
    phone = parse_phone(whom.to, "IN") if whom.to else None
    e164 = None if phone is None or isinstance(phone, BadPhone) else phone.e164

    def meant(each: Counselor) -> bool:
        return (whom.counselor in (None, each.name)) and (whom.to is None or each.phone == e164)

    async with app_state.sessions() as session:
        found = [each.id for each in await available_targets(session) if meant(each)]
    if not found:
        raise ClientException(NOT_LISTED, status_code=422)
    return found[0]
