"""The pages behind a letter's links: a student moves or cancels, a counselor says how it went.

No account and no JavaScript: the address is signed. A GET only shows (mail scanners follow every link), a POST changes.
Nothing of these pages is kept, embedded or passed on, since whoever has the address has the right.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, get_args
from zoneinfo import ZoneInfo

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException, NotFoundException, TooManyRequestsException
from litestar.params import FromPath
from litestar.response import Template

from dialer.domain.access.rates import MEETING_ADDRESS, MEETING_LINK
from dialer.services.actor import COUNSELOR, STUDENT
from dialer.services.meetings.change import ChangeRefused, Choice, cancel_meeting, choices, may_change, move_meeting
from dialer.services.meetings.emails import meeting_of, when_in
from dialer.services.meetings.open_link import (
    LinkExpiredError,
    NoSuchLinkError,
    open_counselor_link,
    open_student_link,
)
from dialer.services.meetings.outcome import GONE, NOT_YET, MeetingOutcome, record_outcome
from dialer.services.meetings.signed_links import SignedLinks
from dialer.store.sessions import Session
from dialer.store.tables import Booking
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.identity import address_of
from dialer.web.auth.rate_limits import is_exceeded
from dialer.web.pages.template_filters import sentence

NOT_THERE = "This meeting does not exist. Use the complete link from your email."
EXPIRED = "This link has expired. Contact us if something about the meeting needs to change."
TOO_OFTEN = "This meeting was changed too often. Try again in an hour, or contact us."
NOT_UNDERSTOOD = "Choose a time first."
MAX_BYTES = 64 * 1024
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}
VERDICTS: Mapping[str, str] = {
    "showed": "attended",
    "no_show": "did not attend",
    "wrong_fit": "attended, but is not a fit",
    "wrong_information": "attended, but our details were wrong",
}
Asked = Request[object, object, State]
OpenLink: TypeAlias = Callable[[Session, SignedLinks, str, datetime], Awaitable[Booking]]


@get("/meetings/{token:str}", include_in_schema=False)
async def see_meeting(token: FromPath[str], app_state: InjectedState) -> Template:
    """A student's meeting, and the times that they may choose instead."""
    return await _meeting(app_state, token, None)


@post("/meetings/{token:str}", include_in_schema=False, status_code=200, request_max_body_size=MAX_BYTES)
async def change_meeting(token: FromPath[str], request: Asked, app_state: InjectedState) -> Template:
    """Move or cancel it."""
    await _limit(request, app_state, token)
    form = await request.form()
    now = app_state.clock.now()
    async with app_state.sessions.begin() as session:
        booking_id = (await _open(open_student_link, session, app_state, token)).id
        done: Booking | ChangeRefused
        if form.get("do") == "cancel":
            done, said = await cancel_meeting(session, STUDENT, booking_id, now), "Your meeting is cancelled."
        elif (chosen := slot_of(str(form.get("slot", "")))) is not None:
            done = await move_meeting(session, STUDENT, booking_id, *chosen, now)
            said = "Your meeting was moved."
            if isinstance(done, Booking) and done.email:
                said += " A new invitation is on its way by email."
        else:
            done, said = ChangeRefused(NOT_UNDERSTOOD), ""
    return await _meeting(app_state, token, done if isinstance(done, ChangeRefused) else said)


@get("/meetings/went/{token:str}", include_in_schema=False)
async def outcome_page(token: FromPath[str], app_state: InjectedState) -> Template:
    """What a counselor may say of a meeting."""
    return await _went(app_state, token, None)


@post("/meetings/went/{token:str}", include_in_schema=False, status_code=200, request_max_body_size=MAX_BYTES)
async def record_outcome_page(token: FromPath[str], request: Asked, app_state: InjectedState) -> Template:
    """Keep it."""
    await _limit(request, app_state, token)
    form = await request.form()
    verdict: MeetingOutcome | None = next(
        (each for each in get_args(MeetingOutcome) if each == form.get("verdict")), None
    )
    done: Booking | ChangeRefused = ChangeRefused("Choose how the meeting went.")
    async with app_state.sessions.begin() as session:
        booking_id = (await _open(open_counselor_link, session, app_state, token)).id
        if verdict is not None:
            wrong = [str(each) for each in form.getall("wrong", [])]
            note, now = str(form.get("note", "")), app_state.clock.now()
            done = await record_outcome(session, COUNSELOR, booking_id, verdict, wrong, note, now)
    return await _went(
        app_state, token, done if isinstance(done, ChangeRefused) else "Thank you. Your answer is saved."
    )


async def change_context(session: Session, booking: Booking, now: datetime) -> dict[str, Any]:
    """What is shown to whoever may move or cancel a booking: when and with whom it is, and the times instead."""
    meeting = await meeting_of(session, booking)
    starts, _ = meeting.span
    refused = may_change(booking, meeting.counselor.notice_minutes, now)
    offered = [] if refused else await choices(session, booking, now)
    differs = _offset(starts, booking.lead_zone) != _offset(starts, meeting.counselor.zone)
    return {
        "when": when_in(starts, booking.lead_zone),
        "theirs": when_in(starts, meeting.counselor.zone) if differs else None,
        "lead_zone": booking.lead_zone,
        "counselor": meeting.counselor.name,
        "zone": meeting.counselor.zone,
        "starts": starts,
        "state": booking.state,
        "closed": _full(refused.says) if refused else None,
        "days": _days(offered, booking.lead_zone),
        "left": next(
            (each.counselor.name for each in offered if each.counselor.counselor_id != booking.counselor_id), None
        ),
    }


async def went_context(session: Session, booking: Booking, now: datetime) -> dict[str, Any]:
    """What is shown to whoever says how a meeting went: with whom it was, what AVA wrote down, what was said before."""
    meeting = await meeting_of(session, booking)
    starts, _ = meeting.span
    closed = GONE if booking.state == "cancelled" else NOT_YET if starts > now else None
    return {
        "student": meeting.student,
        "when": when_in(starts, meeting.counselor.zone),
        "verdict": VERDICTS.get(booking.outcome or ""),
        "note": booking.note,
        "wrong": booking.wrong_fields,
        "values": sorted(meeting.values.items()),
        "closed": _full(closed) if closed else None,
    }


async def _meeting(app_state: AppState, token: str, said: str | ChangeRefused | None) -> Template:
    async with app_state.sessions() as session:
        booking = await _open(open_student_link, session, app_state, token)
        context = await change_context(session, booking, app_state.clock.now())
    return _page("bookings/meeting.html", context, said)


async def _went(app_state: AppState, token: str, said: str | ChangeRefused | None) -> Template:
    async with app_state.sessions() as session:
        booking = await _open(open_counselor_link, session, app_state, token)
        context = await went_context(session, booking, app_state.clock.now())
    return _page("bookings/went.html", context, said)


async def _open(open_link: OpenLink, session: Session, app_state: AppState, token: str) -> Booking:
    """The link's booking. Raises NotFoundException, HTTPException 410."""
    try:
        return await open_link(session, app_state.links, token, app_state.clock.now())
    except NoSuchLinkError as error:
        raise NotFoundException(NOT_THERE) from error
    except LinkExpiredError as error:
        raise HTTPException(EXPIRED, status_code=410) from error


async def _limit(request: Asked, app_state: AppState, token: str) -> None:
    """Count a change by a link. Raises TooManyRequestsException."""
    of = hashlib.sha256(token.encode()).hexdigest()
    for rate, key in ((MEETING_ADDRESS, address_of(request, app_state.settings)), (MEETING_LINK, of)):
        if await is_exceeded(app_state.redis, rate, key):
            raise TooManyRequestsException(TOO_OFTEN)


def _page(name: str, context: dict[str, Any], said: str | ChangeRefused | None) -> Template:
    refused = isinstance(said, ChangeRefused)
    words = _full(said.says) if isinstance(said, ChangeRefused) else said
    more = {"said": words, "refused": refused}
    return Template(name, context=context | more, status_code=409 if refused else 200, headers=HEADERS)


def _full(says: str) -> str:
    """A message as a whole sentence."""
    return f"{sentence(says).removesuffix('.')}."


def _days(offered: Sequence[Choice], zone: str) -> list[tuple[str, list[tuple[str, str]]]]:
    days: dict[str, list[tuple[str, str]]] = {}
    for choice in offered:
        for slot in choice.slots:
            there = slot.starts.astimezone(ZoneInfo(zone))
            label = f"{there:%A} {there.day} {there:%B}"
            days.setdefault(label, []).append((f"{slot.counselor_id}@{slot.starts.isoformat()}", f"{there:%H:%M}"))
    return list(days.items())


def slot_of(said: str) -> tuple[int, datetime] | None:
    """What a form says was chosen; whether it is free is not the form's to say."""
    who, _, at = said.partition("@")
    try:
        starts = datetime.fromisoformat(at)
        return (int(who), starts) if starts.tzinfo and len(who) < 10 else None
    except ValueError:
        return None


def _offset(moment: datetime, zone: str) -> object:
    return moment.astimezone(ZoneInfo(zone)).utcoffset()
