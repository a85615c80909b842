"""Counselors: everybody, somebody new, and one with the forms that change them; a counselor keeps their own page."""

from typing import Any

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from dialer.domain.access.roles import EVERYBODY, MEETING_MANAGERS, OPERATORS, READERS
from dialer.domain.meetings.counselor_input import (
    DAY_NAMES,
    DAYS,
    InvalidInputError,
    read_days_off,
    read_fields,
    read_week,
)
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
from dialer.store.meetings import bookings, meetings, time_off
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.ownership import get_lead_or_404
from dialer.web.auth.permissions import require
from dialer.web.pages.forms import Asked, FormError, actor, read
from dialer.web.pages.meetings.counselor_forms import (
    Address,
    Advice,
    Details,
    Hours,
    New,
    Number,
    Off,
    shown_off,
    standing,
)
from dialer.web.render import redirect, render_page

HERE, MINE = "/counselors", "/counselors/mine"
ONE = f"{HERE}/{{counselor_id:int}}"
USUAL = {**dict.fromkeys(DAYS[:6], "10:00-18:00"), "zone": "Asia/Kolkata"}
WEEK = tuple(zip(DAYS, DAY_NAMES, strict=True))


@get(HERE, include_in_schema=False, opt=require(READERS))
async def everybody(request: Asked, app_state: InjectedState, done: FromQuery[str | None] = None) -> Template:
    """Who can be met, and when."""
    async with app_state.sessions() as session:
        people = await meetings.counselors(session, app_state.clock.now())
    runs = request.user.role in OPERATORS
    return render_page("counselors/all.html", HERE, done=done, people=people, week=WEEK, runs=runs)


@get(MINE, include_in_schema=False, opt=require(EVERYBODY))
async def mine(request: Asked) -> Redirect:
    """A counselor's own page; everybody's, for the others."""
    if request.user.only == 0:
        raise NotFoundException("Your account is not linked to a counselor. Ask your administrator.")
    return redirect(HERE if request.user.only is None else f"{HERE}/{request.user.only}")


@get(f"{HERE}/new", include_in_schema=False, opt=require(OPERATORS))
async def new() -> Template:
    """Somebody new."""
    return _new(USUAL)


@post(f"{HERE}/new", include_in_schema=False, status_code=200, opt=require(actions.COUNSELOR_ADD))
async def add(request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Add them; everything else is on their page then."""
    said = await read(request, New)
    if isinstance(said, FormError):
        return _new(said.given, said.says)
    try:
        person = said.model_dump(include={"name", "zone", "email", "phone"})
        fields = read_fields(person, app_state.clock.now().date())
        week = read_week(said.model_dump(include=set(DAYS)))
        async with app_state.sessions.begin() as session:
            made = await add_counselor(session, actor(request), fields, week)
    except (InvalidInputError, CounselorError) as error:
        return _new(said.model_dump(), str(error))
    return redirect(f"{HERE}/{made.id}", "made")


@get(ONE, include_in_schema=False, opt=require(EVERYBODY))
async def one(
    counselor_id: FromPath[int], request: Asked, app_state: InjectedState, done: FromQuery[str | None] = None
) -> Template:
    """One of them."""
    return await _page(app_state, request, counselor_id, done=done)


@post(f"{ONE}/details", include_in_schema=False, status_code=200, opt=require(OPERATORS))
async def keep_details(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Who they are, and how they are booked."""
    said = await read(request, Details)
    if isinstance(said, FormError):
        return await _refused(app_state, request, counselor_id, "details", said)
    return await _change(app_state, request, counselor_id, "details", said.model_dump(), fields=said.fields())


@post(f"{ONE}/advice", include_in_schema=False, status_code=200, opt=require(OPERATORS))
async def keep_advice(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """What they advise on."""
    said = await read(request, Advice)
    if isinstance(said, FormError):
        return await _refused(app_state, request, counselor_id, "advice", said)
    return await _change(app_state, request, counselor_id, "advice", said.model_dump(), fields=said.model_dump())


@post(f"{ONE}/hours", include_in_schema=False, status_code=200, opt=require(actions.COUNSELOR_UPDATE))
async def keep_hours(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """The whole week; a counselor their own."""
    said = await read(request, Hours)
    if isinstance(said, FormError):
        return await _refused(app_state, request, counselor_id, "hours", said)
    return await _change(app_state, request, counselor_id, "hours", said.model_dump(), week=said.model_dump())


@post(f"{ONE}/off", include_in_schema=False, status_code=200, opt=require(actions.TIME_OFF_ADD))
async def add_off(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Days off; where meetings fall into them it is said how many, and asked again, before anybody is written to."""
    said = await read(request, Off)
    if isinstance(said, FormError):
        return await _refused(app_state, request, counselor_id, "off", said)
    given = said.model_dump()
    try:
        async with app_state.sessions.begin() as session:
            person = await get_lead_or_404(session, counselor_id, request.user)
            since, until = read_days_off(*said.ends(), person.zone)
            hit = 0 if said.sure else len(await bookings.between(session, person.id, since, until))
            if not hit:
                await add_time_off(session, actor(request), person, since, until, said.why, app_state.clock.now())
    except InvalidInputError as error:
        return await _refused(app_state, request, counselor_id, "off", FormError(str(error), given))
    if hit:
        return await _page(app_state, request, counselor_id, given={"off": given}, hit=hit)
    return redirect(f"{HERE}/{counselor_id}", "saved")


@post(f"{ONE}/off/back", include_in_schema=False, status_code=200, opt=require(actions.TIME_OFF_REMOVE))
async def take_back_off(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """They are there after all."""
    said = await read(request, Number)
    async with app_state.sessions.begin() as session:
        person = await get_lead_or_404(session, counselor_id, request.user)
        number = 0 if isinstance(said, FormError) else said.number
        gone = await remove_time_off(session, actor(request), person, number)
    if not gone:
        return await _page(app_state, request, counselor_id, says="These days off were removed already.", status=409)
    return redirect(f"{HERE}/{counselor_id}", "saved")


@post(f"{ONE}/feed", include_in_schema=False, status_code=200, opt=require(actions.CALENDAR_FEED))
async def keep_feed(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """A new address of their calendar, or none any more."""
    said = await read(request, Address)
    if isinstance(said, FormError):
        return await _page(app_state, request, counselor_id, says=said.says, status=422)
    async with app_state.sessions.begin() as session:
        person = await get_lead_or_404(session, counselor_id, request.user)
        await change_feed(session, actor(request), person, said.do)
    return redirect(f"{HERE}/{counselor_id}", "saved")


@post(f"{ONE}/leave", include_in_schema=False, status_code=200, opt=require(actions.COUNSELOR_DEACTIVATE))
async def leave(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Redirect:
    """Offer them no more."""
    async with app_state.sessions.begin() as session:
        await deactivate(session, actor(request), await get_lead_or_404(session, counselor_id, request.user))
    return redirect(f"{HERE}/{counselor_id}", "left")


@post(f"{ONE}/back", include_in_schema=False, status_code=200, opt=require(actions.COUNSELOR_ACTIVATE))
async def come_back(counselor_id: FromPath[int], request: Asked, app_state: InjectedState) -> Redirect:
    """Offer them again."""
    async with app_state.sessions.begin() as session:
        await activate(session, actor(request), await get_lead_or_404(session, counselor_id, request.user))
    return redirect(f"{HERE}/{counselor_id}", "back")


def _new(given: dict[str, Any], says: str | None = None) -> Template:
    status = 422 if says else 200
    return render_page("counselors/new.html", HERE, status=status, given=given, says=says, week=WEEK)


async def _change(
    app_state: AppState,
    request: Asked,
    counselor_id: int,
    form: str,
    given: dict[str, Any],
    *,
    fields: dict[str, Any] | None = None,
    week: dict[str, str] | None = None,
) -> Template | Redirect:
    """Keep what one form says; where it is refused, nothing of it."""
    try:
        read_ones, hours = read_fields(fields or {}, app_state.clock.now().date()), read_week(week or {})
        async with app_state.sessions.begin() as session:
            person = await get_lead_or_404(session, counselor_id, request.user)
            hosts = app_state.settings.hook_hosts
            await update_counselor(session, actor(request), person, read_ones, hours, hook_hosts=hosts)
    except (InvalidInputError, CounselorError) as error:
        return await _refused(app_state, request, counselor_id, form, FormError(str(error), given))
    return redirect(f"{HERE}/{counselor_id}", "saved")


async def _refused(app_state: AppState, request: Asked, counselor_id: int, form: str, wrong: FormError) -> Template:
    """The page again, with what was written in that form."""
    return await _page(app_state, request, counselor_id, given={form: wrong.given}, says=wrong.says, status=422)


async def _page(
    app_state: AppState,
    request: Asked,
    counselor_id: int,
    *,
    given: dict[str, dict[str, Any]] | None = None,
    **more: Any,
) -> Template:
    now, caller = app_state.clock.now(), request.user
    async with app_state.sessions() as session:
        counselor = await get_lead_or_404(session, counselor_id, caller)
        (person,) = await meetings.counselors(session, now, counselor_id)
        off = await time_off.of_counselor(session, counselor_id, now)
    keeps = caller.role in MEETING_MANAGERS
    forms = standing(person)
    for form, values in (given or {}).items():
        forms[form] = dict.fromkeys(forms[form], "") | values
    return render_page(
        "counselors/one.html",
        HERE if caller.only is None else MINE,
        at=f"{HERE}/{counselor_id}",
        person=person,
        counselor=counselor,
        forms=forms,
        off=[shown_off(each, counselor.zone) for each in off],
        feed=feed_url(counselor, app_state.links) if keeps else None,
        week=WEEK,
        keeps=keeps,
        runs=caller.role in OPERATORS,
        is_own=caller.only is not None,
        **more,
    )


PAGES = [
    *(everybody, mine, new, add, one, keep_details, keep_advice, keep_hours, add_off, take_back_off, keep_feed),
    *(leave, come_back),
]
