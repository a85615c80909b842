"""One meeting: moved, cancelled, and how it went, by whoever may; a counselor their own."""

from typing import Annotated, Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.domain.access.roles import EVERYBODY, MEETERS, READERS
from dialer.services.meetings.change import ChangeRefused, cancel_meeting, move_meeting
from dialer.services.meetings.outcome import MAX_NOTE_CHARS, MeetingOutcome, record_outcome
from dialer.store.system import audit
from dialer.store.tables import Booking, CampaignLead, Counselor
from dialer.web.app_state import Parts, WebParts
from dialer.web.auth.ownership import found_booking
from dialer.web.auth.permissions import may
from dialer.web.pages.forms import Asked, Wrong, read, who
from dialer.web.public.meetings import NOT_UNDERSTOOD, VERDICTS, change_context, slot_of, went_context
from dialer.web.render import go, shown

ONE = "/bookings/{booking_id:uuid}"
LIST = "/bookings/all"


class Moved(BaseModel):
    """The time that was chosen, as the page offered it."""

    slot: Annotated[str, Field(max_length=100)]


class Went(BaseModel):
    """How it went; `wrong` names what AVA had written down that was not so."""

    verdict: MeetingOutcome
    wrong: list[Annotated[str, Field(max_length=50)]] = []
    note: Annotated[str, Field(max_length=MAX_NOTE_CHARS)] = ""


@get(ONE, include_in_schema=False, opt=may(EVERYBODY))
async def one(
    booking_id: FromPath[UUID], request: Asked, parts: WebParts, done: FromQuery[str | None] = None
) -> Template:
    """The meeting, and what can be done with it."""
    return await _page(parts, request, booking_id, done=done)


@post(f"{ONE}/move", include_in_schema=False, status_code=200, opt=may(MEETERS))
async def move(booking_id: FromPath[UUID], request: Asked, parts: WebParts) -> Template | Redirect:
    """Move it; both calendars follow."""
    said = await read(request, Moved)
    chosen = None if isinstance(said, Wrong) else slot_of(said.slot)
    if chosen is None:
        return await _page(parts, request, booking_id, says=NOT_UNDERSTOOD, status=422)
    async with parts.sessions.begin() as session:
        await found_booking(session, booking_id, request.user)
        moved = await move_meeting(session, booking_id, *chosen, parts.clock.now(), who(request))
        done = await _written("moved", session, parts, moved)
    return await _after(parts, request, booking_id, moved, done)


@post(f"{ONE}/cancel", include_in_schema=False, status_code=200, opt=may(MEETERS))
async def cancel(booking_id: FromPath[UUID], request: Asked, parts: WebParts) -> Template | Redirect:
    """Cancel it: its time is free again, both calendars take it out."""
    async with parts.sessions.begin() as session:
        await found_booking(session, booking_id, request.user)
        gone = await cancel_meeting(session, booking_id, parts.clock.now(), who(request))
        done = await _written("cancelled", session, parts, gone)
    return await _after(parts, request, booking_id, gone, done)


@post(f"{ONE}/went", include_in_schema=False, status_code=200, opt=may(MEETERS))
async def went(booking_id: FromPath[UUID], request: Asked, parts: WebParts) -> Template | Redirect:
    """Say how it went; said again, it is put right."""
    said = await read(request, Went)
    if isinstance(said, Wrong):
        return await _page(parts, request, booking_id, says=said.says, note=said.given.get("note"), status=422)
    async with parts.sessions.begin() as session:
        await found_booking(session, booking_id, request.user)
        now = parts.clock.now()
        noted = await record_outcome(session, booking_id, said.verdict, said.wrong, said.note, now)
        if not isinstance(noted, ChangeRefused):
            did = f"booking {said.verdict.replace('_', ' ')}"
            await audit.note(session, who(request), did, {"booking": str(booking_id)})
    return await _after(parts, request, booking_id, noted, "noted")


async def _written(did: str, session: AsyncSession, parts: Parts, booking: Booking | ChangeRefused) -> str:
    """The word for what was done that also says who is written to, and how (see `shown.DONE`)."""
    if isinstance(booking, ChangeRefused):
        return did
    counselor = await session.get_one(Counselor, booking.counselor_id)
    texts = "text" if parts.settings.dialer_texts != "off" else "none"
    return "-".join((did, "mail" if booking.email else texts, "mail" if counselor.email else "none"))


async def _after(parts: Parts, request: Asked, booking_id: UUID, came: object, done: str) -> Template | Redirect:
    if isinstance(came, ChangeRefused):
        return await _page(parts, request, booking_id, says=came.says, status=409)
    return go(f"/bookings/{booking_id}", done)


async def _page(parts: Parts, request: Asked, booking_id: UUID, *, note: str | None = None, **more: Any) -> Template:
    now, caller = parts.clock.now(), request.user
    async with parts.sessions() as session:
        booking = await found_booking(session, booking_id, caller)
        in_campaign = await session.get_one(CampaignLead, booking.campaign_lead_id)
        change = await change_context(session, booking, now)
        said = await went_context(session, booking, now)
    return shown(
        "meetings/one.html",
        LIST,
        at=f"/bookings/{booking_id}",
        booking=booking,
        lead_id=in_campaign.lead_id,
        change=change,
        went=said if note is None else {**said, "note": note},
        verdicts=VERDICTS,
        is_past=booking.during.lower is not None and booking.during.lower <= now,
        changes=caller.role in MEETERS,
        reads=caller.role in READERS,
        **more,
    )


PAGES = [one, move, cancel, went]
