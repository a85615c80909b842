"""One meeting: moved, cancelled, and how it went, by whoever may; a counselor their own."""

from typing import Annotated, Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from pydantic import BaseModel, Field

from dialer.domain.access.roles import EVERYBODY, MEETING_MANAGERS, READERS
from dialer.services import actions
from dialer.services.meetings.change import ChangeRefused, cancel_meeting, move_meeting
from dialer.services.meetings.open_link import revoke_links
from dialer.services.meetings.outcome import MAX_NOTE_CHARS, MeetingOutcome, record_outcome
from dialer.store.sessions import Session
from dialer.store.tables import Booking, Counselor, Enrollment
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.ownership import get_booking_or_404
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked, FormError, actor, read
from dialer.web.public.meetings import NOT_UNDERSTOOD, VERDICTS, change_context, slot_of, went_context
from dialer.web.render import redirect, render_page

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


@get(ONE, include_in_schema=False, opt=require(EVERYBODY))
async def one(
    booking_id: FromPath[UUID], request: Asked, app_state: InjectedState, done: FromQuery[str | None] = None
) -> Template:
    """The meeting, and what can be done with it."""
    return await _page(app_state, request, booking_id, done=done)


@post(f"{ONE}/move", include_in_schema=False, status_code=200, opt=require(actions.BOOKING_MOVE))
async def move(booking_id: FromPath[UUID], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Move it; both calendars follow."""
    said = await read(request, Moved)
    chosen = None if isinstance(said, FormError) else slot_of(said.slot)
    if chosen is None:
        return await _page(app_state, request, booking_id, says=NOT_UNDERSTOOD, status=422)
    async with app_state.sessions.begin() as session:
        await get_booking_or_404(session, booking_id, request.user)
        moved = await move_meeting(session, actor(request), booking_id, *chosen, app_state.clock.now())
        done = await _written("moved", session, app_state, moved)
    return await _after(app_state, request, booking_id, moved, done)


@post(f"{ONE}/cancel", include_in_schema=False, status_code=200, opt=require(actions.BOOKING_CANCEL))
async def cancel(booking_id: FromPath[UUID], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Cancel it: its time is free again, both calendars take it out."""
    async with app_state.sessions.begin() as session:
        await get_booking_or_404(session, booking_id, request.user)
        gone = await cancel_meeting(session, actor(request), booking_id, app_state.clock.now())
        done = await _written("cancelled", session, app_state, gone)
    return await _after(app_state, request, booking_id, gone, done)


@post(f"{ONE}/went", include_in_schema=False, status_code=200, opt=require(actions.BOOKING_OUTCOME))
async def went(booking_id: FromPath[UUID], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Say how it went; said again, it is put right."""
    said = await read(request, Went)
    if isinstance(said, FormError):
        return await _page(app_state, request, booking_id, says=said.says, note=said.given.get("note"), status=422)
    async with app_state.sessions.begin() as session:
        await get_booking_or_404(session, booking_id, request.user)
        now = app_state.clock.now()
        noted = await record_outcome(session, actor(request), booking_id, said.verdict, said.wrong, said.note, now)
    return await _after(app_state, request, booking_id, noted, "noted")


@post(f"{ONE}/revoke-links", include_in_schema=False, status_code=200, opt=require(actions.BOOKING_REVOKE_LINKS))
async def revoke(booking_id: FromPath[UUID], request: Asked, app_state: InjectedState) -> Redirect:
    """Revoke the links in emails that were sent about it."""
    async with app_state.sessions.begin() as session:
        booking = await get_booking_or_404(session, booking_id, request.user)
        await revoke_links(session, actor(request), booking, app_state.clock.now())
    return redirect(f"/bookings/{booking_id}", "links-revoked")


async def _written(did: str, session: Session, app_state: AppState, booking: Booking | ChangeRefused) -> str:
    """The word for what was done that also says who is written to, and how (see `shown.DONE`)."""
    if isinstance(booking, ChangeRefused):
        return did
    counselor = await session.get_one(Counselor, booking.counselor_id)
    texts = "text" if app_state.settings.dialer_texts != "off" else "none"
    return "-".join((did, "mail" if booking.email else texts, "mail" if counselor.email else "none"))


async def _after(app_state: AppState, request: Asked, booking_id: UUID, came: object, done: str) -> Template | Redirect:
    if isinstance(came, ChangeRefused):
        return await _page(app_state, request, booking_id, says=came.says, status=409)
    return redirect(f"/bookings/{booking_id}", done)


async def _page(
    app_state: AppState, request: Asked, booking_id: UUID, *, note: str | None = None, **more: Any
) -> Template:
    now, caller = app_state.clock.now(), request.user
    async with app_state.sessions() as session:
        booking = await get_booking_or_404(session, booking_id, caller)
        in_campaign = await session.get_one(Enrollment, booking.campaign_lead_id)
        change = await change_context(session, booking, now)
        said = await went_context(session, booking, now)
    return render_page(
        "meetings/one.html",
        LIST,
        at=f"/bookings/{booking_id}",
        booking=booking,
        lead_id=in_campaign.lead_id,
        change=change,
        went=said if note is None else {**said, "note": note},
        verdicts=VERDICTS,
        is_past=booking.during.lower is not None and booking.during.lower <= now,
        changes=caller.role in MEETING_MANAGERS,
        reads=caller.role in READERS,
        **more,
    )


PAGES = [one, move, cancel, went, revoke]
